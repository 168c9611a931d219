#include "supervisor/agent_output_records.hpp"

#include "rules/admission.hpp"
#include "supervisor/folder_changes.hpp"

namespace supervisor {

using namespace std::chrono_literals;
using async::Task;
using namespace async;  // the awaitable operators

namespace {

constexpr std::size_t kLongestLine = 8192;
/// An agent that prints without pause is looked at so often.
constexpr auto kPause = 100ms;

}  // namespace

Task<> AgentOutputRecords::run() {
    for (;;) {
        partners_.telemetry.output_changed().clear();
        if (partners_.telemetry.sends_agent_output())
            co_await follow();
        else
            co_await partners_.telemetry.output_changed().raised();
        const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
        if (is_ended) co_return;
    }
}

Task<> AgentOutputRecords::follow() {
    if (const output::Files* files = partners_.output.files())
        co_await follow_files(*files);
    else if (partners_.output.is_unseen())
        co_await not_followed("it goes to the journal directly, by agent.output.direct");
    else
        co_await follow_lines();
}

Task<> AgentOutputRecords::not_followed(std::string why) {
    partners_.log.warning("agent_output.not_followed", {{"error", why}});
    co_await partners_.telemetry.output_changed().raised();
}

Task<> AgentOutputRecords::follow_files(const output::Files& files) {
    FolderChanges changes(partners_.executor);
    // The folder, because the file may come later, and be renamed.
    if (const auto watched = changes.watch(files.file().parent_path()); !watched) {
        co_await not_followed(watched.error().text());
        co_return;
    }
    output::Reader reader(files);
    output::Lines lines(kLongestLine);
    reader.to_end();
    while (partners_.telemetry.sends_agent_output()) {
        partners_.telemetry.output_changed().clear();
        auto end = co_await (changes.changed() || partners_.telemetry.output_changed().raised());
        const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
        if (is_ended) co_return;
        if (end.index() != 0) continue;
        co_await send_new_lines(reader, lines);
        co_await sleep_for(kPause);
    }
}

Task<> AgentOutputRecords::send_new_lines(output::Reader& reader, output::Lines& lines) {
    for (bool is_more = true; is_more;) {
        const std::string whole = co_await partners_.output.reader().run([this, &reader, &lines, &is_more] {
            const std::string text = reader.read();
            is_more = !text.empty();
            std::string taken;
            lines.add(text, [&](std::string_view line) { taken.append(line) += '\n'; });
            return redacted(std::move(taken));
        });
        send(whole);
    }
}

Task<> AgentOutputRecords::follow_lines() {
    partners_.output.want_lines(true);
    while (partners_.telemetry.sends_agent_output()) {
        partners_.telemetry.output_changed().clear();
        auto end = co_await (partners_.output.lines_came().raised() || partners_.telemetry.output_changed().raised());
        const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
        if (is_ended) break;
        if (end.index() != 0) continue;
        std::string lines = partners_.output.take_lines();
        lines = co_await partners_.output.reader().run([this, &lines] { return redacted(std::move(lines)); });
        send(lines);
    }
    partners_.output.want_lines(false);
}

std::string AgentOutputRecords::redacted(std::string lines) const {
    if (const auto redactor = rules::redactor_of(partners_.agent)) return redactor->redact_output(lines);
    return lines;
}

void AgentOutputRecords::send(const std::string& lines) {
    for (std::size_t begin = 0; begin < lines.size();) {
        const std::size_t end = std::min(lines.find('\n', begin), lines.size());
        const std::string_view line = std::string_view(lines).substr(begin, end - begin);
        if (!line.empty() && !line.starts_with(AgentOutput::kStartLineHead))
            partners_.telemetry.note_output(std::string(line));
        begin = end + 1;
    }
}

}  // namespace supervisor

#include "supervisor/log_answers.hpp"

#include <algorithm>

#include "output/reader.hpp"
#include "supervisor/agent_supervisor.hpp"
#include "supervisor/folder_changes.hpp"

namespace supervisor {

using namespace std::chrono_literals;
using namespace async;

namespace {

constexpr std::uint64_t kLines = 10;
/// What is printed without pause goes in larger pieces.
constexpr auto kPause = 20ms;
/// Between two looks where the host has no more watches to give.
constexpr auto kPauseUntold = 1000ms;
constexpr char kMissing[] = "--- opampd: output is missing here: its files were removed before they were read ---\n";

std::string last_of(const std::string& text, std::uint64_t lines) {
    std::size_t begin = text.size();
    for (; begin > 0 && lines > 0; --lines) {
        const std::size_t before = begin >= 2 ? text.rfind('\n', begin - 2) : std::string::npos;
        begin = before == std::string::npos ? 0 : before + 1;
    }
    return text.substr(begin);
}

Task<> send_files(const output::Files& files, const control::Request& request, BlockingPool& readers,
                  control::Stream& stream) {
    FolderChanges changes(co_await asio::this_coro::executor);
    // Before the first look: what comes between the two is not missed.
    const bool is_told = request.follow && changes.watch(files.file().parent_path());
    output::Reader reader(files);
    const std::uint64_t lines = request.lines.value_or(kLines);
    co_await readers.run([&reader, lines] {
        reader.to_last_lines(lines);
        return true;
    });
    for (;;) {
        std::string text = co_await readers.run([&reader] { return reader.read(); });
        const bool is_over = !request.follow && (text.empty() || reader.is_past());
        if (reader.has_skipped()) text.insert(0, kMissing);
        const bool is_nothing = text.empty();
        if (!is_nothing) {
            const bool is_heard = co_await stream.write(std::move(text));
            if (!is_heard) co_return;
        }
        if (is_over) co_return;
        if (!is_nothing) continue;
        if (is_told) co_await changes.changed();
        co_await sleep_for(is_told ? kPause : kPauseUntold);
        const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
        if (is_ended) co_return;
    }
}

}  // namespace

control::Answer describe_logs(const AgentSupervisor& agent) {
    control::Answer answer;
    answer.agent = agent.name();
    const settings::Output& output = agent.settings().output;
    if (agent.output().files()) return answer;
    answer.note = "what it prints goes to " + agent.output().where();
    if (!output.direct) answer.note += "; this is what opampd remembers of it";
    return answer;
}

Task<> send_logs(AgentOutput& output, const control::Request& request, BlockingPool& readers, control::Stream& stream) {
    if (const output::Files* files = output.files()) {
        co_await send_files(*files, request, readers, stream);
        co_return;
    }
    const std::string tail = co_await output.tail();
    co_await stream.write(last_of(tail, request.lines.value_or(kLines)));
}

}  // namespace supervisor

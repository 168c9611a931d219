#include "supervisor/agent_output.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/files.hpp"
#include "output/file_sink.hpp"
#include "output/journal.hpp"
#include "output/pack.hpp"
#include "output/stream_sink.hpp"
#include "settings/output_place.hpp"
#include "supervisor/config_check.hpp"

namespace supervisor {

using namespace std::chrono_literals;
using namespace async;  // the awaitable operators
using settings::OutputDestination;

namespace {

constexpr std::size_t kLines = 10;
/// Of lines for those who want them; beyond it they are dropped.
constexpr std::size_t kMostWaiting = 1u << 20;
/// With a disk that does not answer.
constexpr auto kPatience = 2s;

/// Over all agents: the guard knows them by it.
std::uint64_t next_pipe() {
    static std::uint64_t last = 0;
    return ++last;
}

output::Limits limits_of(const settings::Output& output) {
    return {output.max_size, output.max_age, output.keep, output.keep_for, output.compress};
}

output::LineSink::Write to_log(const std::string& agent) {
    return [agent](std::string_view line) {
        if (line.starts_with(AgentOutput::kStartLineHead)) return;  // there is an event for that
        base::log::pass("agent.output", {{"agent", agent}, {"line", line}});
    };
}

base::Result<output::Printed> printed_in_file(const std::filesystem::path& file, std::uint64_t begin,
                                              std::uint64_t from, std::size_t most) {
    const base::UniqueFd live(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!live) return base::errno_error(errno).within("'" + file.string() + "'");
    const std::uint64_t size = output::size_of(live.get());
    const std::uint64_t upto = size - std::min(size, begin);
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(upto - std::min(from, upto), most));
    return output::Printed{output::read_at(live.get(), size - wanted, wanted), upto};
}

}  // namespace

AgentOutput::AgentOutput(const Partners& partners, const std::filesystem::path& folder)
    : partners_(partners),
      folder_(folder),
      rotated_(partners.executor),
      answered_(partners.executor),
      lines_came_(partners.executor) {
    const settings::Output& output = agent().output;
    if (output.destination == OutputDestination::file)
        files_.emplace(settings::output_file(agent(), folder), limits_of(output));
    output::Listener& listener = *this;
    if (!output.direct) capture_ = std::make_unique<output::Capture>(make_sink(), listener);
}

AgentOutput::~AgentOutput() {
    stops_packing_ = true;
}

std::unique_ptr<output::Sink> AgentOutput::make_sink() {
    output::Listener& listener = *this;
    const std::size_t tail = agent().output.tail;
    switch (agent().output.destination) {
    case OutputDestination::file: return std::make_unique<output::FileSink>(*files_, listener, tail);
    case OutputDestination::log: return std::make_unique<output::LineSink>(listener, tail, to_log(agent().name));
    case OutputDestination::journal:
        return std::make_unique<output::JournalSink>(listener, tail, settings::output_identifier(agent()));
    case OutputDestination::none: break;
    }
    return std::make_unique<output::NoSink>(listener, tail);
}

std::optional<std::string> AgentOutput::open() {
    if (!files_) return std::nullopt;
    auto note = base::make_room(files_->file(), base::Wanted::file);
    files_->mend();
    rotated_.raise();  // what is not packed yet
    return note;
}

base::Result<base::UniqueFd> AgentOutput::descriptor() {
    has_process_ = true;
    if (agent().output.direct) return direct_descriptor();
    auto pipe = output::make_pipe();
    if (!pipe) return std::move(pipe).error();
    // Without it the agent would be killed by its first word.
    if (!capture_ || !capture_->start())
        return base::Error(base::Kind::io, "starting a thread for the agent's output: there are no more threads");
    read_end_ = std::move(pipe->read_end);
    return std::move(pipe->write_end);
}

/// An agent is not to stand still because its journal does.
base::Result<base::UniqueFd> AgentOutput::direct_descriptor() {
    if (files_) return direct_file();
    auto stream = output::open_journal(settings::output_identifier(agent()), 1s);
    if (stream) {
        journal_stream_ = output::journal_stream_of(stream->get());
        return stream;
    }
    partners_.log.warning("agent_output.losing", {{"error", stream.error().text()}});
    journal_stream_.clear();
    base::UniqueFd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    if (!nowhere) return base::errno_error(errno).within("opening '/dev/null'");
    return nowhere;
}

/// None writes to it now, so that it can be rotated.
base::Result<base::UniqueFd> AgentOutput::direct_file() {
    std::error_code code;
    if (std::filesystem::file_size(files_->file(), code) >= agent().output.max_size && !code) {
        if (auto rotated = files_->rotate(); !rotated)
            partners_.log.warning("agent_output.failed", {{"error", rotated.error().text()}});
        files_->remove_surplus();
        rotated_.raise();
    }
    auto file = files_->open(O_WRONLY | O_APPEND);
    if (!file) return std::move(file).error();
    begin_ = output::size_of(file->get());
    return file;
}

/// Not before the process runs: its start line is its own to write, into a pipe that nobody takes from meanwhile. The
/// daemon stands still until then, and must not do so with the disk.
void AgentOutput::take_up() {
    if (!read_end_) return;
    const std::uint64_t id = next_pipe();
    if (partners_.guard && files_ && !partners_.guard->keep_output(id, read_end_.get(), files_->file()))
        partners_.log.warning("guard.lost",
                              {{"detail", "after a kill of opampd, the agent's last output may be lost"}});
    if (!capture_ || !capture_->take_up(std::move(read_end_), id))
        partners_.log.error("agent_output.losing", {{"error", "there is no thread to take it"}});
    read_end_.reset();
}

Task<base::Result<output::Printed>> AgentOutput::printed_since(std::uint64_t from, std::size_t most) {
    if (is_unseen()) co_return base::Error(base::Kind::not_found, "what the agent prints goes to " + where());
    if (agent().output.direct) {
        const std::function<base::Result<output::Printed>()> read =
            [file = files_->file(), begin = begin_, from, most] { return printed_in_file(file, begin, from, most); };
        co_return co_await reader_.run_within(kPatience, read);
    }
    const std::uint64_t question = ++asked_;
    if (!capture_ || !capture_->ask(question, from, most))
        co_return base::Error(base::Kind::io, "what the agent prints is not taken: there is no thread for it");
    answers_[question];
    const auto end = SteadyClock::now() + kPatience;
    bool is_ended = false;
    while (!answers_[question] && !is_ended && SteadyClock::now() < end) {
        answered_.clear();
        co_await (answered_.raised() || sleep_until(end));
        is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
    }
    auto printed = std::move(answers_.extract(question).mapped());
    if (printed) co_return std::move(*printed);
    if (is_ended) co_return base::Error(base::Kind::cancelled, "cancelled");
    co_return base::Error(base::Kind::timeout,
                          "what the agent prints cannot be written for " + base::format_duration(kPatience));
}

Task<std::string> AgentOutput::tail() {
    auto printed = co_await printed_since(0, agent().output.tail);
    co_return printed ? std::move(printed->text) : "";
}

Task<std::string> AgentOutput::last_words() {
    if (!has_process_) co_return "";
    const std::string text = co_await tail();
    std::string_view said = text;
    if (said.starts_with(kStartLineHead)) said.remove_prefix(std::min(said.find('\n'), said.size()));
    co_return last_lines(said, kLines);
}

Task<> AgentOutput::pack() {
    while (!stops_packing_) {
        co_await rotated_.raised();
        const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
        if (is_ended || !files_) co_return;
        rotated_.clear();
        for (bool is_more = true; is_more && !stops_packing_;) {
            const auto packed = co_await partners_.packer.run([this] {
                output::step_aside();
                return files_->pack_next(stops_packing_);
            });
            const bool has_failed = !packed && packed.error().kind() != base::Kind::cancelled;
            if (has_failed && !std::exchange(cannot_pack_, true))
                partners_.log.warning("agent_output.failed", {{"error", packed.error().text()}});
            is_more = packed && *packed;
            if (is_more) cannot_pack_ = false;
        }
    }
}

Task<> AgentOutput::close() {
    stops_packing_ = true;
    rotated_.raise();
    auto capture = std::move(capture_);
    co_await reader_.run([&capture] {
        capture.reset();
        return true;
    });
}

std::string AgentOutput::where() const {
    return settings::where_output_goes(agent(), folder_);
}

std::string AgentOutput::take_lines() {
    lines_came_.clear();
    std::string lines = std::exchange(lines_, {});
    waiting_ -= lines.size();
    if (const std::uint64_t bytes = dropped_.exchange(0); bytes > 0)
        lines += "--- opampd: " + std::to_string(bytes) + " bytes of output are not here: they came too fast ---\n";
    return lines;
}

// ---- On the capture's thread.

template <typename Work>
void AgentOutput::on_loop(Work work) {
    asio::post(partners_.executor, std::move(work));
}

void AgentOutput::rotated() {
    on_loop([this] { rotated_.raise(); });
}

void AgentOutput::losing(std::string why) {
    on_loop([this, why = std::move(why)] { partners_.log.warning("agent_output.losing", {{"error", why}}); });
}

void AgentOutput::lost(std::uint64_t bytes) {
    on_loop([this, bytes] { partners_.log.info("agent_output.resumed", {{"lost_bytes", bytes}}); });
}

void AgentOutput::failed(std::string why) {
    on_loop([this, why = std::move(why)] { partners_.log.warning("agent_output.failed", {{"error", why}}); });
}

void AgentOutput::printed(std::string lines) {
    const std::size_t size = lines.size();
    if (waiting_ + size > kMostWaiting) {
        dropped_ += size;
        return;
    }
    waiting_ += size;
    on_loop([this, lines = std::move(lines)] {
        lines_ += lines;
        lines_came_.raise();
    });
}

void AgentOutput::answer(std::uint64_t question, output::Printed printed) {
    on_loop([this, question, printed = std::move(printed)] {
        const auto asked = answers_.find(question);
        if (asked == answers_.end()) return;  // it took too long
        asked->second = printed;
        answered_.raise();
    });
}

void AgentOutput::ended(std::uint64_t pipe) {
    if (partners_.guard && files_) on_loop([this, pipe] { partners_.guard->forget_output(pipe); });
}

}  // namespace supervisor

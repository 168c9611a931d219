#include "supervisor/agent_output_records.hpp"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/files.hpp"
#include "rules/admission.hpp"
#include "supervisor/agent_output.hpp"

namespace supervisor {

using namespace std::chrono_literals;
using async::Task;
using namespace async;  // the awaitable operators

namespace {

constexpr std::size_t kMostAtOnce = 256 << 10;
constexpr std::size_t kLongestLine = 8192;
/// An agent that prints without pause is looked at so often.
constexpr auto kPause = 100ms;

base::UniqueFd open_at_end(const std::filesystem::path& file, std::uint64_t& end) {
    base::UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    struct stat status {};
    end = fd && ::fstat(fd.get(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
    return fd;
}

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
    asio::posix::stream_descriptor changes(partners_.executor, ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    // The folder, because the file may come later, and be moved away.
    const std::string folder = file_.parent_path().string();
    if (::inotify_add_watch(changes.native_handle(), folder.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_FROM) < 0) {
        partners_.log.warning("agent_output.not_followed", {{"error", base::errno_error(errno).text()}});
        co_await partners_.telemetry.output_changed().raised();
        co_return;
    }
    open_ = open_at_end(file_, read_);
    unfinished_.clear();
    while (partners_.telemetry.sends_agent_output()) {
        partners_.telemetry.output_changed().clear();
        std::array<char, 4096> events;
        auto end = co_await (changes.async_read_some(asio::buffer(events), as_result) ||
                             partners_.telemetry.output_changed().raised());
        const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
        if (is_ended) co_return;
        if (end.index() == 0) co_await send_new_lines();
        if (end.index() == 0) co_await sleep_for(kPause);
    }
    open_ = {};
}

Task<> AgentOutputRecords::send_new_lines() {
    for (bool is_more = true; is_more;) {
        const std::string lines = co_await partners_.readers.run([this] { return read_lines(); });
        for (std::size_t begin = 0; begin < lines.size();) {
            const std::size_t end = lines.find('\n', begin);
            const std::string_view line = std::string_view(lines).substr(begin, end - begin);
            if (!line.empty() && !line.starts_with(AgentOutput::kStartLineHead))
                partners_.telemetry.note_output(std::string(line));
            begin = end + 1;
        }
        is_more = !lines.empty();
        if (is_more || !is_replaced()) continue;
        open_ = base::UniqueFd(::open(file_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
        read_ = 0;
        is_more = bool(open_);
    }
}

bool AgentOutputRecords::is_replaced() const {
    struct stat there {};
    struct stat known {};
    if (::stat(file_.c_str(), &there) != 0) return false;
    return !open_ || ::fstat(open_.get(), &known) != 0 || there.st_ino != known.st_ino;
}

/// Whole lines that are new, each with its end; empty when there is none. On another thread.
std::string AgentOutputRecords::read_lines() {
    if (!open_) return {};
    std::string text(kMostAtOnce, '\0');
    const ssize_t count = ::pread(open_.get(), text.data(), text.size(), static_cast<off_t>(read_));
    if (count <= 0) return {};
    text.resize(static_cast<std::size_t>(count));
    read_ += text.size();
    text = std::exchange(unfinished_, {}) + text;
    const std::size_t end = text.rfind('\n');
    const std::size_t whole = end == std::string::npos ? 0 : end + 1;
    unfinished_ = text.substr(whole);
    text.resize(whole);
    if (unfinished_.size() > kLongestLine) text += std::exchange(unfinished_, {}) + "\n";
    if (const auto redactor = rules::redactor_of(partners_.agent)) return redactor->redact_output(text);
    return text;
}

}  // namespace supervisor

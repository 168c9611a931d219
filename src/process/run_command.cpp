#include "process/run_command.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/bytes.hpp"
#include "base/files.hpp"
#include "base/unique_fd.hpp"

namespace process {
namespace {

namespace asio = async::asio;
using namespace asio::experimental::awaitable_operators;
using base::Error;
using base::Kind;
using base::Result;

constexpr std::size_t kMostErrorOutput = 64u << 10;
constexpr std::size_t kReadBytes = 64u << 10;
#ifndef MFD_NOEXEC_SEAL
constexpr unsigned MFD_NOEXEC_SEAL = 8;
#endif

/// The input as a file without a name. A pipe would have to be fed while the command runs, and would raise SIGPIPE
/// where the command does not read it.
Result<base::UniqueFd> as_file(std::string_view input) {
    base::UniqueFd file(::memfd_create("input", MFD_CLOEXEC | MFD_NOEXEC_SEAL));
    if (!file && errno == EINVAL) file.reset(::memfd_create("input", MFD_CLOEXEC));  // Linux before 6.3
    if (!file) return base::errno_error(errno).within("making its input");
    while (!input.empty()) {
        const ssize_t written = ::write(file.get(), input.data(), input.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return base::errno_error(errno).within("writing its input");
        input.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::lseek(file.get(), 0, SEEK_SET) != 0) return base::errno_error(errno).within("writing its input");
    return file;
}

/// The read end never blocks; the write end, the command's, does.
struct Pipe {
    base::UniqueFd read_end, write_end;

    static Result<Pipe> make() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) return base::errno_error(errno).within("making a pipe for its output");
        Pipe pipe{base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
        if (::fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
            return base::errno_error(errno).within("making a pipe for its output");
        return pipe;
    }
};

/// What arrives on one of the command's outputs, within a bound.
class Collector {
public:
    enum class Keep { beginning, end };
    Collector(asio::any_io_executor executor, base::UniqueFd pipe, Keep keep, std::size_t most)
        : pipe_(std::move(executor), pipe.release()), keep_(keep), most_(most) {}

    /// Reads until cancelled, or until there is more than may be kept of a beginning.
    async::Task<> collect() {
        while (is_open_ && !is_over_) {
            const auto [code] = co_await pipe_.async_wait(asio::posix::stream_descriptor::wait_read, async::as_result);
            if (code) co_return;
            read(kReadBytes);
        }
        // Closing its output is not the end of a command.
        if (!is_over_) co_await async::forever();
    }

    /// What the command wrote before its end. Somebody else may hold the pipe and write on: that is not waited for.
    void drain() {
        int waiting = 0;
        if (::ioctl(pipe_.native_handle(), FIONREAD, &waiting) != 0 || waiting < 0) return;
        for (auto left = static_cast<std::size_t>(waiting); left > 0 && is_open_ && !is_over_;) {
            const std::size_t got = read(std::min(left, kReadBytes));
            if (got == 0) return;
            left -= got;
        }
    }

    std::string take() {
        trim(0);
        return std::move(text_);
    }
    bool is_over() const { return is_over_; }

private:
    std::size_t read(std::size_t most) {
        const std::size_t before = text_.size();
        text_.resize(before + most);
        const ssize_t got = ::read(pipe_.native_handle(), text_.data() + before, most);
        const int code = errno;
        text_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (got == 0 || (got < 0 && code != EAGAIN && code != EINTR)) is_open_ = false;
        trim(kReadBytes);
        return text_.size() - std::min(before, text_.size());
    }

    /// An end is cut only now and then, so that not every piece moves all of it.
    void trim(std::size_t slack) {
        if (keep_ == Keep::beginning && text_.size() > most_) {
            is_over_ = true;
            text_.resize(most_);
        }
        if (keep_ == Keep::end && text_.size() > most_ + slack) text_.erase(0, text_.size() - most_);
    }

    asio::posix::stream_descriptor pipe_;
    Keep keep_;
    std::size_t most_;
    std::string text_;
    bool is_open_ = true;
    bool is_over_ = false;
};

/// Tells the guard of a group for as long as this lives.
class Watched {
public:
    Watched(Guard* guard, pid_t group) : guard_(guard), group_(group) {
        if (guard_) guard_->watch(group_);
    }
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    ~Watched() {
        if (guard_) guard_->forget(group_);
    }

private:
    Guard* guard_;
    pid_t group_;
};

/// A command that runs, with the ends of its pipes that are ours.
struct Running {
    Child child;
    Collector output;
    Collector error_output;
};

Result<Running> start(const asio::any_io_executor& executor, const CommandSpec& spec) {
    auto output = Pipe::make();
    if (!output) return std::move(output).error();
    auto error_output = Pipe::make();
    if (!error_output) return std::move(error_output).error();
    base::UniqueFd input;
    if (!spec.input.empty()) {
        auto file = as_file(spec.input);
        if (!file) return std::move(file).error();
        input = *std::move(file);
    }
    SpawnSpec spawn;
    spawn.executable = spec.argv.front();
    spawn.args.assign(spec.argv.begin() + 1, spec.argv.end());
    spawn.environment = spec.environment;
    spawn.working_directory = spec.working_directory;
    spawn.privileges = spec.privileges;
    spawn.descriptors = spec.descriptors;
    spawn.input = input.get();
    spawn.output = output->write_end.get();
    spawn.error_output = error_output->write_end.get();
    auto child = Child::spawn(executor, spawn);
    if (!child) return std::move(child).error();
    return Running{
        *std::move(child),
        Collector(executor, std::move(output->read_end), Collector::Keep::beginning, spec.most_output),
        Collector(executor, std::move(error_output->read_end), Collector::Keep::end, kMostErrorOutput),
    };
}

/// In a coroutine thread of its own, whose cancellation can be turned off for the end without turning off the caller's.
async::Task<Result<CommandResult>> start_and_wait(asio::any_io_executor executor, const CommandSpec& spec,
                                                  Guard* guard) {
    co_await asio::this_coro::throw_if_cancelled(false);
    const bool is_cancelled_early = async::is_cancelled(co_await asio::this_coro::cancellation_state);
    if (is_cancelled_early) co_return Error(Kind::cancelled, "the command was cancelled before it started");
    auto running = start(executor, spec);
    if (!running) co_return std::move(running).error();
    Child& child = running->child;
    const Watched watched(guard, child.pid());

    const auto end = co_await (child.ended() || async::sleep_for(spec.timeout) || running->output.collect() ||
                               running->error_output.collect());
    const bool was_cancelled = async::is_cancelled(co_await asio::this_coro::cancellation_state);
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    auto status = child.reap();
    const bool was_killed = !status;
    while (!status) {
        child.signal(SIGKILL);
        co_await child.ended();
        status = child.reap();
    }
    if (was_cancelled && was_killed) co_return Error(Kind::cancelled, "the command was cancelled");
    running->output.drain();
    running->error_output.drain();
    CommandResult result;
    result.status = *status;
    result.timed_out = was_killed && end.index() == 1;
    result.output = running->output.take();
    result.error_output = spec.secrets.redact(running->error_output.take());
    result.was_cut = running->output.is_over();
    co_return result;
}

}  // namespace

std::string last_line(std::string_view text, std::size_t most) {
    const auto is_blank = [](char c) { return c == '\n' || c == '\r' || c == ' ' || c == '\t' || c == '\0'; };
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    const std::size_t line_end = text.rfind('\n');
    if (line_end != std::string_view::npos) text.remove_prefix(line_end + 1);
    std::string line;
    for (const char c : base::to_valid_utf8(text)) line += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
    return base::shortened(line, most);
}

std::string describe_failure(const CommandResult& result) {
    std::string text = result.timed_out ? "killed because its time was up"
                       : result.was_cut ? "it wrote more than " + base::format_size(result.output.size())
                                        : describe(result.status);
    const std::string said = last_line(result.error_output);
    return said.empty() ? text : text + ": " + said;
}

async::Task<Result<CommandResult>> run_command(asio::any_io_executor executor, const CommandSpec& spec, Guard* guard) {
    if (spec.argv.empty()) co_return Error(Kind::invalid, "there is no command to run");
    co_return co_await asio::co_spawn(executor, start_and_wait(executor, spec, guard), asio::use_awaitable);
}

}  // namespace process

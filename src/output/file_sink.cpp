#include "output/file_sink.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/files.hpp"

namespace output {
namespace {

using namespace std::chrono_literals;

/// What a pipe of ours holds.
constexpr std::uint64_t kMost = 1u << 20;
/// What is looked at for the end of a line at once, and the longest line that is not cut.
constexpr std::size_t kLongestLine = 64u << 10;
/// How often it is tried to write again, and to rotate again after that has failed.
constexpr std::chrono::steady_clock::duration kPause = 1s, kLongestPause = 1min;
constexpr std::uint64_t kNextTry = 1u << 20;
constexpr std::uint64_t kNextTryNano = 60'000'000'000;

/// What is in the pipe next, which stays there. Nothing if it cannot be looked at.
std::optional<std::string> peek(int pipe) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return std::nullopt;
    const base::UniqueFd out(ends[0]), in(ends[1]);
    const ssize_t copied = ::tee(pipe, in.get(), kLongestLine, SPLICE_F_NONBLOCK);
    if (copied <= 0) return "";
    std::string text(static_cast<std::size_t>(copied), '\0');
    std::size_t got = 0;
    while (got < text.size()) {
        const ssize_t piece = ::read(out.get(), text.data() + got, text.size() - got);
        if (piece <= 0) break;
        got += static_cast<std::size_t>(piece);
    }
    text.resize(got);
    return text;
}

bool write_at(int fd, std::uint64_t offset, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
    }
    return true;
}

Sink::Taken nothing_taken(ssize_t got) {
    return got == 0 ? Sink::Taken::end : Sink::Taken::none;
}

}  // namespace

void FileSink::open() {
    auto file = open_locked(files_, Patience::some);
    if (!file) return lose(file.error().message(), file.error().text());
    use(std::move(*file));
    remove_surplus();
}

void FileSink::remove_surplus() {
    const auto next = files_.remove_surplus();
    surplus_at_ = next ? base::unix_nano_now() + static_cast<std::uint64_t>(next->count()) : 0;
}

void FileSink::use(base::UniqueFd file) {
    file_ = std::move(file);
    struct stat info {};
    ::fstat(file_.get(), &info);
    size_ = here_from_ = static_cast<std::uint64_t>(info.st_size);  // what is there was printed before
    full_at_ = files_.limits().max_size;
    const base::Duration age = files_.limits().max_age;
    old_at_ = age > 0s ? Files::begun_unix_nano(file_.get()) + static_cast<std::uint64_t>(age.count()) : 0;
}

void FileSink::begin_process() {
    // What the one before did not end is a line all the same.
    if (file_ && !is_losing_ && !ends_line() && write_at(file_.get(), size_, "\n")) grow(1);
    begin_ = printed_;
}

/// An operator may have emptied or removed the file.
void FileSink::look_at_file() {
    struct stat info {};
    if (!file_ || ::fstat(file_.get(), &info) != 0) return;
    const bool is_removed = info.st_nlink == 0;
    const auto size = is_removed ? 0 : static_cast<std::uint64_t>(info.st_size);
    if (size < size_) {
        printed_ -= std::min(size_ - size, printed_);
        begin_ = std::min(begin_, printed_);
        size_ = size;
        here_from_ = std::min(here_from_, size_);
    }
    if (is_removed) open();
}

bool FileSink::has_passed(std::uint64_t unix_nano) const {
    return unix_nano != 0 && base::unix_nano_now() >= unix_nano;
}

bool FileSink::is_due() const {
    return size_ >= full_at_ || (size_ > 0 && has_passed(old_at_));
}

bool FileSink::ends_line() const {
    char last = '\n';
    return size_ == 0 || (::pread(file_.get(), &last, 1, static_cast<off_t>(size_ - 1)) == 1 && last == '\n');
}

Sink::Taken FileSink::take(int pipe) {
    look_at_file();
    if (is_losing_ && !resume()) return discard(pipe);
    if (is_due() && ends_line()) rotate();
    if (is_due()) return move_to_line_end(pipe);
    return move(pipe, std::min(kMost, full_at_ - size_));
}

Sink::Taken FileSink::move(int pipe, std::uint64_t most) {
    if (copies_) return copy(pipe, most);
    auto offset = static_cast<loff_t>(size_);
    const ssize_t got =
        ::splice(pipe, nullptr, file_.get(), &offset, static_cast<std::size_t>(most), SPLICE_F_NONBLOCK);
    if (got > 0) {
        grow(static_cast<std::uint64_t>(got));
        return Taken::some;
    }
    if (got == 0 || errno == EAGAIN || errno == EINTR) return nothing_taken(got);
    if (errno == EINVAL) {
        copies_ = true;
        return copy(pipe, most);
    }
    lose(errno);
    return discard(pipe);
}

Sink::Taken FileSink::copy(int pipe, std::uint64_t most) {
    std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(most, kLongestLine)), '\0');
    const ssize_t got = ::read(pipe, bytes.data(), bytes.size());
    if (got <= 0) return nothing_taken(got);
    bytes.resize(static_cast<std::size_t>(got));
    if (write_at(file_.get(), size_, bytes)) {
        grow(bytes.size());
    } else {
        lose(errno);
        drop(bytes);
    }
    return Taken::some;
}

/// The rest of a line into the file that has its begin, and then the next file.
Sink::Taken FileSink::move_to_line_end(int pipe) {
    const auto next = peek(pipe);
    const std::size_t end = next ? next->find('\n') : std::string::npos;
    const bool is_whole = end != std::string::npos;
    if (next && next->empty()) return move(pipe, 1);
    const std::uint64_t wanted = size_ + (is_whole ? end + 1 : next ? next->size() : kLongestLine);
    while (size_ < wanted)
        if (move(pipe, wanted - size_) != Taken::some || is_losing_) break;
    const bool is_at_end = is_whole && size_ == wanted;
    if (!is_losing_ && (is_at_end || size_ >= full_at_ + kLongestLine)) rotate();
    return Taken::some;
}

void FileSink::rotate() {
    remember();
    auto next = files_.rotate();
    if (!next) return rotation_failed(next.error());
    cannot_rotate_ = false;
    use(std::move(*next));
    remove_surplus();
    listener_.rotated();
}

/// The file grows on, and it is tried again.
void FileSink::rotation_failed(const base::Error& error) {
    if (!std::exchange(cannot_rotate_, true)) listener_.failed(error.text());
    full_at_ = size_ + kNextTry;
    if (old_at_ != 0) old_at_ = base::unix_nano_now() + kNextTryNano;
}

Printed FileSink::printed_since(std::uint64_t from, std::size_t most) {
    const std::uint64_t begin = std::min(std::max(from, begin_), printed_);
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(printed_ - begin, most));
    const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, size_ - here_from_));
    const std::string_view before = before_.text();
    const std::size_t there = std::min(wanted - here, before.size());
    return {std::string(before.substr(before.size() - there)) + read_at(file_.get(), size_ - here, here), printed_};
}

/// So that what comes next need not be in the live file behind it.
void FileSink::remember() {
    const std::string so_far = printed_since(0, tail_).text;
    before_.clear();
    before_.add(so_far);
    here_from_ = size_;
}

void FileSink::grow(std::uint64_t bytes) {
    size_ += bytes;
    printed_ += bytes;
}

void FileSink::lose(int code) {
    const base::Error error = base::errno_error(code);
    lose(error.message(), base::Error(error).within("writing '" + files_.file().string() + "'").text());
}

void FileSink::lose(std::string why, std::string told) {
    tried_ = std::chrono::steady_clock::now();
    if (std::exchange(is_losing_, true)) return;
    // Where there is room for a moment now and then, it is looked for less often.
    pause_ = tried_ - resumed_ < kPause + pause_ ? std::min(2 * pause_, kLongestPause) : kPause;
    why_ = std::move(why);
    remember();
    listener_.losing(std::move(told));
}

Sink::Taken FileSink::discard(int pipe) {
    std::string nowhere(kLongestLine, '\0');
    const ssize_t got = ::read(pipe, nowhere.data(), nowhere.size());
    if (got <= 0) return nothing_taken(got);
    drop(std::string_view(nowhere).substr(0, static_cast<std::size_t>(got)));
    return Taken::some;
}

void FileSink::drop(std::string_view bytes) {
    before_.add(bytes);
    lost_ += bytes.size();
    printed_ += bytes.size();
}

/// The line about what is missing is what shows that there is room.
bool FileSink::resume() {
    if (std::chrono::steady_clock::now() - tried_ < pause_) return false;
    tried_ = std::chrono::steady_clock::now();
    if (!file_) {
        auto file = open_locked(files_, Patience::none);
        if (!file) return false;
        use(std::move(*file));
    }
    std::string line = std::string(ends_line() ? "" : "\n") + "--- opampd: " + std::to_string(lost_) +
                       " bytes of output are lost here: " + why_ + " ---\n";
    if (lost_ == 0) line.clear();
    if (!write_at(file_.get(), size_, line)) return false;
    grow(line.size());
    is_losing_ = false;
    resumed_ = tried_;
    listener_.lost(std::exchange(lost_, 0));
    return true;
}

std::optional<base::Duration> FileSink::due_in() {
    std::uint64_t at = surplus_at_;
    // An agent that has not ended its line yet is waited for: the next bytes come first.
    const bool grows_old = old_at_ != 0 && size_ > 0 && !is_losing_ && (!has_passed(old_at_) || ends_line());
    if (grows_old) at = at == 0 ? old_at_ : std::min(at, old_at_);
    std::optional<base::Duration> due;
    if (const std::uint64_t now = base::unix_nano_now(); at != 0)
        due = base::Duration(at > now ? static_cast<std::int64_t>(at - now) : 0);
    // The loss is told when there is room, whether the agent says something or not.
    if (is_losing_ && lost_ > 0) {
        const base::Duration next = std::max<base::Duration>(tried_ + pause_ - std::chrono::steady_clock::now(), 0s);
        due = std::min(due.value_or(next), next);
    }
    return due;
}

void FileSink::finish() {
    if (!is_losing_ || lost_ == 0) return;
    pause_ = {};
    resume();
}

void FileSink::be_due() {
    if (has_passed(surplus_at_)) remove_surplus();
    if (is_losing_ && lost_ > 0) resume();
    if (!is_losing_ && size_ > 0 && has_passed(old_at_) && ends_line()) rotate();
}

}  // namespace output

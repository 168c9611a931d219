#include "output/stream_sink.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/files.hpp"
#include "output/journal.hpp"

namespace output {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kPiece = 32u << 10;
/// As the journal cuts them by default, less than what its own limit is.
constexpr std::size_t kLongestLine = 16u << 10;
constexpr std::size_t kLongestRecord = 8192;
/// With a journal that hangs, and before it is given something again.
constexpr auto kPatience = 5s, kPause = 10s;

}  // namespace

StreamSink::StreamSink(Listener& listener, std::size_t tail)
    : listener_(listener), tail_(tail), lines_(kLongestRecord) {}

Sink::Taken StreamSink::take(int pipe) {
    buffer_.resize(kPiece);
    const ssize_t got = ::read(pipe, buffer_.data(), buffer_.size());
    if (got == 0) return Taken::end;
    if (got < 0) return Taken::none;
    const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
    tail_.add(bytes);
    if (listener_.wants_lines()) {
        std::string whole;
        lines_.add(bytes, [&](std::string_view line) { whole.append(line) += '\n'; });
        if (!whole.empty()) listener_.printed(std::move(whole));
    }
    put(bytes);
    return Taken::some;
}

Printed StreamSink::printed_since(std::uint64_t from, std::size_t most) {
    const std::string_view kept = tail_.text();
    const std::uint64_t wanted = tail_.count() - std::min(from, tail_.count());
    const std::size_t size = std::min({static_cast<std::size_t>(wanted), most, kept.size()});
    return {std::string(kept.substr(kept.size() - size)), tail_.count()};
}

LineSink::LineSink(Listener& listener, std::size_t tail, Write write)
    : StreamSink(listener, tail), write_(std::move(write)), lines_(kLongestLine) {}

void JournalSink::open() {
    auto stream = open_journal(identifier_, kPatience);
    if (stream) {
        stream_ = std::move(*stream);
    } else if (!std::exchange(is_losing_, true)) {
        listener().losing(stream.error().text());
    }
}

void JournalSink::write(std::string_view& bytes) {
    while (stream_ && !bytes.empty()) {
        const ssize_t sent = ::send(stream_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno == EAGAIN) quiet_until_ = std::chrono::steady_clock::now() + kPause;
        if (sent < 0) stream_.reset();
        if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

/// A journal that has gone is looked for again with the next bytes; one that hangs is left alone for a while.
void JournalSink::put(std::string_view bytes) {
    const auto hangs = [this] { return std::chrono::steady_clock::now() < quiet_until_; };
    if (!hangs()) write(bytes);
    if (bytes.empty()) return;
    if (!hangs()) {
        open();
        write(bytes);
    }
    lost_ += bytes.size();
    if (!bytes.empty()) {
        if (!std::exchange(is_losing_, true))
            listener().losing(std::string("the journal at '") + kJournalSocket + "' does not take it");
        return;
    }
    if (std::exchange(is_losing_, false)) listener().lost(std::exchange(lost_, 0));
}

}  // namespace output

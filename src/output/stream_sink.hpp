// Output that goes through our memory, because nothing else keeps its end: to opampd's own log, to the journal, or
// nowhere.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/unique_fd.hpp"
#include "output/sink.hpp"
#include "output/tail.hpp"

namespace output {

/// Keeps the tail in memory, and tells lines to those who want them.
class StreamSink : public Sink {
public:
    StreamSink(Listener& listener, std::size_t tail);
    void open() override {}
    void begin_process() override { tail_.clear(); }
    Taken take(int pipe) final;
    Printed printed_since(std::uint64_t from, std::size_t most) override;

protected:
    /// Blocks as long as the destination does.
    virtual void put(std::string_view) {}
    Listener& listener() { return listener_; }

private:
    Listener& listener_;
    Tail tail_;
    Lines lines_;
    std::string buffer_;
};

/// Nothing is kept but the tail.
using NoSink = StreamSink;

/// Line by line, by a function that may be called on any thread.
class LineSink final : public StreamSink {
public:
    using Write = std::function<void(std::string_view line)>;
    LineSink(Listener& listener, std::size_t tail, Write write);
    /// A line that a process did not end is one.
    void begin_process() override {
        StreamSink::begin_process();
        lines_.finish(write_);
    }
    void finish() override { lines_.finish(write_); }

private:
    void put(std::string_view bytes) override { lines_.add(bytes, write_); }

    const Write write_;
    Lines lines_;
};

/// Into a stream of the journal's.
class JournalSink final : public StreamSink {
public:
    JournalSink(Listener& listener, std::size_t tail, std::string identifier)
        : StreamSink(listener, tail), identifier_(std::move(identifier)) {}
    void open() override;

private:
    void put(std::string_view bytes) override;
    void write(std::string_view& bytes);

    const std::string identifier_;
    base::UniqueFd stream_;
    std::chrono::steady_clock::time_point quiet_until_;
    bool is_losing_ = false;
    std::uint64_t lost_ = 0;
};

}  // namespace output

// Takes what an agent's processes print out of their pipes, on a thread of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "output/sink.hpp"

namespace output {

/// A pipe for the output of one process. As large as this user may have them: what the agent prints while the disk is
/// slow waits there, and the agent does not.
struct Pipe {
    base::UniqueFd read_end, write_end;
};
/// Errors: io.
base::Result<Pipe> make_pipe();

/// The thread sleeps while nothing is printed. It starts with the first pipe.
///
/// Ends    the destructor takes what is in the pipes, and joins.
/// Thread  of one thread; the sink's and the listener's is the capture's own.
class Capture {
public:
    /// `listener` outlives the object.
    Capture(std::unique_ptr<Sink> sink, Listener& listener) : sink_(std::move(sink)), listener_(listener) {}
    ~Capture();
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;

    /// False if there are no more threads, or descriptors.
    bool start();
    /// Another process's, after all that the ones before have printed so far. Those are still listened to: a process
    /// that has left the agent's group may be alive. False if the thread cannot be told.
    bool take_up(base::UniqueFd read_end, std::uint64_t id);
    /// For Sink::printed_since. Answered once everything has been taken that was printed before the question.
    bool ask(std::uint64_t question, std::uint64_t from, std::size_t most);

private:
    enum class Kind { pipe, question, end };
    /// Smaller than PIPE_BUF: goes whole or not at all.
    struct Order {
        Kind kind;
        int fd;
        std::uint64_t id;
        std::uint64_t from = 0;
        std::size_t most = 0;
    };
    struct Source {
        base::UniqueFd fd;
        std::uint64_t id;
    };

    bool send(const Order& order);
    void run();
    bool obey();
    void take_from(std::size_t source);
    void drain();

    std::unique_ptr<Sink> sink_;
    Listener& listener_;
    base::UniqueFd orders_in_, orders_out_;
    std::vector<Source> sources_;  ///< The thread's.
    std::thread thread_;
};

}  // namespace output

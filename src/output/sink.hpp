// Where captured output goes. A sink lives on the thread of its capture, and blocks as its destination does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/units.hpp"

namespace output {

/// What came behind a place in all that has been taken, and the place at its end.
struct Printed {
    std::string text;
    std::uint64_t upto = 0;  ///< Bytes.
};

/// What is told of an agent's output. Called on the capture's thread.
class Listener {
public:
    virtual ~Listener() = default;
    /// A file has got its number, and may be packed.
    virtual void rotated() = 0;
    /// From here on output is lost, and why; said once until `lost`.
    virtual void losing(std::string why) = 0;
    /// It is written again; so many bytes are missing.
    virtual void lost(std::uint64_t bytes) = 0;
    /// Something was in vain that costs nothing of the output.
    virtual void failed(std::string why) = 0;
    /// Whether whole lines are wanted, of sinks that see them.
    virtual bool wants_lines() const = 0;
    virtual void printed(std::string lines) = 0;
    /// The answer to Capture::ask.
    virtual void answer(std::uint64_t question, Printed printed) = 0;
    /// Nobody can write to that pipe any more, and all that was in it has been taken.
    virtual void ended(std::uint64_t pipe) = 0;
};

class Sink {
public:
    enum class Taken {
        some,
        none,  ///< The pipe is empty.
        end,   ///< And nobody can write to it any more.
    };

    virtual ~Sink() = default;
    /// Before anything else.
    virtual void open() = 0;
    /// What follows is another process's.
    virtual void begin_process() = 0;
    /// Takes a part of what is in the pipe, whose end does not block.
    virtual Taken take(int pipe) = 0;
    /// What the present process has printed behind `from`: of that the last `most` bytes, or those that are kept.
    virtual Printed printed_since(std::uint64_t from, std::size_t most) = 0;
    /// When `be_due` is to be called though nothing is printed; never, if nothing.
    virtual std::optional<base::Duration> due_in() { return std::nullopt; }
    virtual void be_due() {}
    /// Nothing comes any more.
    virtual void finish() {}
};

}  // namespace output

// Output into files of ours, by splice: the bytes do not come into our memory.
#pragma once

#include <chrono>
#include <string>

#include "base/unique_fd.hpp"
#include "output/files.hpp"
#include "output/sink.hpp"
#include "output/tail.hpp"

namespace output {

/// The live file is rotated at the first end of a line after it has reached its size or age; a line that goes on for
/// long is cut.
///
/// What cannot be written, on a full disk say, is dropped and counted, for the agent is not to stand still with the
/// disk; a line in the file says how much once there is room again. Its end is remembered all the same: a crash for
/// want of room is to be explained. An agent waits as long as a write takes, no longer.
class FileSink final : public Sink {
public:
    /// Both outlive the object. `tail`: so many bytes are remembered of what is not in the live file.
    FileSink(Files& files, Listener& listener, std::size_t tail)
        : files_(files), listener_(listener), tail_(tail), before_(tail) {}

    void open() override;
    void begin_process() override;
    Taken take(int pipe) override;
    Printed printed_since(std::uint64_t from, std::size_t most) override;
    std::optional<base::Duration> due_in() override;
    void be_due() override;
    void finish() override;

private:
    Taken move(int pipe, std::uint64_t most);
    Taken copy(int pipe, std::uint64_t most);
    Taken move_to_line_end(int pipe);
    Taken discard(int pipe);
    void drop(std::string_view bytes);
    void remember();
    bool is_due() const;
    bool has_passed(std::uint64_t unix_nano) const;
    bool ends_line() const;
    void grow(std::uint64_t bytes);
    void look_at_file();
    void use(base::UniqueFd file);
    void rotate();
    void remove_surplus();
    void rotation_failed(const base::Error& error);
    void lose(int code);
    void lose(std::string why, std::string told);
    bool resume();

    Files& files_;
    Listener& listener_;
    const std::size_t tail_;
    base::UniqueFd file_;
    std::uint64_t size_ = 0;        ///< Where the next byte goes to.
    std::uint64_t full_at_ = 0;     ///< The size at which it is rotated.
    std::uint64_t old_at_ = 0;      ///< The time; 0: never.
    std::uint64_t surplus_at_ = 0;  ///< The time at which a rotated file is too old; 0: never.
    std::uint64_t printed_ = 0;     ///< Into all files, or lost.
    std::uint64_t begin_ = 0;       ///< Of the present process's part, of that.
    std::uint64_t here_from_ = 0;   ///< What was printed last is in the live file from here on, …
    Tail before_;                   ///< … and the end of what came before that is here.
    bool cannot_rotate_ = false;    ///< Which has been said.
    bool copies_ = false;           ///< The file system knows no splice.

    bool is_losing_ = false;
    std::uint64_t lost_ = 0;
    std::string why_;
    std::chrono::steady_clock::time_point tried_, resumed_;  ///< To write again.
    std::chrono::steady_clock::duration pause_{};            ///< Between two tries.
};

}  // namespace output

// The file that an agent's processes print to, one after the other.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace supervisor {

class AgentOutput {
public:
    /// What stands in front of the first line of each process, before and behind its PID.
    static constexpr std::string_view kStartLineHead = "--- opampd: agent started, pid ";

    explicit AgentOutput(std::filesystem::path file) : file_(std::move(file)) {}

    const std::filesystem::path& file() const { return file_; }
    /// For another process: what is printed from here on is its own. A file over 10 MiB is moved away to NAME.1 first:
    /// none writes to it now. Errors: io.
    base::Result<base::UniqueFd> open();
    /// There is no process any more of whose output one could speak.
    void forget() { begin_.reset(); }
    /// How much there is now, for `printed_since`: bytes.
    std::uint64_t printed() const;
    /// What came after that, of it the last `most` bytes at most. Blocks. Errors: io.
    base::Result<std::string> printed_since(std::uint64_t printed, std::uint64_t most) const;
    /// What the process has printed last, at most ten lines; empty if nothing, or if it cannot be read. Blocks.
    std::string last_words() const;

private:
    const std::filesystem::path file_;
    std::optional<std::uint64_t> begin_;  ///< Of the present process's part.
};

}  // namespace supervisor

// An agent's output files: the live one, and how it becomes a rotated one.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "base/units.hpp"
#include "output/names.hpp"

namespace output {

struct Limits {
    std::uint64_t max_size = 10u << 20;  ///< Of the live file: at the next end of a line it is rotated.
    base::Duration max_age{};            ///< The same; 0: none.
    unsigned keep = 5;                   ///< Rotated files.
    base::Duration keep_for{};           ///< 0: for ever.
    bool compress = true;
};

/// Everything here blocks on the disk.
///
/// Thread  what changes the live file belongs to one thread at a time; packing and reading may go on beside it on
///         others. There is no step after which a start would not find its way: a rotated file has its name by one
///         rename, a packed one too, once it is whole.
class Files {
public:
    Files(std::filesystem::path file, const Limits& limits) : file_(std::move(file)), limits_(limits) {}

    const std::filesystem::path& file() const { return file_; }
    const Limits& limits() const { return limits_; }

    /// Before all else: removes what a stop in the middle of something has left, and sees what there is.
    void mend();

    /// The live file, made if it is not there. Errors: io.
    base::Result<base::UniqueFd> open(int flags) const;
    /// Gives the live file its number; what is returned is the next one, empty, open and locked as `open_locked`.
    /// Errors: io; then the live file is what it was.
    base::Result<base::UniqueFd> rotate();
    /// Removes what need not be kept; in how long there will be more, if ever.
    std::optional<base::Duration> remove_surplus() const;
    /// When the live file was begun; now, where the file system does not say.
    static std::uint64_t begun_unix_nano(int fd);

    /// Packs the newest rotated file that is not packed yet; false if there is none. For a thread of low priority.
    /// Errors: io, cancelled.
    base::Result<bool> pack_next(const std::atomic<bool>& stop) const;

    // ---- For readers.

    /// The number that the live file will have once it is rotated.
    std::uint64_t live_number() const;
    struct Opened {
        base::UniqueFd fd;
        bool is_packed = false;
    };
    /// The file of that number, live or rotated; nothing if it is gone.
    std::optional<Opened> open_to_read(std::uint64_t number) const;
    /// Of the rotated files, oldest first.
    std::vector<std::uint64_t> numbers() const;

private:
    std::filesystem::path beside(const Rotated& rotated) const;
    std::vector<Rotated> rotated() const;

    const std::filesystem::path file_;
    const Limits limits_;
    /// Twice the live file's number; one more while it is being rotated.
    std::atomic<std::uint64_t> turn_{2};
};

/// Empty where there is nothing, or nothing that can be read.
std::string read_at(int fd, std::uint64_t offset, std::size_t most);
std::uint64_t size_of(int fd);

enum class Patience { none, some };
/// Nobody else writes to the file while this one is open: what a dead daemon's guard is still writing comes first.
/// Waits for it with some patience, which is 5 s. Errors: io.
base::Result<base::UniqueFd> open_locked(const Files& files, Patience patience);

}  // namespace output

// Whether an agent still writes a file.
#pragma once

#include <cstdint>
#include <filesystem>

#include "async/blocking.hpp"
#include "async/task.hpp"
#include "base/result.hpp"
#include "base/units.hpp"

namespace health {

/// What the process before has left says nothing of this one.
struct FileProbe {
    std::filesystem::path file;
    base::Duration max_age{};             ///< Since it was changed; 0: any.
    std::uint64_t since_unix_nano = 0;    ///< It has to be changed after this.
    base::Duration timeout{};             ///< Of a disk that does not answer.
    async::BlockingPool* disk = nullptr;  ///< The file's alone, so that its disk holds up nobody else.
};

/// Errors: not_found, refused (it is too old), io, timeout.
async::Task<base::Result<void>> ask(const FileProbe& probe);

/// The same of a file that was changed then. Pure.
base::Result<void> judge(const FileProbe& probe, std::uint64_t changed_unix_nano, std::uint64_t now_unix_nano);

}  // namespace health

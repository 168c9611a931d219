// What a system call means for files, as far as the shim has to know: which path, and whether it changes anything.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace fault {

enum class Kind {
    changes,  ///< Creates, writes, renames, removes.
    syncs,
    opens,  ///< What is there already.
    reads,  ///< Content, names, or what is known of a file.
};
const char* to_string(Kind kind);

struct FileCall {
    std::string name;  ///< "openat"
    std::string path;  ///< Absolute.
    Kind kind = Kind::reads;
    bool takes_space = false;       ///< Fails where there is none left.
    bool takes_descriptor = false;  ///< Fails where there is none free.
};

/// Nothing if it is not about a file with a path. `thread` is stopped at the entry of the call.
std::optional<FileCall> file_call(pid_t thread, std::uint64_t number, const std::array<std::uint64_t, 6>& args);

/// Whether the kernel can answer the call with this error for want of room, descriptors, or a disk that can be written
/// to.
bool can_fail_with(const FileCall& call, int error);

}  // namespace fault

// opampctl, from its command line to its exit code.
#pragma once

#include <string>
#include <vector>

namespace ctl {

/// What a run prints, and how it ends.
struct End {
    std::string output;  ///< To standard output.
    std::string errors;  ///< To standard error.
    int code = 0;
};

// The exit codes, as --help and docs/opampctl.md have them.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kNotFound = 3;
inline constexpr int kNotReachable = 4;
inline constexpr int kRefused = 5;

/// `arguments` are without the program's name. Blocks. What has no end is written to standard output as it comes.
End run(const std::vector<std::string>& arguments);

}  // namespace ctl

// Secrets that are known by what they are, not by the name that they bear.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace base {

/// What stands in the place of a secret.
inline constexpr std::string_view kRedacted = "[REDACTED]";

class LiteralSecrets {
public:
    /// The content of a file: each of its lines is one, without the blanks around it. One that is shorter than four
    /// bytes is none, for it may stand anywhere by chance; nor is what comes after 64 KiB of all of them.
    void add(std::string_view content);

    /// `text` with `[REDACTED]` in the place of each.
    std::string redact(std::string text) const;

private:
    std::vector<std::string> lines_;  ///< The longest first: another may be a part of it.
    std::size_t bytes_ = 0;
};

}  // namespace base

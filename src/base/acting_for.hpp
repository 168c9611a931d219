// Files in places that somebody else can change, touched with that somebody's rights.
#pragma once

#include <filesystem>

#include "base/files.hpp"

namespace base {

/// While it lives, this thread touches files as the owner's user, where that user has any folder on the way to `place`,
/// a folder: who can put a link there cannot make root write to where it leads. Only where we are root; nothing of
/// others is changed. Spec: setfsuid(2).
class ActingFor {
public:
    ActingFor(const Owner& owner, const std::filesystem::path& place);
    ActingFor(const ActingFor&) = delete;
    ~ActingFor();

private:
    bool is_acting_ = false;
};

}  // namespace base

#include "base/acting_for.hpp"

#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

namespace base {
namespace {

bool has_any_of(uid_t user, const std::filesystem::path& place) {
    std::filesystem::path way;
    for (const auto& part : place.lexically_normal()) {
        way /= part;
        struct stat info {};
        if (::lstat(way.c_str(), &info) == 0 && info.st_uid == user) return true;
    }
    return false;
}

}  // namespace

ActingFor::ActingFor(const Owner& owner, const std::filesystem::path& place) {
    if (!owner.user || *owner.user == 0 || ::geteuid() != 0 || !has_any_of(*owner.user, place)) return;
    is_acting_ = true;
    // The group while it is still allowed to us. Both are this thread's alone.
    ::setfsgid(owner.group.value_or(::getegid()));
    ::setfsuid(*owner.user);
}

ActingFor::~ActingFor() {
    if (!is_acting_) return;
    ::setfsuid(::geteuid());
    ::setfsgid(::getegid());
}

}  // namespace base

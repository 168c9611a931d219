#include "supervisor/private_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace supervisor {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kPassage = 0711, kOurs = 0700, kReadOnlyFolder = 0500, kReadOnlyFile = 0400;

base::Error failed(const char* what, const fs::path& path) {
    return base::errno_error(errno).within(std::string(what) + " '" + path.string() + "'");
}

/// The mode whatever our umask is.
base::Result<void> make_one(const fs::path& folder, mode_t mode) {
    if (::mkdir(folder.c_str(), kOurs) != 0) return failed("creating folder", folder);
    if (::chmod(folder.c_str(), mode) != 0) return failed("changing the mode of", folder);
    return {};
}

base::Result<void> make_anew(const fs::path& folder) {
    std::error_code code;
    fs::remove_all(folder, code);
    if (auto made = make_passage(folder.parent_path()); !made) return made;
    return make_one(folder, kOurs);
}

}  // namespace

base::Result<void> make_passage(const fs::path& folder) {
    std::error_code code;
    if (folder.empty() || fs::is_directory(folder, code)) return {};
    if (auto made = make_passage(folder.parent_path()); !made) return made;
    return make_one(folder, kPassage);
}

void remove_left_folders(const fs::path& runtime, const std::set<std::string>& names) {
    std::error_code code;
    for (fs::directory_iterator next(runtime, code), end; !code && next != end; next.increment(code)) {
        const fs::path& path = next->path();
        struct stat info {};
        // Whoever else keeps something there has not made it so that one can pass through it and not look.
        const bool is_of_agent = path.extension() == ".private" && !names.contains(path.filename()) &&
                                 ::lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode) &&
                                 info.st_uid == ::geteuid() && (info.st_mode & 07777) == kPassage;
        std::error_code ignored;
        if (is_of_agent) fs::remove_all(path, ignored);
    }
}

base::Result<void> make_private_folder(const fs::path& folder, const base::Owner& owner) {
    if (auto made = make_anew(folder); !made) return made;
    return base::give_to(folder, owner);
}

PrivateFolder::~PrivateFolder() {
    if (path_.empty()) return;
    std::error_code code;
    fs::permissions(path_, fs::perms::owner_all, code);
    fs::remove_all(path_, code);
}

base::Result<PrivateFolder> PrivateFolder::make(fs::path path) {
    PrivateFolder folder;
    folder.path_ = std::move(path);
    if (auto made = make_anew(folder.path_); !made) return std::move(made).error();
    return folder;
}

base::Result<void> PrivateFolder::add(const std::string& name, std::string_view content,
                                      const base::Owner& owner) const {
    const fs::path file = path_ / name;
    const base::UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kReadOnlyFile));
    if (!fd || ::fchmod(fd.get(), kReadOnlyFile) != 0) return failed("creating", file);
    while (!content.empty()) {
        const ssize_t written = ::write(fd.get(), content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return failed("writing", file);
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return base::give_to(file, owner);
}

base::Result<void> PrivateFolder::hand_over(const base::Owner& owner) const {
    if (::chmod(path_.c_str(), kReadOnlyFolder) != 0) return failed("changing the mode of", path_);
    return base::give_to(path_, owner);
}

}  // namespace supervisor

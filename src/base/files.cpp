#include "base/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

namespace base {
namespace {

std::string quoted(const std::filesystem::path& path) {
    return "'" + path.string() + "'";
}

std::filesystem::path folder_of(const std::filesystem::path& file) {
    return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

/// The same name each time, so that what a stop in between has left can be found.
std::filesystem::path temporary_name(const std::filesystem::path& file) {
    return folder_of(file) / ("." + file.filename().string() + ".new");
}

bool is_temporary(const std::string& name) {
    return name.starts_with('.') && name.ends_with(".new");
}

std::filesystem::path temporary_beside(const std::filesystem::path& file) {
    remove_unfinished(file);
    return temporary_name(file);
}

Result<void> write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno_error(errno);
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

uid_t user_of(const Owner& owner) {
    return owner.user.value_or(static_cast<uid_t>(-1));
}
gid_t group_of(const Owner& owner) {
    return owner.group.value_or(static_cast<gid_t>(-1));
}

Result<void> write_synced(const std::filesystem::path& file, const Pieces& content, mode_t mode, const Owner& owner) {
    UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!fd) return errno_error(errno);
    if (owner != Owner{} && ::fchown(fd.get(), user_of(owner), group_of(owner)) != 0) return errno_error(errno);
    for (const std::string_view piece : content.all())
        if (auto written = write_all(fd.get(), piece); !written) return written;
    if (::fsync(fd.get()) != 0) return errno_error(errno);
    return {};
}

/// `made` exists; gives it the name `file`, or removes it.
Result<void> rename_durably(const std::filesystem::path& made, const std::filesystem::path& file) {
    if (::rename(made.c_str(), file.c_str()) != 0) {
        const int code = errno;
        ::unlink(made.c_str());
        return errno_error(code).within("writing " + quoted(file));
    }
    return sync_folder(folder_of(file));
}

}  // namespace

Error errno_error(int code) {
    const bool missing = code == ENOENT || code == ENOTDIR;
    return {missing ? Kind::not_found : Kind::io, std::generic_category().message(code)};
}

Result<std::string> read_file(const std::filesystem::path& file, std::uint64_t limit) {
    const auto failed = [&](int code) { return errno_error(code).within("reading " + quoted(file)); };
    // Without O_NONBLOCK, opening a pipe would wait for a writer.
    UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return failed(errno);
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return failed(errno);
    if (!S_ISREG(info.st_mode)) return Error(Kind::invalid, "reading " + quoted(file) + ": not a regular file");
    std::string content;
    content.reserve(static_cast<std::size_t>(info.st_size) < limit ? static_cast<std::size_t>(info.st_size) : 0);
    char buffer[16384];
    for (;;) {
        const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failed(errno);
        if (got == 0) return content;
        content.append(buffer, static_cast<std::size_t>(got));
        if (content.size() > limit)
            return Error(Kind::too_large,
                         "reading " + quoted(file) + ": larger than " + std::to_string(limit) + " bytes");
    }
}

bool has_content(const std::filesystem::path& file, std::string_view content) {
    std::error_code code;
    if (std::filesystem::file_size(file, code) != content.size() || code) return false;
    const auto there = read_file(file);
    return there && *there == content;
}

bool is_of(const std::filesystem::path& file, const Owner& owner) {
    struct stat info {};
    return ::lstat(file.c_str(), &info) == 0 && owner.user.value_or(info.st_uid) == info.st_uid &&
           owner.group.value_or(info.st_gid) == info.st_gid;
}

Result<void> give_to(const std::filesystem::path& path, const Owner& owner) {
    if (owner != Owner{} && ::lchown(path.c_str(), user_of(owner), group_of(owner)) != 0)
        return errno_error(errno).within("changing the owner of " + quoted(path));
    return {};
}

Result<void> replace_file(const std::filesystem::path& file, std::string_view content, mode_t mode,
                          const Owner& owner) {
    Pieces pieces;
    pieces.add(content);
    return replace_file(file, pieces, mode, owner);
}

Result<void> replace_file(const std::filesystem::path& file, const Pieces& content, mode_t mode, const Owner& owner) {
    if (auto prepared = prepare_file(file, content, mode, owner); !prepared) return prepared;
    return finish_file(file);
}

Result<void> prepare_file(const std::filesystem::path& file, const Pieces& content, mode_t mode, const Owner& owner) {
    const auto made = temporary_beside(file);
    auto written = write_synced(made, content, mode, owner);
    if (written) return {};
    ::unlink(made.c_str());
    return std::move(written).error().within("writing " + quoted(file));
}

Result<void> finish_file(const std::filesystem::path& file) {
    return rename_durably(temporary_name(file), file);
}

Result<void> replace_link(const std::filesystem::path& link, const std::filesystem::path& target) {
    const auto made = temporary_beside(link);
    if (::symlink(target.c_str(), made.c_str()) != 0) return errno_error(errno).within("linking " + quoted(link));
    return rename_durably(made, link);
}

void remove_unfinished(const std::filesystem::path& file) {
    ::unlink(temporary_name(file).c_str());
}

void remove_all_unfinished(const std::filesystem::path& folder) {
    std::error_code code;
    std::vector<std::filesystem::path> found;
    for (std::filesystem::directory_iterator next(folder, code), end; !code && next != end; next.increment(code))
        if (is_temporary(next->path().filename().string())) found.push_back(next->path());
    for (const auto& path : found) ::unlink(path.c_str());
}

Result<void> make_folder(const std::filesystem::path& folder, mode_t mode) {
    std::error_code ignored;
    if (std::filesystem::is_directory(folder, ignored)) return {};
    std::filesystem::path made;
    for (const auto& part : folder) {
        made /= part;
        const bool is_new = ::mkdir(made.c_str(), mode) == 0;
        const int code = errno;
        if (is_new)
            if (auto synced = sync_folder(folder_of(made)); !synced) return synced;
        if (is_new || code == EEXIST) continue;
        // A parent that exists but may not be written to (EROFS, EACCES on mkdir) is no failure.
        if (std::filesystem::is_directory(made, ignored)) continue;
        return errno_error(code).within("creating folder " + quoted(made));
    }
    if (!std::filesystem::is_directory(folder, ignored))
        return Error(Kind::invalid, "creating folder " + quoted(folder) + ": something else has that name");
    return {};
}

Result<void> sync_folder(const std::filesystem::path& folder) {
    UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) return errno_error(errno).within("syncing " + quoted(folder));
    return {};
}

Result<std::filesystem::path> set_aside(const std::filesystem::path& file) {
    auto aside = file;
    aside += ".damaged";
    std::error_code code;
    std::filesystem::remove_all(aside, code);
    if (::rename(file.c_str(), aside.c_str()) != 0) return errno_error(errno).within("setting aside " + quoted(file));
    return aside;
}

std::optional<std::string> make_room(const std::filesystem::path& path, Wanted wanted) {
    std::error_code ignored;
    const auto there = std::filesystem::status(path, ignored);
    if (!std::filesystem::exists(there) || std::filesystem::is_directory(there) == (wanted == Wanted::folder))
        return std::nullopt;
    const auto aside = set_aside(path);
    const std::string what = quoted(path) + (wanted == Wanted::folder ? " is not a folder" : " is a folder");
    return what + (aside ? "; kept as " + quoted(*aside) : "; " + aside.error().text());
}

}  // namespace base

#include "fault/calls.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace fault {
namespace {

namespace fs = std::filesystem;
constexpr int kNone = -1;

/// Where a call keeps its file: a descriptor, or a path that may be relative to one.
struct Row {
    std::uint64_t number;
    const char* name;
    Kind kind;
    int folder;  ///< The argument with the descriptor of the file, or of the folder that the path is relative to.
    int path;
    bool takes_space;
};

constexpr Row kRows[] = {
    // number          name           kind        folder path  space
    {SYS_open, "open", Kind::opens, kNone, 0, false},
    {SYS_creat, "creat", Kind::changes, kNone, 0, true},
    {SYS_openat, "openat", Kind::opens, 0, 1, false},
    {SYS_write, "write", Kind::changes, 0, kNone, true},
    {SYS_pwrite64, "pwrite64", Kind::changes, 0, kNone, true},
    {SYS_writev, "writev", Kind::changes, 0, kNone, true},
    {SYS_splice, "splice", Kind::changes, 2, kNone, true},
    {SYS_fsync, "fsync", Kind::syncs, 0, kNone, true},
    {SYS_fdatasync, "fdatasync", Kind::syncs, 0, kNone, true},
    {SYS_ftruncate, "ftruncate", Kind::changes, 0, kNone, false},
    {SYS_truncate, "truncate", Kind::changes, kNone, 0, false},
    {SYS_fchmod, "fchmod", Kind::changes, 0, kNone, false},
    {SYS_fchmodat, "fchmodat", Kind::changes, 0, 1, false},
    {SYS_chmod, "chmod", Kind::changes, kNone, 0, false},
    {SYS_fchown, "fchown", Kind::changes, 0, kNone, false},
    {SYS_rename, "rename", Kind::changes, kNone, 1, true},
    {SYS_renameat, "renameat", Kind::changes, 2, 3, true},
    {SYS_renameat2, "renameat2", Kind::changes, 2, 3, true},
    {SYS_link, "link", Kind::changes, kNone, 1, true},
    {SYS_linkat, "linkat", Kind::changes, 2, 3, true},
    {SYS_symlink, "symlink", Kind::changes, kNone, 1, true},
    {SYS_symlinkat, "symlinkat", Kind::changes, 1, 2, true},
    {SYS_unlink, "unlink", Kind::changes, kNone, 0, false},
    {SYS_unlinkat, "unlinkat", Kind::changes, 0, 1, false},
    {SYS_mkdir, "mkdir", Kind::changes, kNone, 0, true},
    {SYS_mkdirat, "mkdirat", Kind::changes, 0, 1, true},
    {SYS_rmdir, "rmdir", Kind::changes, kNone, 0, false},
    {SYS_read, "read", Kind::reads, 0, kNone, false},
    {SYS_pread64, "pread64", Kind::reads, 0, kNone, false},
    {SYS_getdents64, "getdents64", Kind::reads, 0, kNone, false},
    {SYS_fstat, "fstat", Kind::reads, 0, kNone, false},
    {SYS_stat, "stat", Kind::reads, kNone, 0, false},
    {SYS_lstat, "lstat", Kind::reads, kNone, 0, false},
    {SYS_newfstatat, "newfstatat", Kind::reads, 0, 1, false},
    {SYS_statx, "statx", Kind::reads, 0, 1, false},
    {SYS_readlink, "readlink", Kind::reads, kNone, 0, false},
    {SYS_readlinkat, "readlinkat", Kind::reads, 0, 1, false},
};

const Row* find_row(std::uint64_t number) {
    for (const Row& row : kRows)
        if (row.number == number) return &row;
    return nullptr;
}

std::string read_text(pid_t thread, std::uint64_t address) {
    std::string text;
    char buffer[256];
    for (;;) {
        // Not past the end of a page: the next one may not be there.
        const std::size_t room = std::min<std::size_t>(sizeof buffer, 4096 - address % 4096);
        const iovec here{buffer, room};
        const iovec there{reinterpret_cast<void*>(address), room};
        const ssize_t got = ::process_vm_readv(thread, &here, 1, &there, 1, 0);
        if (got <= 0) return text;
        const std::string_view piece(buffer, static_cast<std::size_t>(got));
        const auto end = piece.find('\0');
        text += piece.substr(0, end);
        if (end != std::string_view::npos) return text;
        address += piece.size();
    }
}

/// Of an open descriptor; also of sockets and pipes, which have no path that begins with a slash.
std::string path_of(pid_t thread, int descriptor) {
    const fs::path process = "/proc/" + std::to_string(thread);
    std::error_code code;
    const bool is_cwd = descriptor == AT_FDCWD;
    return fs::read_symlink(is_cwd ? process / "cwd" : process / "fd" / std::to_string(descriptor), code).string();
}

}  // namespace

const char* to_string(Kind kind) {
    switch (kind) {
    case Kind::changes: return "changes";
    case Kind::syncs: return "syncs";
    case Kind::opens: return "opens";
    case Kind::reads: return "reads";
    }
    return "reads";
}

std::optional<FileCall> file_call(pid_t thread, std::uint64_t number, const std::array<std::uint64_t, 6>& args) {
    const Row* row = find_row(number);
    if (!row) return std::nullopt;
    FileCall call{row->name, "", row->kind, row->takes_space, false};
    if (row->path != kNone) call.path = read_text(thread, args[static_cast<std::size_t>(row->path)]);
    if (!call.path.starts_with('/')) {
        const int folder =
            row->folder == kNone ? AT_FDCWD : static_cast<int>(args[static_cast<std::size_t>(row->folder)]);
        const std::string start = path_of(thread, folder);
        call.path = call.path.empty() ? start : start + "/" + call.path;
    }
    if (!call.path.starts_with('/')) return std::nullopt;
    if (number == SYS_open || number == SYS_openat) {
        call.takes_descriptor = true;
        const std::uint64_t flags = args[number == SYS_open ? 1 : 2];
        std::error_code code;
        const bool is_there = fs::exists(fs::symlink_status(call.path, code));
        call.takes_space = (flags & O_CREAT) != 0 && !is_there;
        if (call.takes_space || (flags & O_TRUNC) != 0) call.kind = Kind::changes;
    }
    return call;
}

bool can_fail_with(const FileCall& call, int error) {
    switch (error) {
    case EMFILE: return call.takes_descriptor;
    case ENOSPC: return call.takes_space;
    case EROFS: return call.kind == Kind::changes;
    default: return true;
    }
}

}  // namespace fault

#include "output/files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <set>

#include "base/files.hpp"
#include "output/pack.hpp"

namespace output {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kNano = 1'000'000'000;
constexpr base::Duration kTick = std::chrono::milliseconds(1);
constexpr int kLockTries = 500;
constexpr timespec kLockPause{0, 10'000'000};

/// What is half made has this name, as everywhere in the state folder.
fs::path unfinished(const fs::path& file) {
    return file.parent_path() / ("." + file.filename().string() + ".new");
}

std::vector<fs::path> entries_of(const fs::path& folder) {
    std::vector<fs::path> entries;
    std::error_code code;
    for (fs::directory_iterator next(folder, code), end; !code && next != end; next.increment(code))
        entries.push_back(next->path());
    return entries;
}

base::Duration age_of(const fs::path& file) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0) return {};
    const std::int64_t written = info.st_mtim.tv_sec * kNano + info.st_mtim.tv_nsec;
    return base::Duration(static_cast<std::int64_t>(base::unix_nano_now()) - written);
}

bool lock(int fd, Patience patience) {
    const int tries = patience == Patience::some ? kLockTries : 1;
    for (int i = 0; i < tries; ++i) {
        if (i > 0) ::nanosleep(&kLockPause, nullptr);
        if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    }
    return false;
}

/// As open to others as the one before, which an operator may have changed.
void make_like(int fd, const fs::path& before) {
    struct stat info {};
    if (::stat(before.c_str(), &info) != 0) return;
    const bool is_theirs = ::fchown(fd, info.st_uid, info.st_gid) == 0;
    if (is_theirs) ::fchmod(fd, info.st_mode & 07777);
}

}  // namespace

fs::path Files::beside(const Rotated& rotated) const {
    return file_.parent_path() / name_of(file_.filename().string(), rotated);
}

std::vector<Rotated> Files::rotated() const {
    const std::string live = file_.filename().string();
    std::vector<Rotated> found;
    for (const fs::path& entry : entries_of(file_.parent_path()))
        if (const auto rotated = parse_rotated(live, entry.filename().string())) found.push_back(*rotated);
    return found;
}

std::vector<std::uint64_t> Files::numbers() const {
    std::set<std::uint64_t> numbers;
    for (const Rotated& file : rotated()) numbers.insert(file.number);
    return {numbers.begin(), numbers.end()};
}

void Files::mend() {
    const std::string live = file_.filename().string();
    ::unlink(unfinished(file_).c_str());
    for (const fs::path& entry : entries_of(file_.parent_path())) {
        const std::string name = entry.filename().string();
        if (!name.starts_with("." + live + ".") || !name.ends_with(".new")) continue;
        if (parse_rotated(live, name.substr(1, name.size() - 1 - std::string_view(".new").size())))
            ::unlink(entry.c_str());
    }
    const auto found = rotated();
    for (const Rotated& plain : packed_twice(found)) ::unlink(beside(plain).c_str());
    std::uint64_t last = 0;
    for (const Rotated& file : found) last = std::max(last, file.number);
    turn_ = (last + 1) * 2;
}

base::Result<base::UniqueFd> Files::open(int flags) const {
    base::UniqueFd fd(::open(file_.c_str(), flags | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600));
    if (!fd) return base::errno_error(errno).within("opening '" + file_.string() + "'");
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode))
        return base::Error(base::Kind::io, "'" + file_.string() + "' is not a regular file");
    ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) & ~O_NONBLOCK);
    return fd;
}

base::Result<base::UniqueFd> Files::rotate() {
    const fs::path next = unfinished(file_);
    const auto failed = [&](int code) {
        ::unlink(next.c_str());
        return base::errno_error(code).within("rotating '" + file_.string() + "'");
    };
    ::unlink(next.c_str());
    base::UniqueFd fd(::open(next.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return failed(errno);
    make_like(fd.get(), file_);
    const std::uint64_t number = live_number();
    turn_ = number * 2 + 1;
    if (::rename(file_.c_str(), beside({number, false}).c_str()) != 0) {
        const int code = errno;
        turn_ = number * 2;
        return failed(code);
    }
    if (::rename(next.c_str(), file_.c_str()) != 0) {
        const int code = errno;
        ::rename(beside({number, false}).c_str(), file_.c_str());
        turn_ = number * 2;
        return failed(code);
    }
    turn_ = (number + 1) * 2;
    return fd;
}

std::optional<base::Duration> Files::remove_surplus() const {
    std::vector<Aged> files;
    for (const Rotated& file : rotated()) files.push_back({file, age_of(beside(file))});
    const auto gone = surplus(files, limits_.keep, limits_.keep_for);
    for (const Rotated& file : gone) ::unlink(beside(file).c_str());
    std::optional<base::Duration> next;
    if (limits_.keep_for == base::Duration(0)) return next;
    for (const Aged& aged : files) {
        if (std::ranges::find(gone, aged.file) != gone.end()) continue;
        const base::Duration left = std::max(limits_.keep_for - aged.age, base::Duration(0)) + kTick;
        next = next ? std::min(*next, left) : left;
    }
    return next;
}

std::uint64_t Files::begun_unix_nano(int fd) {
    struct statx info {};
    const bool is_told = ::statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &info) == 0 && (info.stx_mask & STATX_BTIME) != 0;
    if (!is_told) return base::unix_nano_now();
    return static_cast<std::uint64_t>(info.stx_btime.tv_sec * kNano + info.stx_btime.tv_nsec);
}

base::Result<bool> Files::pack_next(const std::atomic<bool>& stop) const {
    if (!limits_.compress) return false;
    const auto found = rotated();
    Rotated plain;
    for (const Rotated& file : found)
        if (!file.is_packed && file.number > plain.number) plain = file;
    if (plain.number == 0) return false;
    const fs::path from = beside(plain), to = beside({plain.number, true});
    if (auto packed = pack(from, unfinished(to), stop); !packed) {
        // Removed meanwhile, because newer ones took its place.
        if (packed.error().kind() == base::Kind::not_found) return true;
        return std::move(packed).error();
    }
    if (::access(from.c_str(), F_OK) != 0) {
        ::unlink(unfinished(to).c_str());
        return true;
    }
    if (::rename(unfinished(to).c_str(), to.c_str()) != 0) {
        const int code = errno;
        ::unlink(unfinished(to).c_str());
        return base::errno_error(code).within("packing '" + from.string() + "'");
    }
    if (auto synced = base::sync_folder(file_.parent_path()); !synced) return std::move(synced).error();
    ::unlink(from.c_str());
    remove_surplus();
    return true;
}

std::uint64_t Files::live_number() const {
    return turn_ / 2;
}

std::optional<Files::Opened> Files::open_to_read(std::uint64_t number) const {
    constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NOCTTY;
    constexpr timespec kPause{0, 1'000'000};
    for (;;) {
        const std::uint64_t turn = turn_;
        if (turn % 2 != 0) {  // a moment, between two names
            ::nanosleep(&kPause, nullptr);
            continue;
        }
        Opened opened;
        if (number == turn / 2) {
            opened.fd.reset(::open(file_.c_str(), kFlags));
        } else {
            opened.fd.reset(::open(beside({number, false}).c_str(), kFlags));
            opened.is_packed = !opened.fd;
            if (!opened.fd) opened.fd.reset(::open(beside({number, true}).c_str(), kFlags));
        }
        if (turn != turn_) continue;
        if (!opened.fd) return std::nullopt;
        return opened;
    }
}

std::string read_at(int fd, std::uint64_t offset, std::size_t most) {
    std::string text(most, '\0');
    const ssize_t got = ::pread(fd, text.data(), text.size(), static_cast<off_t>(offset));
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
}

std::uint64_t size_of(int fd) {
    struct stat info {};
    return ::fstat(fd, &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

base::Result<base::UniqueFd> open_locked(const Files& files, Patience patience) {
    auto fd = files.open(O_RDWR);
    if (fd && !lock(fd->get(), patience))
        return base::Error(base::Kind::io, "'" + files.file().string() + "' is locked by another program");
    return fd;
}

}  // namespace output

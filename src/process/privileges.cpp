#include "process/privileges.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/blocked_signals.hpp"
#include "base/files.hpp"
#include "process/vfork_limit.hpp"

namespace process {
namespace {

constexpr int kMostCapabilities = 64;

struct CapabilitySets {
    std::uint64_t effective = 0, permitted = 0, inheritable = 0;
};

bool read_sets(CapabilitySets& sets) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2] = {};
    if (::syscall(SYS_capget, &header, data) != 0) return false;
    const auto whole = [](std::uint32_t low, std::uint32_t high) { return std::uint64_t{high} << 32 | low; };
    sets = {whole(data[0].effective, data[1].effective), whole(data[0].permitted, data[1].permitted),
            whole(data[0].inheritable, data[1].inheritable)};
    return true;
}

bool write_sets(const CapabilitySets& sets) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2] = {};
    for (int half = 0; half < 2; ++half) {
        data[half].effective = static_cast<std::uint32_t>(sets.effective >> (32 * half));
        data[half].permitted = static_cast<std::uint32_t>(sets.permitted >> (32 * half));
        data[half].inheritable = static_cast<std::uint32_t>(sets.inheritable >> (32 * half));
    }
    return ::syscall(SYS_capset, &header, data) == 0;
}

bool has(std::uint64_t set, int capability) {
    return (set >> capability & 1) != 0;
}

bool drop_others(std::uint64_t bounding_set) {
    for (int capability = 0; capability < kMostCapabilities; ++capability) {
        const int is_there = ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
        if (is_there < 0) break;  // the kernel knows no more
        if (is_there > 0 && !has(bounding_set, capability) && ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0)
            return false;
    }
    return true;
}

/// What a program gets by the change of user alone is none of the daemon's rights; by these it gets exactly `ambient`.
bool set_ambient(std::uint64_t ambient) {
    CapabilitySets sets;
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 || !read_sets(sets)) return false;
    if ((sets.permitted & ambient) != ambient) return errno = EPERM, false;
    sets.inheritable = ambient;
    sets.effective = sets.permitted & (sets.effective | ambient);
    if (!write_sets(sets)) return false;
    for (int capability = 0; capability < kMostCapabilities; ++capability)
        if (has(ambient, capability) && ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0)
            return false;
    return true;
}

bool write_file(const char* file, const char* text, std::size_t size) {
    const int fd = ::open(file, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    const bool is_written = ::write(fd, text, size) == static_cast<ssize_t>(size);
    const int code = errno;
    ::close(fd);
    errno = code;
    return is_written;
}

bool set_oom_score(int adjust) {
    char digits[16];
    char* begin = digits + sizeof digits;
    unsigned rest = static_cast<unsigned>(adjust < 0 ? -adjust : adjust);
    do *--begin = static_cast<char>('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (adjust < 0) *--begin = '-';
    // The kernel spares who shares this memory for want of an exec.
    return write_file("/proc/self/oom_score_adj", begin, static_cast<std::size_t>(digits + sizeof digits - begin));
}

/// An end of a rehearsal, in memory that parent and child share.
struct Seen {
    bool is_trouble = false;
    PrivilegeTrouble trouble{PrivilegeStep::user, 0, 0};
};

void play(const Privileges& privileges, const char* working_directory, const std::vector<Access>& wanted,
          volatile Seen& seen) {
    auto trouble = take_privileges(privileges, -1);
    if (!trouble && ::chdir(working_directory) != 0) trouble = {PrivilegeStep::working_directory, errno, 0};
    for (std::size_t i = 0; i < wanted.size() && !trouble; ++i)
        if (::syscall(SYS_faccessat2, AT_FDCWD, wanted[i].path.c_str(), wanted[i].mode, AT_EACCESS) != 0)
            trouble = {PrivilegeStep::access, errno, i};
    if (!trouble) return;
    seen.trouble.step = trouble->step;
    seen.trouble.code = trouble->code;
    seen.trouble.index = trouble->index;
    seen.is_trouble = true;
}

/// Has a child do `work`, which shares our memory and makes system calls alone, and waits for its end. Errors: io.
template <typename Work>
base::Result<void> in_child(const Work& work) {
    const DumpableAgain dumpable_again;
    const base::BlockedSignals blocked;
    std::optional<VforkLimit> limit(std::in_place);
    const pid_t pid = ::vfork();
    if (pid == 0) {
        limit->begin();
        work();
        ::_exit(0);
    }
    const int code = errno;
    limit.reset();
    if (pid < 0) return base::errno_error(code).within("making a process");
    ::waitpid(pid, nullptr, 0);
    return {};
}

}  // namespace

const char* to_string(PrivilegeStep step) {
    switch (step) {
    case PrivilegeStep::cgroup: return "entering its control group";
    case PrivilegeStep::limit: return "setting its limits";
    case PrivilegeStep::nice: return "setting its nice value";
    case PrivilegeStep::oom_score: return "setting its OOM score";
    case PrivilegeStep::groups: return "setting its supplementary groups";
    case PrivilegeStep::group: return "setting its group";
    case PrivilegeStep::bounding_set: return "dropping capabilities";
    case PrivilegeStep::user: return "setting its user";
    case PrivilegeStep::ambient: return "setting its ambient capabilities";
    case PrivilegeStep::no_new_privileges: return "setting no_new_privileges";
    case PrivilegeStep::working_directory: return "changing to its working directory";
    case PrivilegeStep::access: return "looking for what it needs";
    }
    return "";
}

std::optional<PrivilegeTrouble> take_privileges(const Privileges& privileges, int cgroup_procs) {
    using Step = PrivilegeStep;
    const auto failed = [](Step step, std::size_t index = 0) { return PrivilegeTrouble{step, errno, index}; };
    if (cgroup_procs >= 0 && ::write(cgroup_procs, "0", 1) != 1) return failed(Step::cgroup);
    for (std::size_t i = 0; i < privileges.limits.size(); ++i) {
        const rlimit limit{privileges.limits[i].soft, privileges.limits[i].hard};
        if (::syscall(SYS_prlimit64, 0, privileges.limits[i].resource, &limit, nullptr) != 0)
            return failed(Step::limit, i);
    }
    if (privileges.nice && ::syscall(SYS_setpriority, PRIO_PROCESS, 0, *privileges.nice) != 0)
        return failed(Step::nice);
    if (privileges.oom_score_adjust && !set_oom_score(*privileges.oom_score_adjust)) return failed(Step::oom_score);
    if (privileges.groups && ::syscall(SYS_setgroups, privileges.groups->size(), privileges.groups->data()) != 0)
        return failed(Step::groups);
    if (privileges.group && ::syscall(SYS_setresgid, *privileges.group, *privileges.group, *privileges.group) != 0)
        return failed(Step::group);
    if (privileges.bounding_set && !drop_others(*privileges.bounding_set)) return failed(Step::bounding_set);
    if (privileges.user) {
        if (privileges.ambient.value_or(0) != 0 && ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
            return failed(Step::ambient);
        if (::syscall(SYS_setresuid, *privileges.user, *privileges.user, *privileges.user) != 0)
            return failed(Step::user);
    }
    if (privileges.user || privileges.ambient)
        if (!set_ambient(privileges.ambient.value_or(0))) return failed(Step::ambient);
    if (privileges.no_new_privileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return failed(Step::no_new_privileges);
    if (privileges.umask) ::umask(*privileges.umask);
    return std::nullopt;
}

base::Result<std::optional<PrivilegeTrouble>> rehearse(const Privileges& privileges,
                                                       const std::filesystem::path& working_directory,
                                                       const std::vector<Access>& wanted) {
    volatile Seen seen;
    const auto done = in_child([&] { play(privileges, working_directory.c_str(), wanted, seen); });
    if (!done) return done.error();
    if (!seen.is_trouble) return std::optional<PrivilegeTrouble>();
    return std::optional(PrivilegeTrouble{seen.trouble.step, seen.trouble.code, seen.trouble.index});
}

std::optional<std::string> read_as(const Privileges& privileges, const std::filesystem::path& file, std::size_t most) {
    std::string text(most, '\0');
    volatile std::size_t size = 0;
    volatile bool is_read = false;
    const auto done = in_child([&] {
        if (take_privileges(privileges, -1)) return;
        const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0) return;
        ssize_t got = 1;
        while (got > 0 && size < most)
            if (got = ::read(fd, text.data() + size, most - size); got > 0) size = size + static_cast<std::size_t>(got);
        is_read = got == 0;
    });
    if (!done || !is_read) return std::nullopt;
    text.resize(size);
    return text;
}

DumpableAgain::DumpableAgain() : before_(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)) {}

DumpableAgain::~DumpableAgain() {
    if (before_ == 1 && ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 1) ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

std::uint64_t effective_capabilities() {
    CapabilitySets sets;
    return read_sets(sets) ? sets.effective : 0;
}

}  // namespace process

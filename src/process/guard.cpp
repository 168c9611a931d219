#include "process/guard.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/blocked_signals.hpp"
#include "base/files.hpp"
#include "process/run_mark.hpp"

namespace process {
namespace {

constexpr std::size_t kMostGroups = 4096;
constexpr std::size_t kMostOutputs = 1024;
constexpr std::size_t kLongestPath = 1024;
/// For a killed process to be gone, and with it its end of the pipe.
constexpr int kPatienceMs = 500;

/// What the guard knows of an agent's output.
struct Output {
    std::uint64_t id;
    int pipe;
    char file[kLongestPath];
};

void take_name(char** argv) {
    constexpr char kName[] = "agent-guard";
    ::prctl(PR_SET_NAME, kName);
    if (!argv[0]) return;
    char* end = argv[0];
    for (char** arg = argv; *arg; ++arg) end = *arg + std::strlen(*arg);
    const auto room = static_cast<std::size_t>(end - argv[0]);
    std::memset(argv[0], 0, room);
    std::memcpy(argv[0], kName, std::min(sizeof kName - 1, room));
}

/// For what cannot die, such as in a frozen group or on a dead file system: what others printed is saved all the same.
constexpr int kMostRounds = 2000;

/// What has left its group, and has been the daemon's. Whether there was any: it may have made others meanwhile.
bool kill_detached() {
    bool is_any = false;
    for (const pid_t pid : all_processes()) {
        // The number stays this process's while it is looked at.
        const base::UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
        if (process && has_variable(pid, kRunVariable, daemon_mark()))
            is_any = ::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0) == 0 || is_any;
    }
    return is_any;
}

int descriptor_in(msghdr& header) {
    const cmsghdr* part = CMSG_FIRSTHDR(&header);
    int fd = -1;
    if (part && part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS)
        std::memcpy(&fd, CMSG_DATA(part), sizeof fd);
    return fd;
}

/// The lock tells a daemon that has been started meanwhile to wait. -1: it was quicker.
int open_locked(const Output& output) {
    const int file = ::open(output.file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
    return file >= 0 && ::flock(file, LOCK_EX | LOCK_NB) == 0 ? file : -1;
}

/// What nobody has taken out of the pipe; whoever has escaped may go on filling it.
void save(const Output& output, int file) {
    static char bytes[64 << 10];
    if (file < 0) return;
    pollfd waited{output.pipe, POLLIN, 0};
    for (ssize_t left = ::fcntl(output.pipe, F_GETPIPE_SZ); left > 0 && ::poll(&waited, 1, kPatienceMs) > 0;) {
        const ssize_t got = ::read(output.pipe, bytes, sizeof bytes);
        if (got <= 0) break;
        left -= got;
        for (ssize_t done = 0; done < got;) {
            const ssize_t written = ::write(file, bytes + done, static_cast<std::size_t>(got - done));
            if (written <= 0) break;
            done += written;
        }
    }
    ::close(file);
}

/// All that it has been told of, in memory that is there from the start.
class Watched {
public:
    /// Negative: to be forgotten.
    void note_group(pid_t group) {
        if (group < 0)
            group_count_ = static_cast<std::size_t>(std::remove(groups_, groups_ + group_count_, -group) - groups_);
        else if (group_count_ < kMostGroups)
            groups_[group_count_++] = group;
    }
    void add_output(std::uint64_t id, int pipe, std::string_view file) {
        if (output_count_ == kMostOutputs || file.size() > kLongestPath) {
            ::close(pipe);
            return;
        }
        Output& output = outputs_[output_count_++];
        output.id = id;
        output.pipe = pipe;
        std::memcpy(output.file, file.data(), file.size());  // with its NUL
    }
    void remove_output(std::uint64_t id) {
        const auto is_it = [id](const Output& output) { return output.id == id; };
        Output* const end = outputs_ + output_count_;
        if (Output* const found = std::find_if(outputs_, end, is_it); found != end) {
            ::close(found->pipe);
            std::copy(found + 1, end, found);
            --output_count_;
        }
    }
    void end() const {
        static int files[kMostOutputs];
        for (std::size_t i = 0; i < output_count_; ++i) files[i] = open_locked(outputs_[i]);
        for (std::size_t i = 0; i < group_count_; ++i) ::kill(-groups_[i], SIGKILL);
        for (int round = 0; round < kMostRounds && kill_detached(); ++round) ::usleep(1000);
        for (std::size_t i = 0; i < output_count_; ++i) save(outputs_[i], files[i]);
    }

private:
    pid_t groups_[kMostGroups];
    Output outputs_[kMostOutputs];
    std::size_t group_count_ = 0, output_count_ = 0;
};

}  // namespace

/// The guard's whole life. Nothing here allocates while the daemon lives: its pages stay shared with the daemon's.
void Guard::keep_watch(int socket) {
    static Watched watched;
    for (;;) {
        Message message{};
        char path[kLongestPath];
        alignas(cmsghdr) char rights[CMSG_SPACE(sizeof(int))];
        iovec parts[] = {{&message, sizeof message}, {path, sizeof path}};
        msghdr header{};
        header.msg_iov = parts;
        header.msg_iovlen = 2;
        header.msg_control = rights;
        header.msg_controllen = sizeof rights;
        const ssize_t got = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
        if (got < 0 && errno == EINTR) continue;
        if (got < static_cast<ssize_t>(sizeof message)) break;
        if (const int pipe = descriptor_in(header); pipe >= 0)
            watched.add_output(message.output, pipe, {path, static_cast<std::size_t>(got) - sizeof message});
        else if (message.group == 0)
            watched.remove_output(message.output);
        else
            watched.note_group(message.group);
    }
    watched.end();
    ::_exit(0);
}

base::Result<Guard> Guard::start(char** argv) {
    daemon_mark();  // the same for both of us
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return base::errno_error(errno).within("starting the guard");
    base::UniqueFd guards_end(ends[0]);
    base::UniqueFd daemons_end(ends[1]);
    const pid_t pid = ::fork();
    if (pid < 0) return base::errno_error(errno).within("starting the guard");
    if (pid == 0) {
        base::block_signals();
        ::setsid();  // a signal to the daemon's group or terminal must not reach it
        take_name(argv);
        ::dup2(guards_end.get(), 0);
        ::close_range(1, ~0u, 0);
        if (::chdir("/") != 0) ::_exit(1);
        keep_watch(0);
    }
    return Guard(std::move(daemons_end));
}

bool Guard::tell(const Message& message) {
    return ::send(socket_.get(), &message, sizeof message, MSG_NOSIGNAL) == sizeof message;
}

bool Guard::keep_output(std::uint64_t id, int pipe, const std::filesystem::path& file) {
    const std::string& path = file.native();
    if (path.size() >= kLongestPath) return false;
    Message message{0, id};
    alignas(cmsghdr) char rights[CMSG_SPACE(sizeof pipe)] = {};
    iovec parts[] = {{&message, sizeof message}, {const_cast<char*>(path.c_str()), path.size() + 1}};
    msghdr header{};
    header.msg_iov = parts;
    header.msg_iovlen = 2;
    header.msg_control = rights;
    header.msg_controllen = sizeof rights;
    cmsghdr* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof pipe);
    std::memcpy(CMSG_DATA(part), &pipe, sizeof pipe);
    return ::sendmsg(socket_.get(), &header, MSG_NOSIGNAL) > 0;
}

}  // namespace process

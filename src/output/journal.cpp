#include "output/journal.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "base/files.hpp"

namespace output {

base::Result<base::UniqueFd> open_journal(const std::string& identifier, std::chrono::seconds patience) {
    const auto failed = [](int code) {
        return base::errno_error(code)
            .within(std::string("opening a stream of the journal at '") + kJournalSocket + "'")
            .hint("is systemd-journald running? else write another agent.output.destination");
    };
    base::UniqueFd stream(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, kJournalSocket, sizeof kJournalSocket);
    const timeval limit{patience.count(), 0};
    if (!stream || ::setsockopt(stream.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0 ||
        ::connect(stream.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return failed(errno);
    ::shutdown(stream.get(), SHUT_RD);
    // Identifier, unit, priority, whether a line may begin with one, and where else it goes to: nowhere.
    const std::string header = identifier + "\n\n6\n1\n0\n0\n0\n";
    if (::send(stream.get(), header.data(), header.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(header.size()))
        return failed(errno);
    return stream;
}

std::string journal_stream_of(int stream) {
    struct stat info {};
    if (::fstat(stream, &info) != 0) return {};
    return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
}

}  // namespace output

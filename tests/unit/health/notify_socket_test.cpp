#include "health/notify_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "base/unique_fd.hpp"
#include "health/notification.hpp"
#include "support/run.hpp"
#include "support/temp_folder.hpp"

using health::NotifySocket;

namespace {

struct Rig {
    Rig() : path(folder / "notify.sock") {
        auto opened = NotifySocket::open(context.get_executor(), path);
        REQUIRE(opened);
        socket = std::move(*opened);
    }
    /// From this process, with a descriptor if there is one.
    bool send(const std::string& text, int fd = -1) const {
        const base::UniqueFd from(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strcpy(address.sun_path, path.c_str());
        iovec buffer{const_cast<char*>(text.data()), text.size()};
        alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)]{};
        msghdr head{};
        head.msg_name = &address;
        head.msg_namelen = sizeof address;
        head.msg_iov = &buffer;
        head.msg_iovlen = 1;
        if (fd >= 0) {
            head.msg_control = control;
            head.msg_controllen = sizeof control;
            cmsghdr* part = CMSG_FIRSTHDR(&head);
            part->cmsg_level = SOL_SOCKET;
            part->cmsg_type = SCM_RIGHTS;
            part->cmsg_len = CMSG_LEN(sizeof fd);
            std::memcpy(CMSG_DATA(part), &fd, sizeof fd);
        }
        return ::sendmsg(from.get(), &head, MSG_NOSIGNAL) >= 0;
    }

    async::asio::io_context context;
    support::TempFolder folder;
    std::filesystem::path path;
    std::unique_ptr<NotifySocket> socket;
};

/// The lowest number that is free: whoever leaves a descriptor open changes it.
int next_descriptor() {
    return base::UniqueFd(::dup(STDIN_FILENO)).get();
}

}  // namespace

TEST_CASE("a message comes with the PID of its sender", "[health][notify]") {
    Rig rig;
    CHECK_FALSE(rig.socket->receive());
    REQUIRE(rig.send("READY=1"));
    support::run(rig.context, rig.socket->readable());
    const auto message = rig.socket->receive();
    REQUIRE(message);
    CHECK(message->text == "READY=1");
    CHECK(message->sender == ::getpid());
    CHECK_FALSE(rig.socket->receive());
}

TEST_CASE("descriptors that come with a message are closed", "[health][notify]") {
    Rig rig;
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    const base::UniqueFd read_end(ends[0]);
    base::UniqueFd write_end(ends[1]);
    const int before = next_descriptor();
    REQUIRE(rig.send("BARRIER=1", write_end.get()));
    write_end.reset();
    char byte = 0;
    CHECK(::read(read_end.get(), &byte, 1) == -1);  // the message holds it open
    const auto message = rig.socket->receive();
    REQUIRE(message);
    CHECK(message->sender == ::getpid());
    CHECK(::read(read_end.get(), &byte, 1) == 0);
    CHECK(next_descriptor() <= before);
}

TEST_CASE("a message too long says nothing", "[health][notify]") {
    Rig rig;
    REQUIRE(rig.send("READY=1\n" + std::string(health::kMostNotification, 'x')));
    const auto message = rig.socket->receive();
    REQUIRE(message);
    CHECK(message->text.empty());
}

TEST_CASE("the socket is for our user alone, and gone with its object", "[health][notify]") {
    Rig rig;
    struct stat info {};
    REQUIRE(::stat(rig.path.c_str(), &info) == 0);
    CHECK(S_ISSOCK(info.st_mode));
    CHECK((info.st_mode & 0777) == 0600);
    rig.socket.reset();
    CHECK_FALSE(std::filesystem::exists(rig.path));
}

TEST_CASE("what a former socket has left is replaced", "[health][notify]") {
    Rig rig;
    support::write(rig.folder / "other.sock", "left");
    CHECK(NotifySocket::open(rig.context.get_executor(), rig.folder / "other.sock"));
    const auto too_long = NotifySocket::open(rig.context.get_executor(), rig.folder / std::string(120, 'x'));
    REQUIRE_FALSE(too_long);
    CHECK(too_long.error().kind() == base::Kind::invalid);
}

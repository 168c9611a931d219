#include "process/descent.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/unique_fd.hpp"

namespace {

bool belongs_to(pid_t pid, pid_t leader) {
    return process::belongs_to(pid, leader, "a run");
}

/// A child that waits until it is killed, in a group of its own; it tells the PID of a child of its own, which is in
/// another group and waits as well.
struct Family {
    Family() {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        const base::UniqueFd read_end(ends[0]);
        base::UniqueFd write_end(ends[1]);
        leader = ::fork();
        if (leader == 0) {
            ::setpgid(0, 0);
            pid_t child = ::fork();
            if (child == 0) {
                ::setpgid(0, 0);
                child = ::getpid();
                if (::write(write_end.get(), &child, sizeof child) < 0) ::_exit(1);
            }
            for (;;) ::pause();
        }
        write_end.reset();
        REQUIRE(::read(read_end.get(), &grandchild, sizeof grandchild) == sizeof grandchild);
    }
    ~Family() {
        ::kill(grandchild, SIGKILL);
        ::kill(leader, SIGKILL);
        ::waitpid(leader, nullptr, 0);
    }
    pid_t leader = 0, grandchild = 0;
};

}  // namespace

TEST_CASE("a process belongs to what it descends from, whatever its group", "[process][descent]") {
    const Family family;
    CHECK(belongs_to(family.leader, family.leader));
    CHECK(belongs_to(family.grandchild, family.leader));
    CHECK_FALSE(belongs_to(::getpid(), family.leader));
    CHECK_FALSE(belongs_to(family.leader, family.grandchild));
    CHECK_FALSE(belongs_to(1, family.leader));
    CHECK_FALSE(belongs_to(0, family.leader));
}

TEST_CASE("a process that has ended belongs to nobody", "[process][descent]") {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    REQUIRE(::waitpid(child, nullptr, 0) == child);
    CHECK_FALSE(belongs_to(child, ::getpid()));
}

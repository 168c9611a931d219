#include "process/vfork_limit.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <optional>

using namespace std::chrono_literals;

namespace {

/// The status of a child that does `work` before it would become another program.
template <typename Work>
int status_of(std::chrono::milliseconds most, const Work& work) {
    std::optional<process::VforkLimit> limit(most);
    const pid_t pid = ::vfork();
    if (pid == 0) {
        limit->begin();
        work();
        ::_exit(7);
    }
    limit.reset();
    int status = 0;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    return status;
}

}  // namespace

TEST_CASE("a child that is stopped before it is another program does not stop us", "[process][vfork]") {
    const int status = status_of(20ms, [] { ::kill(::getpid(), SIGSTOP); });
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGKILL);
}

TEST_CASE("one that is in time is left alone", "[process][vfork]") {
    CHECK(WEXITSTATUS(status_of(1h, [] {})) == 7);
}

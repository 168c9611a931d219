#include "process/privileges.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/unique_fd.hpp"
#include "process/child.hpp"
#include "support/run.hpp"
#include "support/temp_folder.hpp"

using process::Privileges;
using process::PrivilegeStep;

namespace {

/// What a shell with these says of itself.
std::string told(const Privileges& privileges, const std::string& script, std::vector<int> descriptors = {}) {
    support::TempFolder folder;
    base::UniqueFd output(::open((folder / "out").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    async::asio::io_context context;
    process::SpawnSpec spec;
    spec.executable = "/bin/sh";
    spec.args = {"-c", script};
    spec.environment = {"PATH=/usr/bin:/bin"};
    spec.working_directory = "/";
    spec.output = output.get();
    spec.privileges = privileges;
    spec.descriptors = std::move(descriptors);
    auto child = process::Child::spawn(context.get_executor(), spec);
    if (!child) return child.error().text();
    support::run(context, child->ended());
    child->reap();
    return support::read(folder / "out");
}

}  // namespace

TEST_CASE("a child has the limits, the umask and the nice value that were asked for", "[process][privileges]") {
    Privileges privileges;
    privileges.umask = 027;
    privileges.limits = {{RLIMIT_NOFILE, 50, 60}, {RLIMIT_CORE, 0, 0}};
    privileges.nice = 7;
    privileges.oom_score_adjust = 900;
    privileges.no_new_privileges = true;
    CHECK(told(privileges,
               "umask; ulimit -Sn; ulimit -Hn; ulimit -c; nice; cat /proc/self/oom_score_adj; grep NoNew "
               "/proc/self/status") == "0027\n50\n60\n0\n7\n900\nNoNewPrivs:\t1\n");
}

TEST_CASE("a child has open what it was given, from 3 on, whatever our numbers are", "[process][privileges]") {
    support::TempFolder folder;
    support::write(folder / "a", "first\n");
    support::write(folder / "b", "second\n");
    // Numbers that are in the way of one another: the second one has the first one's place.
    const base::UniqueFd low(::open((folder / "b").c_str(), O_RDONLY | O_CLOEXEC));
    const base::UniqueFd first(::open((folder / "a").c_str(), O_RDONLY | O_CLOEXEC));
    CHECK(told({}, "cat <&3; cat <&4; test -e /proc/self/fd/5 && echo more; true", {first.get(), low.get()})
              .starts_with("first\nsecond\n"));
}

TEST_CASE("what cannot be had is one clear error, and no process", "[process][privileges]") {
    Privileges privileges;
    privileges.limits = {{RLIMIT_NOFILE, 2, 1}};
    CHECK(told(privileges, "echo ran") == "starting '/bin/sh': setting its limits: Invalid argument");
}

TEST_CASE("a rehearsal says what a child could not do, and changes nothing", "[process][privileges]") {
    support::TempFolder folder;
    const auto rehearsed = [&](const Privileges& privileges, const std::string& directory,
                               const std::vector<process::Access>& wanted = {}) {
        const auto trouble = process::rehearse(privileges, directory, wanted);
        REQUIRE(trouble);
        return *trouble;
    };
    Privileges privileges;
    privileges.umask = 0;
    privileges.no_new_privileges = true;
    CHECK_FALSE(rehearsed(privileges, "/", {{"/bin/sh", X_OK}, {"/", X_OK}}));
    const auto folder_missing = rehearsed({}, folder / "missing");
    REQUIRE(folder_missing);
    CHECK(folder_missing->step == PrivilegeStep::working_directory);
    CHECK(folder_missing->code == ENOENT);
    const auto program_missing = rehearsed({}, "/", {{"/bin/sh", X_OK}, {folder / "missing", X_OK}});
    REQUIRE(program_missing);
    CHECK(program_missing->step == PrivilegeStep::access);
    CHECK(program_missing->index == 1);
    privileges.limits = {{RLIMIT_CORE, 0, 0}, {RLIMIT_NOFILE, 2, 1}};
    const auto limit = rehearsed(privileges, "/");
    REQUIRE(limit);
    CHECK(limit->step == PrivilegeStep::limit);
    CHECK(limit->index == 1);
    CHECK(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
    CHECK(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1);
}

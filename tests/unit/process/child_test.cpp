#include "process/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/unique_fd.hpp"
#include "support/run.hpp"
#include "support/temp_folder.hpp"

using process::Child;
using process::ExitStatus;
using process::SpawnSpec;
using namespace std::chrono_literals;

namespace {

/// A child whose output goes to a file of the test's folder.
struct Rig {
    SpawnSpec shell(const std::string& script) {
        SpawnSpec spec;
        spec.executable = "/bin/sh";
        spec.args = {"-c", script};
        spec.environment = {"PATH=/usr/bin:/bin", "MARK=seen"};
        spec.working_directory = folder.path();
        spec.output = output.get();
        return spec;
    }
    Child spawn(const SpawnSpec& spec) {
        auto child = Child::spawn(context.get_executor(), spec);
        REQUIRE(child);
        return std::move(*child);
    }
    ExitStatus wait(Child& child) {
        support::run(context, child.ended());
        const auto status = child.reap();
        REQUIRE(status);
        return *status;
    }
    std::string written() const { return support::read(folder / "out"); }

    support::TempFolder folder;
    base::UniqueFd output{::open((folder / "out").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
    async::asio::io_context context;
};

bool is_alive(pid_t pid) {
    return ::kill(pid, 0) == 0 &&
           support::read("/proc/" + std::to_string(pid) + "/stat").find(") Z ") == std::string::npos;
}

}  // namespace

TEST_CASE("the end of a child is told in words", "[process][child]") {
    Rig rig;
    Child by_code = rig.spawn(rig.shell("exit 3"));
    CHECK(describe(rig.wait(by_code)) == "exit code 3");
    CHECK_FALSE(by_code.reap());
    Child by_signal = rig.spawn(rig.shell("kill -9 $$"));
    CHECK(describe(rig.wait(by_signal)) == "killed by signal 9");
}

TEST_CASE("two children keep their own status", "[process][child]") {
    Rig rig;
    Child first = rig.spawn(rig.shell("exit 1"));
    Child second = rig.spawn(rig.shell("exit 2"));
    CHECK(rig.wait(second) == ExitStatus{2, 0});
    CHECK(rig.wait(first) == ExitStatus{1, 0});
}

TEST_CASE("a child gets its environment, folder and start line, and nothing of ours", "[process][child]") {
    Rig rig;
    const base::UniqueFd leaked(
        ::open("/dev/null", O_RDONLY));  // not close-on-exec: as if inherited from who started us
    const auto before = ::signal(SIGPIPE, SIG_IGN);
    SpawnSpec spec = rig.shell(
        "echo $MARK; pwd; cat; ls /proc/self/fd | wc -l; grep -E 'Sig(Blk|Ign)' /proc/self/status; ps -o pgid= -p $$ | "
        "tr -d ' '");
    spec.start_line_head = "--- start pid=";
    spec.start_line_tail = " ---\n";
    Child child = rig.spawn(spec);
    ::signal(SIGPIPE, before);
    CHECK(rig.wait(child) == ExitStatus{0, 0});
    const std::string pid = std::to_string(child.pid());
    CHECK(rig.written() == "--- start pid=" + pid + " ---\nseen\n" + rig.folder.path().string() +
                               "\n4\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n" + pid + "\n");
}

TEST_CASE("a program that cannot be executed is one clear error", "[process][child]") {
    Rig rig;
    SpawnSpec spec = rig.shell("");
    SECTION("missing") {
        spec.executable = rig.folder / "missing";
        const auto child = Child::spawn(rig.context.get_executor(), spec);
        REQUIRE_FALSE(child);
        CHECK(child.error().kind() == base::Kind::not_found);
        CHECK(child.error().text() == "starting '" + spec.executable.string() +
                                          "': executing it: No such file or directory (does the file exist, and the "
                                          "interpreter that its #! line names?)");
    }
    SECTION("not executable") {
        support::write(rig.folder / "text", "#!/bin/sh\n");
        spec.executable = rig.folder / "text";
        const auto child = Child::spawn(rig.context.get_executor(), spec);
        REQUIRE_FALSE(child);
        CHECK(child.error().text().find("Permission denied (is it executable") != std::string::npos);
    }
    SECTION("not a program") {
        support::write(rig.folder / "text", "echo hello\n");
        ::chmod((rig.folder / "text").c_str(), 0755);
        spec.executable = rig.folder / "text";
        const auto child = Child::spawn(rig.context.get_executor(), spec);
        REQUIRE_FALSE(child);
        CHECK(child.error().text().find("not a program and not a script with a #! line") != std::string::npos);
    }
    SECTION("no working directory") {
        spec.working_directory = rig.folder / "missing";
        const auto child = Child::spawn(rig.context.get_executor(), spec);
        REQUIRE_FALSE(child);
        CHECK(child.error().text().find("changing to its working directory: No such file or directory") !=
              std::string::npos);
    }
}

TEST_CASE("a signal reaches the whole group, and an end takes the rest with it", "[process][child]") {
    Rig rig;
    const std::string grandchild =
        GENERATE("sleep 1000 & echo $!; wait", "sh -c 'trap \"\" TERM; sleep 1000' & echo $!; wait");
    Child child = rig.spawn(rig.shell(grandchild));
    REQUIRE(support::eventually(rig.context, [&] { return rig.written().ends_with('\n'); }));
    const pid_t left = std::stoi(rig.written());
    child.signal(SIGTERM);
    CHECK(rig.wait(child) == ExitStatus{0, SIGTERM});
    support::run(rig.context, process::group_gone(child.pid(), 20ms));
    CHECK(support::eventually(rig.context, [&] { return !is_alive(left); }));
}

TEST_CASE("a child that loses its owner is killed", "[process][child]") {
    Rig rig;
    pid_t pid = 0;
    {
        const Child child = rig.spawn(rig.shell("trap '' TERM; sleep 1000"));
        pid = child.pid();
        CHECK(is_alive(pid));
    }
    CHECK_FALSE(is_alive(pid));
}

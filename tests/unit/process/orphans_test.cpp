#include "process/orphans.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>

#include <catch2/catch.hpp>

#include "base/number.hpp"
#include "base/unique_fd.hpp"
#include "process/child.hpp"
#include "process/run_mark.hpp"
#include "support/run.hpp"
#include "support/temp_folder.hpp"

using process::Orphans;

namespace {

/// A process that adopts orphans, for as long as the test takes.
struct Rig {
    Rig() { REQUIRE(process::adopt_orphans()); }
    ~Rig() {
        support::run(context, support::ended(tasks));
        ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGCHLD);
        ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    }

    /// Runs a shell that ends at once; the process of another session that it leaves behind.
    pid_t leave(const std::vector<std::string>& environment) {
        base::UniqueFd output(::open((folder / "out").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        process::SpawnSpec spec;
        spec.executable = "/bin/sh";
        spec.args = {"-c", "setsid sh -c 'echo $$; exec sleep 1000' & until [ -s out ]; do :; done"};
        spec.environment = environment;
        spec.working_directory = folder.path();
        spec.output = output.get();
        auto child = process::Child::spawn(context.get_executor(), spec);
        REQUIRE(child);
        support::run(context, child->ended());
        child->reap();
        const std::string text = support::read(folder / "out");
        const auto pid = base::parse_number<pid_t>(text.substr(0, text.find('\n')));
        REQUIRE(pid);
        REQUIRE(support::eventually(context, [&] { return is_ours(*pid); }));
        return *pid;
    }
    bool is_ours(pid_t pid) {
        const auto children = process::own_children();
        return std::find(children.begin(), children.end(), pid) != children.end();
    }

    support::TempFolder folder;
    async::asio::io_context context;
    Orphans orphans{context.get_executor()};
    async::TaskGroup tasks{context.get_executor()};
};

std::vector<std::string> of_run(const std::string& id) {
    return {"PATH=/usr/bin:/bin", std::string(process::kRunVariable) + "=" + id, "OPAMP_INSTANCE_UID=x"};
}

}  // namespace

TEST_CASE("what a run has detached is ended with it, and nothing else", "[process][orphans]") {
    Rig rig;
    const std::string first = process::new_run_id(), other = first + "0";  // one begins as the other
    const pid_t ours = rig.leave(of_run(first)), others = rig.leave(of_run(other));
    CHECK(support::run(rig.context, rig.orphans.end_run(first, support::kLimit)) == 1);
    CHECK_FALSE(rig.is_ours(ours));
    CHECK(rig.is_ours(others));
    CHECK(support::run(rig.context, rig.orphans.end_run(other, support::kLimit)) == 1);
    CHECK_FALSE(rig.is_ours(others));
}

TEST_CASE("at the end all are ended but those of commands", "[process][orphans]") {
    Rig rig;
    const pid_t nameless = rig.leave({"PATH=/usr/bin:/bin"});
    const pid_t of_command = rig.leave({"PATH=/usr/bin:/bin", "OPAMP_INSTANCE_UID=x"});
    CHECK(support::run(rig.context, rig.orphans.end_all(support::kLimit)) == 1);
    CHECK_FALSE(rig.is_ours(nameless));
    CHECK(rig.is_ours(of_command));
    ::kill(of_command, SIGKILL);
    rig.tasks.spawn("orphans", rig.orphans.run());
    CHECK(support::eventually(rig.context, [&] { return !rig.is_ours(of_command); }));
}

TEST_CASE("who was a child before is left alone", "[process][orphans]") {
    Rig rig;
    const pid_t before = rig.leave({"PATH=/usr/bin:/bin"});
    Orphans later(rig.context.get_executor());
    CHECK(support::run(rig.context, later.end_all(support::kLimit)) == 0);
    CHECK(rig.is_ours(before));
    CHECK(support::run(rig.context, rig.orphans.end_all(support::kLimit)) == 1);
}

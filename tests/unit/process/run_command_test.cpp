#include "process/run_command.hpp"

#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/run.hpp"
#include "support/temp_folder.hpp"

using process::CommandResult;
using process::CommandSpec;
using process::ExitStatus;
using namespace std::chrono_literals;

namespace {

struct Rig {
    CommandSpec shell(const std::string& script) {
        CommandSpec spec;
        spec.argv = {"/bin/sh", "-c", script};
        spec.environment = {"PATH=/usr/bin:/bin", "FOLDER=" + folder.path().string()};
        spec.working_directory = folder.path();
        spec.timeout = support::kLimit;
        return spec;
    }
    base::Result<CommandResult> try_run(const CommandSpec& spec) {
        return support::run(context, process::run_command(context.get_executor(), spec, nullptr));
    }
    CommandResult run(const CommandSpec& spec) {
        auto result = try_run(spec);
        REQUIRE(result);
        return *std::move(result);
    }
    /// The PID that a script wrote into the folder as `name`.
    pid_t pid_of(const std::string& name) {
        REQUIRE(support::eventually(context, [&] { return support::read(folder / name).ends_with('\n'); }));
        return std::stoi(support::read(folder / name));
    }

    support::TempFolder folder;
    async::asio::io_context context;
};

bool is_alive(pid_t pid) {
    return ::kill(pid, 0) == 0 &&
           support::read("/proc/" + std::to_string(pid) + "/stat").find(") Z ") == std::string::npos;
}

std::size_t open_descriptors() {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) count += entry.exists() ? 1 : 0;
    return count;
}

std::string every_byte() {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    return bytes;
}

}  // namespace

TEST_CASE("a command gets its input and gives its outputs and its end", "[process][command]") {
    Rig rig;
    CommandSpec spec = rig.shell("cat; echo trouble >&2; pwd >&2; exit 3");
    spec.input = every_byte();
    const CommandResult result = rig.run(spec);
    CHECK(result.output == every_byte());
    CHECK(result.error_output == "trouble\n" + rig.folder.path().string() + "\n");
    CHECK(result.status == ExitStatus{3, 0});
    CHECK_FALSE(result.was_cut);
    CHECK_FALSE(result.timed_out);
    CHECK_FALSE(result.succeeded());
    CHECK(describe_failure(result) == "exit code 3: " + rig.folder.path().string());
}

TEST_CASE("what a command was given as a secret is not in what it says to people", "[process][command]") {
    Rig rig;
    CommandSpec spec = rig.shell("echo s3cret; echo no login with s3cret >&2; exit 1");
    spec.secrets.add("s3cret\n");
    const CommandResult result = rig.run(spec);
    CHECK(describe_failure(result) == "exit code 1: no login with [REDACTED]");
    CHECK(result.output == "s3cret\n");  // for a program
}

TEST_CASE("a command without input reads its end at once", "[process][command]") {
    Rig rig;
    const CommandResult result = rig.run(rig.shell("cat; echo done"));
    CHECK(result.output == "done\n");
    CHECK(result.succeeded());
}

TEST_CASE("input and output larger than any pipe pass whole", "[process][command]") {
    Rig rig;
    CommandSpec spec = rig.shell("cat");
    for (int i = 0; i < 20'000; ++i) spec.input += every_byte();
    spec.most_output = spec.input.size();
    const CommandResult result = rig.run(spec);
    CHECK(result.output == spec.input);
    CHECK(result.succeeded());
}

TEST_CASE("a command that does not read its input is not a failure", "[process][command]") {
    Rig rig;
    const std::string script = GENERATE("true", "exec <&-; echo x >/dev/null", "head -c 1 >/dev/null");
    CommandSpec spec = rig.shell(script);
    spec.input.assign(4u << 20, 'x');
    // The test's process has SIGPIPE at its default, which would kill it.
    REQUIRE(::signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    CHECK(rig.run(spec).succeeded());
}

TEST_CASE("a command that closes its outputs is waited for", "[process][command]") {
    Rig rig;
    const CommandResult result =
        rig.run(rig.shell("echo said; exec >&- 2>&-; sleep 0.05; echo more > \"$FOLDER/file\"; exit 4"));
    CHECK(result.output == "said\n");
    CHECK(result.status == ExitStatus{4, 0});
    CHECK(support::read(rig.folder / "file") == "more\n");
}

TEST_CASE("output up to the bound is kept, a byte more ends the command and its children", "[process][command]") {
    Rig rig;
    CommandSpec spec = rig.shell("printf 12345678");
    spec.most_output = 8;
    CHECK(rig.run(spec).succeeded());
    spec.most_output = 7;
    const CommandResult over = rig.run(spec);
    CHECK(over.output == "1234567");
    CHECK(over.was_cut);
    CHECK_FALSE(over.succeeded());

    CommandSpec flood = rig.shell("sleep 1000 & echo $! > \"$FOLDER/pid\"; exec yes");
    flood.most_output = 1u << 20;
    const CommandResult result = rig.run(flood);
    CHECK(result.output.size() == flood.most_output);
    CHECK(result.was_cut);
    CHECK_FALSE(result.timed_out);
    CHECK(describe_failure(result) == "it wrote more than 1MiB");
    const pid_t child = rig.pid_of("pid");
    CHECK(support::eventually(rig.context, [&] { return !is_alive(child); }));
}

TEST_CASE("of much error output the end is kept", "[process][command]") {
    Rig rig;
    const CommandResult result = rig.run(rig.shell("yes | head -c 3000000 >&2; echo the end >&2"));
    CHECK(result.succeeded());
    CHECK(result.error_output.size() == 64u << 10);
    CHECK(result.error_output.ends_with("y\nthe end\n"));
}

TEST_CASE("a command whose time is up is killed with its children", "[process][command]") {
    Rig rig;
    CommandSpec spec = rig.shell(
        "trap '' TERM; echo begun; sh -c 'trap \"\" TERM; echo $$ > \"$FOLDER/pid\"; echo ready; exec sleep 1000' & "
        "wait");
    spec.timeout = 1s;  // long enough for two shells to start
    const CommandResult result = rig.run(spec);
    CHECK(result.timed_out);
    CHECK(result.status == ExitStatus{0, SIGKILL});
    CHECK(describe_failure(result) == "killed because its time was up");
    REQUIRE(result.output == "begun\nready\n");
    const pid_t child = rig.pid_of("pid");
    CHECK(support::eventually(rig.context, [&] { return !is_alive(child); }));
}

TEST_CASE("children that hold the pipes neither delay the end nor outlive it", "[process][command]") {
    Rig rig;
    const CommandResult result = rig.run(rig.shell("sleep 1000 & echo $! > \"$FOLDER/pid\"; echo said"));
    CHECK(result.output == "said\n");
    CHECK(result.succeeded());
    const pid_t child = rig.pid_of("pid");
    CHECK(support::eventually(rig.context, [&] { return !is_alive(child); }));
}

TEST_CASE("what has left the group is not waited for, even when it writes on", "[process][command]") {
    Rig rig;
    const std::string stream = GENERATE("", " >&2");
    CommandSpec spec = rig.shell("echo said" + stream + "; setsid sh -c 'echo $$ > \"$FOLDER/pid\"; exec yes" + stream +
                                 "' & while ! test -s \"$FOLDER/pid\"; do sleep 0.01; done");
    spec.most_output = 256u << 20;
    const CommandResult result = rig.run(spec);
    CHECK(result.status == ExitStatus{});
    CHECK((stream.empty() ? result.output : result.error_output).size() >= 5);
    const pid_t stranger = rig.pid_of("pid");
    ::kill(stranger, SIGKILL);  // by its PID: yes, or what is left of it once its pipe has broken
    CHECK(support::eventually(rig.context, [&] { return !is_alive(stranger); }));
}

TEST_CASE("a cancelled command is killed with its children and reaped", "[process][command]") {
    Rig rig;
    const CommandSpec spec = rig.shell("sleep 1000 & echo $! > \"$FOLDER/child\"; echo $$ > \"$FOLDER/pid\"; wait");
    async::TaskGroup group(rig.context.get_executor());
    std::optional<base::Error> error;
    const auto task = [](Rig& its, const CommandSpec& what, std::optional<base::Error>& end) -> async::Task<> {
        auto result = co_await process::run_command(its.context.get_executor(), what, nullptr);
        if (!result) end = result.error();
    };
    group.spawn("command", task(rig, spec, error));
    const pid_t pid = rig.pid_of("pid");
    const pid_t child = rig.pid_of("child");
    CHECK(is_alive(pid));
    support::run(rig.context, support::ended(group));
    REQUIRE(error);
    CHECK(error->kind() == base::Kind::cancelled);
    CHECK(::kill(pid, 0) != 0);  // not even a zombie
    CHECK(support::eventually(rig.context, [&] { return !is_alive(child); }));
}

TEST_CASE("a command that is left behind with its loop is killed", "[process][command]") {
    support::TempFolder folder;
    pid_t pid = 0;
    CommandSpec spec;
    {
        Rig rig;
        spec = rig.shell("echo $$ > \"$FOLDER/pid\"; exec sleep 1000");
        async::asio::co_spawn(rig.context, process::run_command(rig.context.get_executor(), spec, nullptr),
                              async::asio::detached);
        pid = rig.pid_of("pid");
    }
    CHECK(::kill(pid, 0) != 0);
}

TEST_CASE("what cannot be started is one clear error", "[process][command]") {
    Rig rig;
    CommandSpec spec = rig.shell("");
    spec.argv = {(rig.folder / "missing").string()};
    const auto missing = rig.try_run(spec);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().kind() == base::Kind::not_found);
    spec.argv = {};
    const auto nothing = rig.try_run(spec);
    REQUIRE_FALSE(nothing);
    CHECK(nothing.error().kind() == base::Kind::invalid);
}

TEST_CASE("commands leave no descriptor behind", "[process][command]") {
    Rig rig;
    CommandSpec spec = rig.shell("cat; exit 1");
    spec.input = "x";
    rig.run(spec);
    const std::size_t before = open_descriptors();
    for (int i = 0; i < 5; ++i) rig.run(spec);
    spec.argv = {"/missing"};
    CHECK_FALSE(rig.try_run(spec));
    CHECK(open_descriptors() == before);
}

TEST_CASE("the last line of an output is fit for the log", "[process][command]") {
    CHECK(process::last_line("") == "");
    CHECK(process::last_line("\n \r\n") == "");
    CHECK(process::last_line("one\ntwo\r\n\n") == "two");
    CHECK(process::last_line("a\x1b[1mb\xff") == "a [1mb\xef\xbf\xbd");
    CHECK(process::last_line(std::string(1000, 'x')).size() <= 203);
}

// Probes beside HTTP: what each takes for well, and what it says otherwise.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "base/unique_fd.hpp"
#include "health/watch.hpp"
#include "support/run.hpp"
#include "support/temp_folder.hpp"

using namespace std::chrono_literals;
namespace asio = async::asio;

namespace {

struct Rig {
    /// What is wrong; empty: nothing.
    std::string ask(const health::Probe& probe) {
        const auto answer = support::run(context, health::ask(probe));
        return answer ? "" : answer.error().message();
    }
    health::FileProbe beat(base::Duration max_age, std::uint64_t since = 0) {
        return {folder / "beat", max_age, since, support::kLimit, &disk};
    }
    asio::io_context context;
    async::BlockingPool disk;
    support::TempFolder folder;
};

base::UniqueFd listening_socket(const std::string& path, int type) {
    base::UniqueFd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (path.front() == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
    if (type != SOCK_DGRAM) REQUIRE(::listen(socket.get(), 1) == 0);
    return socket;
}

struct Counter : health::Listener {
    void probe_up(base::Duration) override { ++ups; }
    void probe_down(base::Duration, const std::string&) override { ++downs; }
    int ups = 0, downs = 0;
};

}  // namespace

TEST_CASE("a port is well while somebody listens", "[health][tcp]") {
    Rig rig;
    asio::ip::tcp::acceptor acceptor(rig.context, {asio::ip::address_v4::loopback(), 0});
    net::Url at;
    at.host = "127.0.0.1";
    at.port = acceptor.local_endpoint().port();
    CHECK(rig.ask(health::TcpProbe{at, 30s}).empty());
    acceptor.close();
    CHECK(rig.ask(health::TcpProbe{at, 30s}) == "127.0.0.1:" + std::to_string(at.port) + ": connection refused");
}

TEST_CASE("a Unix socket is well while somebody listens, whatever its type", "[health][unix]") {
    Rig rig;
    const std::string path = (rig.folder / "agent.sock").string();
    const health::UnixProbe probe{path};
    CHECK(rig.ask(probe).starts_with("'" + path + "': "));
    for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
        INFO(type);
        {
            const auto socket = listening_socket(path, type);
            CHECK(rig.ask(probe).empty());
        }
        CHECK(rig.ask(probe) == "'" + path + "': connection refused");
        std::filesystem::remove(path);
    }
}

TEST_CASE("a Unix socket may have an abstract name", "[health][unix]") {
    Rig rig;
    const std::string name = "@opampd-test-" + rig.folder.path().filename().string();
    {
        const auto socket = listening_socket(name, SOCK_STREAM);
        CHECK(rig.ask(health::UnixProbe{name}).empty());
    }
    CHECK(rig.ask(health::UnixProbe{name}).ends_with("connection refused"));
    CHECK_FALSE(rig.ask(health::UnixProbe{std::string(200, 'x')}).empty());
}

TEST_CASE("a command says by its exit code whether the agent is well", "[health][command]") {
    Rig rig;
    const auto shell = [&](const std::string& script, base::Duration timeout = support::kLimit) {
        process::CommandSpec spec;
        spec.argv = {"/bin/sh", "-c", script};
        spec.environment = {"PATH=/usr/bin:/bin"};
        spec.timeout = timeout;
        return rig.ask(health::CommandProbe{rig.context.get_executor(), spec});
    };
    CHECK(shell("exit 0").empty());
    CHECK(shell("echo no queue >&2; exit 3") == "exit code 3: no queue");
    CHECK_FALSE(shell("exec sleep 1000", 50ms).empty());
}

TEST_CASE("a file is well while it is written, by this process", "[health][file]") {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    const health::FileProbe probe{"/run/beat", 30s, 1000 * kSecond};
    CHECK(health::judge(probe, 1000 * kSecond, 1030 * kSecond));
    CHECK(health::judge(probe, 2000 * kSecond, 1030 * kSecond));  // the clock was set back
    CHECK(health::judge(probe, 1000 * kSecond - 5'000'000, 1001 * kSecond));
    const auto old = health::judge(probe, 1000 * kSecond, 1030 * kSecond + 1);
    REQUIRE_FALSE(old);
    CHECK(old.error().message() == "'/run/beat' was not written for more than 30s");
    const auto left_over = health::judge(probe, 999 * kSecond, 1001 * kSecond);
    REQUIRE_FALSE(left_over);
    CHECK(left_over.error().message() == "'/run/beat' was not written since the start of the agent");
    CHECK(health::judge({"/run/beat", {}, 1000 * kSecond}, 1000 * kSecond, 9'000'000 * kSecond));
}

TEST_CASE("a file is looked at where it is", "[health][file]") {
    Rig rig;
    const auto file = rig.folder / "beat";
    CHECK(rig.ask(rig.beat(1h)).starts_with("'" + file.string() + "': "));
    support::write(file, "x");
    CHECK(rig.ask(rig.beat(1h)).empty());
    const timespec times[] = {{0, UTIME_OMIT}, {::time(nullptr) - 7200, 0}};
    REQUIRE(::utimensat(AT_FDCWD, file.c_str(), times, 0) == 0);
    CHECK(rig.ask(rig.beat(1h)).ends_with("was not written for more than 1h"));
    CHECK(rig.ask(rig.beat({}, base::unix_nano_now())).ends_with("since the start of the agent"));
}

TEST_CASE("a process is well once it has been alive for long enough", "[health][process]") {
    Rig rig;
    const auto now = async::SteadyClock::now();
    CHECK(rig.ask(health::UptimeProbe{now - 1s, 1s}).empty());
    CHECK(rig.ask(health::UptimeProbe{now, 1h}) == "not alive for 1h yet");
}

TEST_CASE("what is watched is asked at the interval only once it was well often enough", "[health]") {
    Rig rig;
    const auto file = rig.folder / "beat";
    Counter counter;
    async::TaskGroup group(rig.context.get_executor());
    group.spawn("probe", health::watch(rig.beat({}), {1h, 3}, counter));
    CHECK(support::eventually(rig.context, [&] { return counter.downs >= 2; }));
    support::write(file, "x");
    CHECK(support::eventually(rig.context, [&] { return counter.ups == 3; }));
    support::run(rig.context, support::ended(group));
    CHECK(counter.ups == 3);
}

#include "control/server.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <future>
#include <list>

#include "control/client.hpp"
#include "control/socket.hpp"
#include "support/run.hpp"
#include "support/temp_folder.hpp"

using namespace control;
using namespace std::chrono_literals;
namespace asio = async::asio;
using Local = asio::local::stream_protocol;

namespace {

/// Says what it was asked.
class Echo : public Answerer {
public:
    async::Task<Answer> answer(Request request) override {
        ++asked;
        Answer answer;
        answer.done = request.agent;
        co_return answer;
    }
    async::Task<> go_on(const Request& request, Stream& stream) override {
        for (std::uint64_t i = 0; i < request.lines.value_or(0); ++i) {
            const bool is_heard = co_await stream.write("line " + std::to_string(i) + "\n");
            if (!is_heard) co_return;
            ++written;
        }
        if (!request.follow) co_return;
        co_await async::forever();
        ++ended;
    }
    int asked = 0, ended = 0;
    std::uint64_t written = 0;
};

Limits brief() {
    Limits limits;
    limits.time = 200ms;
    return limits;
}

/// A server that runs as long as this object.
struct Rig {
    explicit Rig(Limits limits = {}) : server(io.get_executor(), {socket, "", limits}, echo), tasks(io.get_executor()) {
        REQUIRE(server.listen());
        tasks.spawn("server", server.run());
    }
    ~Rig() { stop(); }
    void stop() { support::run(io, support::ended(tasks)); }

    /// What a peer reads to the end after it has said `bytes`; `closes` its side then, or waits.
    async::Task<std::string> exchange(std::string bytes) {
        Local::socket peer(io);
        peer.connect(Local::endpoint(socket.string()));
        co_await asio::async_write(peer, asio::buffer(bytes), async::as_result);
        std::string answer;
        co_await asio::async_read(peer, asio::dynamic_buffer(answer), async::as_result);
        co_return answer;
    }
    std::string say(std::string bytes) { return support::run(io, exchange(std::move(bytes))); }

    base::Result<Answer> ask(const Request& request) {
        auto answer = std::async(std::launch::async, [&] { return control::ask(socket, request, 10s); });
        REQUIRE(support::eventually(io, [&] { return answer.wait_for(0s) == std::future_status::ready; }));
        return answer.get();
    }

    support::TempFolder folder;
    std::filesystem::path socket = folder / "control.sock";
    asio::io_context io;
    Echo echo;
    ControlServer server;
    async::TaskGroup tasks;
};

std::string failure_in(const std::string& line) {
    const auto answer = parse_answer(line);
    return answer && answer->failure ? answer->failure->message : "no failure: " + line;
}

}  // namespace

TEST_CASE("a request gets its answer", "[control][server]") {
    Rig rig;
    const auto answer = rig.ask({Command::show, "web", "", "", "", false});
    REQUIRE(answer);
    CHECK(answer->done == "web");
}

TEST_CASE("the socket is for its owner and group alone, and goes with the server", "[control][server]") {
    Rig rig;
    struct stat info {};
    REQUIRE(::stat(rig.socket.c_str(), &info) == 0);
    CHECK(S_ISSOCK(info.st_mode));
    CHECK((info.st_mode & 07777) == 0660);
    rig.stop();
    CHECK_FALSE(std::filesystem::exists(rig.socket));
}

TEST_CASE("lines that are no request are answered as such, and nothing is done", "[control][server][hostile]") {
    Rig rig;
    for (const std::string& line :
         {std::string("\n"), std::string("garbage\n"), std::string("{\"command\":\"nothing\"}\n"),
          std::string("\xFF\xFE\0\n", 4), std::string("GET / HTTP/1.1\r\n")})
        CHECK(failure_in(rig.say(line)).starts_with("the request cannot be understood: "));
    CHECK(rig.echo.asked == 0);
    CHECK(rig.ask({}));
}

TEST_CASE("a request without an end is refused at its limit", "[control][server][hostile]") {
    Rig rig;
    CHECK(failure_in(rig.say(std::string(1 << 20, 'x'))) == "the request is too long");
    CHECK(rig.ask({}));
}

TEST_CASE("a peer that says nothing is left after a while", "[control][server][hostile]") {
    Rig rig(brief());
    CHECK(rig.say("{\"command\"").empty());
    CHECK(rig.say("").empty());
    CHECK(rig.ask({}));
}

TEST_CASE("a peer that does not read its answer is left after a while", "[control][server][hostile]") {
    Rig rig(brief());
    Local::socket peer(rig.io);
    peer.connect(Local::endpoint(rig.socket.string()));
    Request request;
    request.agent = std::string(60000, 'a');
    for (int i = 0; i < 3; ++i) CHECK(rig.ask(request));
    CHECK(support::eventually(rig.io, [&] { return rig.echo.asked == 3; }));
}

TEST_CASE("connections beyond the limit are turned away, and there is room again", "[control][server][hostile]") {
    Rig rig;
    std::vector<Local::socket> peers;
    for (int i = 0; i < 16; ++i) peers.emplace_back(rig.io).connect(Local::endpoint(rig.socket.string()));
    const auto crowded = rig.ask({});
    REQUIRE(crowded);
    REQUIRE(crowded->failure);
    CHECK(crowded->failure->message == "too many requests at a time");
    peers.clear();
    CHECK(support::eventually(rig.io, [&] {
        const auto answer = rig.ask({});
        return answer && !answer->failure;
    }));
}

TEST_CASE("the socket of a dead daemon is replaced", "[control][socket]") {
    support::TempFolder folder;
    const auto path = folder / "s";
    { const auto dead = listen_at(path, {}); }
    REQUIRE(std::filesystem::exists(path));
    CHECK(listen_at(path, {}));
}

TEST_CASE("what is not a dead socket is left alone", "[control][socket]") {
    support::TempFolder folder;
    const auto path = folder / "s";
    const auto alive = listen_at(path, {});
    REQUIRE(alive);
    const auto second = listen_at(path, {});
    REQUIRE_FALSE(second);
    CHECK(second.error().message() == "another program listens there");
    support::write(folder / "file", "mine");
    std::filesystem::create_symlink(folder / "file", folder / "link");
    for (const char* name : {"file", "link"}) {
        const auto refused = listen_at(folder / name, {});
        REQUIRE_FALSE(refused);
        CHECK(refused.error().text() == "what is there is not a socket (remove it, or set control.socket)");
    }
    CHECK(support::read(folder / "file") == "mine");
}

TEST_CASE("a daemon that ends leaves the socket of the one that came after it", "[control][server]") {
    Rig rig;
    std::filesystem::remove(rig.socket);
    const auto next = listen_at(rig.socket, {});
    REQUIRE(next);
    rig.stop();
    CHECK(std::filesystem::exists(rig.socket));
}

TEST_CASE("a path that no socket can have is an error of its own", "[control][socket]") {
    const auto refused = listen_at("/tmp/" + std::string(110, 'a'), {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message().ends_with("has 115 bytes, and the path of a socket at most 107"));
    CHECK_FALSE(address_of(""));
    CHECK_FALSE(address_of(std::string("a\0b", 3)));
    CHECK(address_of("/tmp/" + std::string(102, 'a')));
}

TEST_CASE("a group that does not exist is an error, and nobody listens", "[control][socket]") {
    const auto none = find_group("no-such-group-here");
    REQUIRE_FALSE(none);
    CHECK(none.error().text() == "there is no group 'no-such-group-here' (create it, or correct control.group)");
    CHECK(*find_group("root") == 0);
}

TEST_CASE("the client says who is not there", "[control][client]") {
    support::TempFolder folder;
    for (const bool was_there : {false, true}) {
        if (was_there) const auto dead = listen_at(folder / "s", {});
        const auto answer = ask(folder / "s", {}, 1s);
        REQUIRE_FALSE(answer);
        CHECK(answer.error().kind() == base::Kind::not_found);
    }
    const auto silent = listen_at(folder / "silent", {});
    const auto answer = ask(folder / "silent", {}, 1s);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind() == base::Kind::timeout);
}

TEST_CASE("bytes follow the answer where they are asked for", "[control][server][logs]") {
    Rig rig;
    Request request;
    request.command = Command::logs;
    request.agent = "web";
    request.lines = 20'000;
    std::string head, bytes;
    auto answer = std::async(std::launch::async, [&] {
        return control::ask_for_bytes(
            rig.socket, request, 10s, [&](const Answer& told) { head = *told.done; },
            [&](std::string_view piece) { bytes += piece; });
    });
    REQUIRE(support::eventually(rig.io, [&] { return answer.wait_for(0s) == std::future_status::ready; }));
    REQUIRE(answer.get());
    CHECK(head == "web");
    CHECK(bytes.starts_with("line 0\nline 1\n"));
    CHECK(bytes.ends_with("line 19999\n"));
    CHECK(std::count(bytes.begin(), bytes.end(), '\n') == 20'000);
}

TEST_CASE("a peer that does not read its bytes holds up nobody, and one that goes ends them",
          "[control][server][logs]") {
    Limits limits;
    limits.streams = 2;
    Rig rig(limits);
    Request endless;
    endless.command = Command::logs;
    endless.lines = 1'000'000'000;
    std::list<Local::socket> peers;
    for (int i = 0; i < 2; ++i) {
        peers.emplace_back(rig.io).connect(Local::endpoint(rig.socket.string()));
        asio::write(peers.back(), asio::buffer(to_json(endless)));
    }
    CHECK(support::eventually(rig.io, [&] { return rig.echo.asked == 2 && rig.echo.written > 100; }));
    const auto stuck = [&] {
        const std::uint64_t written = rig.echo.written;
        rig.io.restart();
        rig.io.run_for(20ms);
        return written == rig.echo.written;
    };
    CHECK(support::eventually(rig.io, stuck));
    CHECK(rig.ask({}));
    CHECK(failure_in(rig.say(to_json(endless))) == "too many read logs at a time");
    peers.pop_front();
    Request request = endless;
    request.lines = 0;
    CHECK(support::eventually(rig.io, [&] { return !parse_answer(rig.say(to_json(request)))->failure; }));
}

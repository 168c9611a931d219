// Offers of connection settings against time: what comes while another is under way, what stops working, what a restart
// finds. The connection is the test: it says what became of it.
#include "supervisor/connection_settings.hpp"

#include <catch2/catch.hpp>

#include "support/run.hpp"
#include "support/temp_folder.hpp"

using base::Error;
using base::Kind;
using opamp::ConfigStatus;
using supervisor::load_connection;
using supervisor::store_connection;
using supervisor::StoredConnection;
using namespace std::chrono_literals;
using Tcp = async::asio::ip::tcp;
using Targets = std::vector<std::string>;

namespace {

constexpr auto kLongEnough = 10min;

/// A port where connections are made, and at once ended; or held, so that a proof over WebSocket goes on until
/// `let_go`.
class Port {
public:
    explicit Port(async::asio::io_context& context)
        : acceptor_(context, {async::asio::ip::address_v4::loopback(), 0}) {}

    async::Task<> accept() {
        for (;;) {
            auto [code, socket] = co_await acceptor_.async_accept(async::as_result);
            if (code) co_return;
            if (holds) held_.push_back(std::move(socket));
        }
    }
    void let_go() {
        holds = false;
        held_.clear();
    }
    bool has_somebody() const { return !held_.empty(); }
    std::string url(const std::string& scheme, const std::string& target) const {
        return scheme + "://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + target;
    }
    bool holds = false;

private:
    Tcp::acceptor acceptor_;
    std::vector<Tcp::socket> held_;
};

/// One agent's settings, across starts of the daemon. The settings file leads to /file.
struct Rig {
    Rig() {
        server.endpoint = "ws://127.0.0.1:1/file";
        server.connection_settings.verify_timeout = 30s;
        server.connection_settings.fallback_after = kLongEnough;
        ports.spawn("port", port.accept());
    }
    ~Rig() {
        stop();
        support::run(context, support::ended(ports));
    }

    /// Where the daemon connects first.
    std::string start() {
        session.emplace(opamp::ClientSession::Options{});
        const supervisor::ConnectionSettings::Partners partners{
            disk, server, *session, own_telemetry, telemetry.tracer(), log};
        settings.emplace(context.get_executor(), partners, folder.path(),
                         supervisor::ConnectionSettings::Enabled{true, false});
        const auto first = settings->open(notes);
        REQUIRE(first);
        tasks.emplace(context.get_executor());
        supervisor::ConnectionSettings::Orders orders;
        orders.change = [this](net::ClientOptions client) { targets.push_back(client.url.target); };
        orders.wake = [] {};
        tasks->spawn("settings", settings->run(std::move(orders)));
        return first->url.target;
    }
    void stop() {
        if (tasks) support::run(context, support::ended(*tasks));
        tasks.reset();
        settings.reset();
    }

    /// `target` is the hash too. Over HTTP a proof is a connection alone.
    void offer(const std::string& target, const std::string& scheme = "http") {
        opamp::ConnectionSettingsOffers offers;
        offers.hash = target;
        offers.opamp.emplace().destination_endpoint = port.url(scheme, target);
        settings->take(std::move(offers));
    }
    /// An offer that stays unproved until the port lets go.
    void offer_and_hold(const std::string& target) {
        port.holds = true;
        offer(target, "ws");
        REQUIRE(support::eventually(context, [this] { return port.has_somebody(); }));
    }
    void accept(const std::string& target) {
        const auto before = targets.size();
        offer(target);
        REQUIRE(support::eventually(context, [&] { return targets.size() == before + 1; }));
        established();
        REQUIRE(is_settled(target, ConfigStatus::applied));
    }
    void established() { support::run(context, settings->established()); }
    void failed(base::Duration how_long = 0s) { settings->failed(Error(Kind::io, "connection refused"), how_long); }

    bool leads_to(const Targets& wanted) {
        const bool is_so = support::eventually(context, [&] { return targets == wanted; });
        if (!is_so) CHECK(targets == wanted);
        return is_so;
    }
    bool is_settled(const std::string& hash, ConfigStatus status) {
        return support::eventually(context,
                                   [&] { return kept().status.hash == hash && kept().status.status == status; });
    }
    StoredConnection kept() const { return load_connection(folder.path()).stored; }
    std::string kept_error() const { return kept().status.error_message; }
    bool is_accepted(const std::string& target) const {
        return kept().accepted && kept().accepted->destination_endpoint == port.url("http", target);
    }

    support::TempFolder folder;
    async::asio::io_context context;
    async::BlockingPool disk;
    settings::Server server;
    const base::log::Scope log{{}};
    const settings::Settings all_settings;
    supervisor::AgentTelemetry telemetry{context.get_executor(), log};
    supervisor::OwnTelemetry own_telemetry{{all_settings, telemetry, log, {}}};
    Port port{context};
    async::TaskGroup ports{context.get_executor()};
    std::optional<opamp::ClientSession> session;
    std::optional<supervisor::ConnectionSettings> settings;
    std::optional<async::TaskGroup> tasks;
    std::vector<std::string> notes;
    Targets targets;  ///< Where the connection was sent to.
};

}  // namespace

TEST_CASE("settings are kept once a connection was made with them",
          "[supervisor][connection_settings][CONN-3][CONN-6]") {
    Rig rig;
    CHECK(rig.start() == "/file");
    rig.offer("/a");
    REQUIRE(rig.leads_to({"/a"}));
    CHECK(rig.kept().status.status == ConfigStatus::applying);
    CHECK_FALSE(rig.kept().accepted);
    rig.established();
    CHECK(rig.is_settled("/a", ConfigStatus::applied));
    CHECK(rig.is_accepted("/a"));
    CHECK_FALSE(rig.kept().candidate);
    rig.stop();
    CHECK(rig.start() == "/a");
}

TEST_CASE("of the offers that come during a proof only the newest is tried", "[supervisor][connection_settings]") {
    Rig rig;
    rig.start();
    rig.offer_and_hold("/slow");
    rig.offer("/never");
    rig.offer("/newest");
    CHECK(rig.targets.empty());
    rig.port.let_go();
    REQUIRE(rig.leads_to({"/newest"}));
    rig.established();
    CHECK(rig.is_settled("/newest", ConfigStatus::applied));
    CHECK(rig.kept_error().empty());
}

TEST_CASE("an offer that comes while the connection changes waits for what becomes of it",
          "[supervisor][connection_settings]") {
    Rig rig;
    rig.start();
    rig.offer("/a");
    REQUIRE(rig.leads_to({"/a"}));
    rig.offer("/b");
    SECTION("accepted") {
        rig.established();
        CHECK(rig.leads_to({"/a", "/b"}));
        CHECK(rig.is_accepted("/a"));
    }
    SECTION("given up") {
        rig.failed();
        CHECK(rig.leads_to({"/a", "/file", "/b"}));
        CHECK_FALSE(rig.kept().accepted);
    }
    rig.established();
    CHECK(rig.is_settled("/b", ConfigStatus::applied));
    CHECK(rig.is_accepted("/b"));
}

TEST_CASE("the same hash again is no offer, whatever became of it", "[supervisor][connection_settings][CONN-12]") {
    Rig rig;
    rig.start();
    SECTION("accepted") {
        rig.accept("/a");
    }
    SECTION("refused") {
        rig.offer_and_hold("/a");
        rig.port.let_go();
        REQUIRE(rig.is_settled("/a", ConfigStatus::failed));
    }
    SECTION("under way") {
        rig.offer("/a");
        REQUIRE(rig.leads_to({"/a"}));
        rig.offer("/a");
        rig.established();
        REQUIRE(rig.is_settled("/a", ConfigStatus::applied));
    }
    const auto before = rig.kept();
    const auto targets = rig.targets;
    rig.offer("/a");
    rig.context.restart();
    rig.context.poll();  // it is taken, and nothing is waited for
    CHECK(rig.kept() == before);
    rig.offer("/b");
    REQUIRE(support::eventually(rig.context, [&] { return rig.targets.size() > targets.size(); }));
    CHECK(rig.targets.size() == targets.size() + 1);
    CHECK(rig.targets.back() == "/b");
}

TEST_CASE("settings that cannot be verified are refused with the reason, and what was in force stays so",
          "[supervisor][connection_settings][CONN-5][CONN-8]") {
    Rig rig;
    rig.start();
    rig.accept("/good");
    SECTION("the proof fails") {
        rig.offer_and_hold("/bad");
        rig.port.let_go();
        REQUIRE(rig.is_settled("/bad", ConfigStatus::failed));
        CHECK(rig.targets == Targets{"/good"});
    }
    SECTION("the proof does not end") {
        rig.server.connection_settings.verify_timeout = 1ms;
        rig.offer_and_hold("/bad");
        REQUIRE(rig.is_settled("/bad", ConfigStatus::failed));
        CHECK(rig.targets == Targets{"/good"});
    }
    SECTION("the connection fails") {
        rig.offer("/bad");
        REQUIRE(rig.leads_to({"/good", "/bad"}));
        rig.failed();
        REQUIRE(rig.leads_to({"/good", "/bad", "/good"}));
        CHECK(rig.kept_error() == "connection refused");
    }
    SECTION("the connection does not come about") {
        rig.server.connection_settings.verify_timeout = 100ms;
        rig.offer("/bad");
        REQUIRE(rig.leads_to({"/good", "/bad", "/good"}));
        CHECK(rig.kept_error() == "no connection within the time limit");
    }
    CHECK(rig.kept().status.status == ConfigStatus::failed);
    CHECK_FALSE(rig.kept_error().empty());
    CHECK(rig.is_accepted("/good"));
    CHECK_FALSE(rig.kept().candidate);
    rig.stop();
    CHECK(rig.start() == "/good");
}

TEST_CASE("accepted settings that stop working for long give way to the file's, where those work",
          "[supervisor][connection_settings]") {
    Rig rig;
    rig.start();
    rig.accept("/a");
    rig.failed(kLongEnough - 1ns);
    rig.context.restart();
    rig.context.poll();
    CHECK(rig.targets == Targets{"/a"});
    rig.failed(kLongEnough);
    REQUIRE(rig.leads_to({"/a", "/file"}));
    CHECK(rig.is_accepted("/a"));  // nothing is proved yet
    SECTION("those of the file work") {
        rig.established();
        REQUIRE(rig.is_settled("/a", ConfigStatus::failed));
        CHECK_THAT(rig.kept_error(),
                   Catch::Contains("settings file are used again") && Catch::EndsWith("connection refused"));
        CHECK_FALSE(rig.kept().accepted);
        rig.stop();
        CHECK(rig.start() == "/file");
    }
    SECTION("those of the file do not work either, and the accepted ones do again") {
        rig.failed(kLongEnough - 1ns);
        rig.failed(kLongEnough);
        REQUIRE(rig.leads_to({"/a", "/file", "/a"}));
        rig.established();
        CHECK(rig.is_accepted("/a"));
        CHECK(rig.kept().status.status == ConfigStatus::applied);
    }
    SECTION("neither works for long, and then those of the file do") {
        rig.failed(kLongEnough);
        REQUIRE(rig.leads_to({"/a", "/file", "/a"}));
        rig.failed(kLongEnough);
        REQUIRE(rig.leads_to({"/a", "/file", "/a", "/file"}));
        rig.established();
        CHECK(rig.is_settled("/a", ConfigStatus::failed));
        CHECK_FALSE(rig.kept().accepted);
    }
}

TEST_CASE("settings that the file has taken over for may be offered again", "[supervisor][connection_settings]") {
    Rig rig;
    rig.start();
    rig.accept("/a");
    rig.failed(kLongEnough);
    REQUIRE(rig.leads_to({"/a", "/file"}));
    rig.established();
    REQUIRE(rig.is_settled("/a", ConfigStatus::failed));
    rig.accept("/b");
    CHECK(rig.is_accepted("/b"));
}

TEST_CASE("a verification that a stop interrupts is gone through first by the next start",
          "[supervisor][connection_settings][CONN-2]") {
    Rig rig;
    rig.start();
    const bool has_accepted = GENERATE(false, true);
    const bool is_proved = GENERATE(false, true);
    CAPTURE(has_accepted, is_proved);
    if (has_accepted) rig.accept("/good");
    const std::string before = has_accepted ? "/good" : "/file";
    rig.targets.clear();
    if (is_proved) {
        rig.offer("/candidate");
        REQUIRE(rig.leads_to({"/candidate"}));
    } else {
        rig.offer_and_hold("/candidate");
    }
    CHECK(rig.kept().status.status == ConfigStatus::applying);
    rig.stop();
    rig.port.let_go();
    rig.targets.clear();
    CHECK(rig.start() == "/candidate");
    SECTION("and it is good") {
        rig.established();
        CHECK(rig.is_settled("/candidate", ConfigStatus::applied));
        CHECK(rig.targets.empty());
        rig.stop();
        CHECK(rig.start() == "/candidate");
    }
    SECTION("and it fails") {
        rig.failed();
        CHECK(rig.leads_to({before}));
        CHECK(rig.is_settled("/candidate", ConfigStatus::failed));
        CHECK(rig.is_accepted("/good") == has_accepted);
    }
    CHECK(rig.notes.empty());
}

TEST_CASE("a kept candidate that cannot be used any more is refused, and what was in force counts",
          "[supervisor][connection_settings]") {
    Rig rig;
    StoredConnection stored;
    stored.candidate.emplace().destination_endpoint = "ftp://127.0.0.1/";
    stored.accepted.emplace().destination_endpoint = rig.port.url("http", "/good");
    stored.status = {"candidate", ConfigStatus::applying, ""};
    REQUIRE(store_connection(rig.folder.path(), stored));
    CHECK(rig.start() == "/good");
    CHECK(rig.notes.size() == 1);
    CHECK(rig.is_settled("candidate", ConfigStatus::failed));
    CHECK_FALSE(rig.kept().candidate);
    CHECK(rig.is_accepted("/good"));
}

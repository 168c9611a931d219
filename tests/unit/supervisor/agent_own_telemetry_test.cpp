// An agent, a shell script, that is told where to send its own telemetry.
#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "supervisor/agent_supervisor.hpp"
#include "support/run.hpp"
#include "support/temp_folder.hpp"

using base::Kind;
using settings::TelemetryDelivery;
using supervisor::OwnTelemetryOffers;

namespace {

constexpr const char* kPem = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n";

/// Writes down its environment at each start and at each SIGHUP its file of variables. It dies of what is bad.
constexpr const char* kScript = R"sh(#!/bin/sh
trap 'cp own.env reloaded.new && mv reloaded.new reloaded' HUP
env > environment.new && mv environment.new environment
echo $$ >> starts
case "$OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" in *bad*) echo no such exporter; exit 3 ;; esac
case "$(cat effective.yaml own.env 2>/dev/null)" in *bad*) exit 4 ;; esac
while :; do sleep 1 & wait; done
)sh";

OwnTelemetryOffers traces_to(const std::string& endpoint, std::optional<opamp::Headers> headers = std::nullopt) {
    OwnTelemetryOffers offers;
    offers.traces.emplace();
    offers.traces->destination_endpoint = endpoint;
    offers.traces->headers = std::move(headers);
    return offers;
}

opamp::RemoteConfig config_of(const std::string& body) {
    return {{{"", {body, "text/yaml"}}}, "hash of " + body};
}

struct Rig {
    Rig() {
        support::write(folder / "agent.sh", kScript);
        std::filesystem::permissions(folder / "agent.sh", std::filesystem::perms::owner_all);
        settings.server.endpoint = "ws://127.0.0.1:1/";  // nobody talks here
        settings.storage.directory = folder / "state";
        agent.executable = folder / "agent.sh";
        agent.args = {};
        agent.working_directory = folder.path();
        agent.config_path = folder / "effective.yaml";
        agent.own_telemetry.file = folder / "own.env";
        agent.min_uptime = std::chrono::milliseconds(100);
        agent.restart.initial_backoff = std::chrono::milliseconds(20);
    }
    ~Rig() {
        if (supervisor) stop();
    }

    void start() {
        const supervisor::AgentSupervisor::Shared shared{context.get_executor(), disk, readers, packer, nullptr};
        supervisor.emplace(shared, settings, agent);
        REQUIRE(supervisor->open());
        lives.spawn("agent", supervisor->run());
        // It may be thought to be healthy before it has come as far as to bear a signal.
        wait([&] { return supervisor->is_healthy() && starts() > 0; });
    }
    void stop() {
        supervisor->shut_down();
        support::run(context, lives.joined());
        support::run(context, support::ended(tasks));
        supervisor.reset();
    }
    template <typename Condition>
    void wait(Condition condition) {
        REQUIRE(support::eventually(context, condition));
    }

    /// What is asked for meanwhile is kept in `answers`, in the order of the answers.
    void ask(OwnTelemetryOffers offers) { tasks.spawn("ask", keep(std::move(offers))); }
    base::Result<void> use(OwnTelemetryOffers offers) {
        const std::size_t before = answers.size();
        ask(std::move(offers));
        wait([&] { return answers.size() > before; });
        return answers.back();
    }
    async::Task<> keep(OwnTelemetryOffers offers) {
        answers.push_back(co_await supervisor->use_own_telemetry(std::move(offers)));
    }

    void offer(const std::string& body) {
        opamp::Orders orders;
        orders.remote_config = config_of(body);
        static_cast<supervisor::OrderTaker&>(*supervisor).take(std::move(orders), {});
    }
    void wait_for(const std::string& body, opamp::ConfigStatus fate) {
        wait([&] { return status().hash == config_of(body).hash && status().status == fate; });
    }
    opamp::RemoteConfigStatus status() {
        return support::run(context, disk.run([this] { return supervisor->keeper().status(); }));
    }

    std::string text(const std::string& name) const { return support::read(folder / name); }
    std::string variable(const std::string& name) const {
        const std::string all = "\n" + text("environment");
        const auto at = all.find("\n" + name + "=");
        if (at == std::string::npos) return "";
        const auto begin = at + name.size() + 2;
        return all.substr(begin, all.find('\n', begin) - begin);
    }
    std::string endpoint() const { return variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"); }
    std::ptrdiff_t starts() const {
        const std::string all = text("starts");
        return std::count(all.begin(), all.end(), '\n');
    }
    /// It is thought to have started before it has written down its environment.
    void wait_for_starts(std::ptrdiff_t count) {
        wait([&] { return starts() >= count; });
        CHECK(starts() == count);
    }
    void wait_for_endpoint(const std::string& url) {
        wait([&] { return endpoint() == url; });
    }
    /// Time for an agent that is to die of what it is given: it does so before it is thought to be healthy.
    void be_patient() { agent.min_uptime = std::chrono::seconds(1); }

    support::TempFolder folder;
    settings::Settings settings;
    settings::Agent agent;
    async::asio::io_context context;
    async::BlockingPool disk, readers, packer;
    async::TaskGroup lives{context.get_executor()}, tasks{context.get_executor()};
    std::optional<supervisor::AgentSupervisor> supervisor;
    std::vector<base::Result<void>> answers;
};

}  // namespace

TEST_CASE("an offer of own telemetry restarts the agent with its variables", "[supervisor][own_telemetry]") {
    Rig rig;
    rig.agent.env = {{"OTEL_TRACES_EXPORTER", "console"}};
    rig.start();
    CHECK(rig.endpoint().empty());
    auto offers = traces_to("https://one/v1/traces", opamp::Headers{{"Authorization", "Bearer a b"}});
    offers.traces->tls.emplace().ca_pem_contents = kPem;
    REQUIRE(rig.use(offers));
    rig.wait_for_starts(2);
    CHECK(rig.endpoint() == "https://one/v1/traces");
    CHECK(rig.variable("OTEL_EXPORTER_OTLP_TRACES_HEADERS") == "Authorization=Bearer%20a%20b");
    CHECK(support::read(rig.variable("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE")) == kPem);
    CHECK(rig.variable("OTEL_SERVICE_NAME") == "agent.sh");
    CHECK(rig.variable("OTEL_RESOURCE_ATTRIBUTES").find("service.instance.id=") != std::string::npos);
    CHECK(rig.variable("OTEL_TRACES_EXPORTER") == "console");  // the operator's word

    REQUIRE(rig.use(offers));
    CHECK(rig.starts() == 2);
    REQUIRE(rig.use(traces_to("https://two/v1/traces")));
    rig.wait_for_starts(3);
    CHECK(rig.endpoint() == "https://two/v1/traces");
    CHECK(rig.variable("OTEL_EXPORTER_OTLP_TRACES_HEADERS").empty());
    REQUIRE(rig.use({}));
    rig.wait_for_starts(4);
    CHECK(rig.endpoint().empty());
    CHECK(rig.variable("OTEL_SERVICE_NAME").empty());
}

TEST_CASE("an agent that dies of its variables has those before again", "[supervisor][own_telemetry]") {
    Rig rig;
    rig.be_patient();
    rig.start();
    const bool has_before = GENERATE(false, true);
    if (has_before) REQUIRE(rig.use(traces_to("https://one/")));
    const auto refused = rig.use(traces_to("https://bad/", opamp::Headers{{"k", "secret"}}));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind() == Kind::refused);
    CHECK(refused.error().text().find("exit code 3") != std::string::npos);
    CHECK(refused.error().text().find("no such exporter") != std::string::npos);
    CHECK(refused.error().text().find("secret") == std::string::npos);
    rig.wait([&] { return rig.supervisor->is_healthy(); });
    rig.wait_for_starts(has_before ? 4 : 3);
    CHECK(rig.endpoint() == (has_before ? "https://one/" : ""));
    REQUIRE(rig.use(traces_to("https://two/")));
    rig.wait_for_starts(has_before ? 5 : 4);
    CHECK(rig.endpoint() == "https://two/");
}

TEST_CASE("what is no offer does not touch the agent", "[supervisor][own_telemetry]") {
    Rig rig;
    rig.start();
    const auto refused = rig.use(traces_to("nowhere"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind() == Kind::invalid);
    REQUIRE(rig.use({}));
    CHECK(rig.starts() == 1);
}

TEST_CASE("an agent that is not told is not touched", "[supervisor][own_telemetry]") {
    Rig rig;
    rig.agent.own_telemetry.delivery = TelemetryDelivery::none;
    rig.start();
    REQUIRE(rig.use(traces_to("https://one/")));
    REQUIRE(rig.use(traces_to("nowhere")));
    CHECK(rig.starts() == 1);
    CHECK_FALSE(std::filesystem::exists(rig.folder / "own.env"));
}

TEST_CASE("a config and own telemetry each get their answer, and go together", "[supervisor][own_telemetry]") {
    Rig rig;
    rig.be_patient();
    rig.start();
    SECTION("the config first") {
        rig.offer("a: 1\n");
        REQUIRE(rig.use(traces_to("https://one/")));
        rig.wait_for("a: 1\n", opamp::ConfigStatus::applied);
    }
    SECTION("a config that fails first") {
        rig.offer("bad: 1\n");
        REQUIRE(rig.use(traces_to("https://one/")));
        rig.wait_for("bad: 1\n", opamp::ConfigStatus::failed);
        rig.offer("a: 1\n");
    }
    SECTION("the config while the other is tried") {
        rig.ask(traces_to("https://one/"));
        rig.wait([&] { return rig.supervisor->state().trial; });
        rig.offer("bad: 1\n");
        rig.offer("a: 1\n");
    }
    SECTION("the config while the other fails") {
        rig.ask(traces_to("https://bad/"));
        rig.wait([&] { return rig.supervisor->state().trial; });
        rig.offer("a: 1\n");
        rig.wait([&] { return !rig.answers.empty(); });
        CHECK_FALSE(rig.answers.front());
        rig.wait_for("a: 1\n", opamp::ConfigStatus::applied);
        CHECK(rig.endpoint().empty());
        REQUIRE(rig.use(traces_to("https://one/")));
    }
    rig.wait_for("a: 1\n", opamp::ConfigStatus::applied);
    rig.wait([&] { return rig.supervisor->is_healthy(); });
    CHECK(rig.text("effective.yaml") == "a: 1\n");
    CHECK(rig.endpoint() == "https://one/");
}

TEST_CASE("of several offers of own telemetry the newest wins, and all are answered", "[supervisor][own_telemetry]") {
    Rig rig;
    rig.start();
    for (const char* endpoint : {"https://one/", "https://two/", "https://three/", "https://four/"})
        rig.ask(traces_to(endpoint));
    rig.wait([&] { return rig.answers.size() == 4; });
    rig.wait_for_endpoint("https://four/");
    CHECK(rig.answers.back());
    const auto superseded = std::count_if(rig.answers.begin(), rig.answers.end(), [](const auto& answer) {
        return !answer && answer.error().kind() == Kind::cancelled;
    });
    CHECK(superseded >= 2);
}

TEST_CASE("the variables are there after a start of the daemon, and of the agent", "[supervisor][own_telemetry]") {
    Rig rig;
    rig.start();
    REQUIRE(rig.use(traces_to("https://one/")));
    rig.stop();
    rig.start();
    rig.wait_for_starts(3);
    CHECK(rig.endpoint() == "https://one/");
    REQUIRE(rig.use(traces_to("https://one/")));
    CHECK(rig.starts() == 3);
    rig.supervisor->restart();
    rig.wait([&] { return rig.starts() == 4 && rig.supervisor->is_healthy(); });
    CHECK(rig.endpoint() == "https://one/");
}

TEST_CASE("an agent that is down is told when it starts", "[supervisor][own_telemetry]") {
    Rig rig;
    rig.start();
    rig.supervisor->stop_agent();
    rig.wait([&] { return !rig.supervisor->is_running(); });
    rig.ask(traces_to("https://one/"));
    rig.wait([&] { return rig.supervisor->state().trial; });
    CHECK(rig.answers.empty());
    rig.supervisor->start_agent();
    rig.wait([&] { return rig.answers.size() == 1; });
    CHECK(rig.answers.front());
    rig.wait_for_endpoint("https://one/");
}

TEST_CASE("what opampd does not live to see goes on at its next start", "[supervisor][own_telemetry]") {
    Rig rig;
    rig.start();
    rig.ask(traces_to("https://one/"));
    rig.wait([&] { return rig.supervisor->state().trial; });
    rig.ask(traces_to("https://two/"));
    rig.supervisor->shut_down();
    rig.wait([&] { return rig.supervisor->state().phase == lifecycle::Phase::gone; });
    CHECK(rig.answers.empty());  // it has not failed
    rig.stop();
    for (const auto& answer : rig.answers) CHECK_FALSE(answer);
    rig.answers.clear();
    rig.start();
    REQUIRE(rig.use(traces_to("https://one/")));  // as who had asked does
    rig.wait_for_endpoint("https://one/");
}

TEST_CASE("an agent that reads its variables from a file is reloaded", "[supervisor][own_telemetry]") {
    Rig rig;
    rig.agent.own_telemetry.delivery = TelemetryDelivery::file;
    const bool reloads = GENERATE(true, false);
    if (reloads) rig.agent.reload.signal = SIGHUP;
    rig.start();
    CHECK(rig.text("own.env").find('=') == std::string::npos);
    REQUIRE(rig.use(traces_to("https://one/")));
    CHECK(rig.endpoint().empty());
    CHECK(rig.text("own.env").find("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=\"https://one/\"\n") != std::string::npos);
    struct stat info {};
    REQUIRE(::stat((rig.folder / "own.env").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    rig.wait_for_starts(reloads ? 1 : 2);
    if (reloads) rig.wait([&] { return rig.text("reloaded") == rig.text("own.env"); });

    rig.offer("a: 1\n");
    rig.wait_for("a: 1\n", opamp::ConfigStatus::applied);
    CHECK(rig.text("own.env").find("https://one/") != std::string::npos);
    REQUIRE(rig.use({}));
    CHECK(rig.text("own.env").find('=') == std::string::npos);
}

TEST_CASE("an agent that reloads is restarted for other variables", "[supervisor][own_telemetry]") {
    Rig rig;
    rig.agent.reload.signal = SIGHUP;
    rig.start();
    REQUIRE(rig.use(traces_to("https://one/")));
    rig.wait_for_starts(2);
    CHECK(rig.endpoint() == "https://one/");
    rig.offer("a: 1\n");
    rig.wait_for("a: 1\n", opamp::ConfigStatus::applied);
    CHECK(rig.starts() == 2);
    CHECK(rig.text("effective.yaml") == "a: 1\n");
}

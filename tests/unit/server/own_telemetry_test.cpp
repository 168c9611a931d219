// Where an agent sends its own telemetry, and its sampler: both are changed by the REST interface while it runs.
#include "unit/server/rest_rig.hpp"

using namespace server_test;

namespace {

opamp::AgentReport report(std::uint64_t sequence) {
    auto report = full_report(sequence);
    report.parts.capabilities = kEverything | opamp::kAcceptsOpampConnectionSettings | opamp::kReportsOwnTraces |
                                opamp::kReportsOwnLogs | opamp::kReportsOwnMetrics |
                                opamp::kReportsConnectionSettingsStatus;
    report.parts.custom_capabilities = {{"io.opampd.telemetry"}};
    report.fingerprint = sequence;
    return report;
}

struct Rig : RestRig {
    Rig() { receive(report(0)); }
};

}  // namespace

TEST_CASE("a change takes the place of the parts it names, and leaves the others", "[server][own_telemetry]") {
    Rig rig;
    REQUIRE(rig.call("PUT", kSettings, R"({"opamp": {"destination_endpoint": "wss://h/v1/opamp",
        "headers": {"Authorization": "Bearer kept"}}, "own_logs": {"destination_endpoint": "http://l/v1/logs"}})")
                .status == 200);
    rig.push();
    REQUIRE(rig.call("PATCH", kSettings,
                     R"({"own_traces": {"destination_endpoint": "http://t/v1/traces", "headers": {"X": "1"}},
                         "own_logs": null})")
                .status == 200);
    CHECK(rig.link.woken.contains(kUid));
    const auto offer = rig.push();
    REQUIRE(offer);
    CHECK(offer->connection_settings().opamp().headers().headers(0).value() == "Bearer kept");
    CHECK(offer->connection_settings().own_traces().destination_endpoint() == "http://t/v1/traces");
    CHECK(offer->connection_settings().own_traces().headers().headers(0).key() == "X");
    CHECK_FALSE(offer->connection_settings().has_own_logs());
    CHECK(rig.shown("connection_settings").at("status") == "OFFERED");

    REQUIRE(rig.call("PATCH", kSettings, R"({"own_traces": {"destination_endpoint": "http://u/v1/traces"}})").status ==
            200);
    const auto other = rig.push();
    REQUIRE(other);
    CHECK(other->connection_settings().own_traces().destination_endpoint() == "http://u/v1/traces");
    CHECK_FALSE(other->connection_settings().own_traces().has_headers());
    CHECK(other->connection_settings().hash() != offer->connection_settings().hash());
}

TEST_CASE("a change that is wrong changes nothing", "[server][own_telemetry]") {
    Rig rig;
    REQUIRE(rig.call("PATCH", kSettings, R"({"own_traces": {"destination_endpoint": "http://t/v1/traces"}})").status ==
            200);
    const auto before = rig.shown("connection_settings");
    for (const char* body : {R"({"own_traces": {"destination_endpoint": "ws://t/v1/traces"}})",
                             R"({"own_logs": {"destination_endpoint": "http://l/v1/logs", "headers": {"A\n": "b"}}})",
                             R"({"x": null})", "["}) {
        CAPTURE(body);
        CHECK(rig.call("PATCH", kSettings, body).status == 400);
    }
    CHECK(rig.shown("connection_settings") == before);
    CHECK(rig.call("PATCH", "/api/agents/" + kOtherUid.text() + "/connection-settings", "{}").status == 404);
}

TEST_CASE("the sampler is asked for by a message, and the answer is shown", "[server][own_telemetry]") {
    Rig rig;
    CHECK(rig.shown("sampler").is_null());
    REQUIRE(rig.call("POST", kAgent + "/sampler", R"({"sampler": "parentbased_traceidratio 0.1"})").status == 200);
    const auto message = rig.push();
    REQUIRE(message);
    CHECK(message->custom_message().capability() == "io.opampd.telemetry");
    CHECK(message->custom_message().type() == "sampler");
    CHECK(message->custom_message().data() == "parentbased_traceidratio 0.1");

    rig.events.take();
    auto answer = heartbeat(1);
    answer.parts.capabilities = report(0).parts.capabilities;
    answer.custom_message = opamp::CustomMessage{"io.opampd.telemetry", "sampler", "error: <b>no</b>"};
    rig.receive(answer);
    CHECK(rig.events.take() == std::vector<std::string>{"changed demo"});
    CHECK(rig.shown("sampler").at("text") == "error: <b>no</b>");

    answer.sequence_num = 2;
    answer.custom_message->capability = "io.example.other";
    answer.custom_message->data = "x";
    rig.receive(answer);
    CHECK(rig.shown("sampler").at("text") == "error: <b>no</b>");

    rig.agents.ended(rig.link, at(2));
    CHECK(rig.shown("sampler").is_null());
}

TEST_CASE("a part without an endpoint takes back what was offered, the server's own destination too",
          "[server][own_telemetry]") {
    Rig rig;
    opamp::ConnectionSettingsOffers own;
    own.own_traces.emplace().destination_endpoint = "https://backend/v1/traces";
    rig.agents.set_own_telemetry(own);
    REQUIRE(rig.push());
    REQUIRE(rig.call("PATCH", kSettings, R"({"own_traces": {"destination_endpoint": ""}, "own_logs": {}})").status ==
            200);
    const auto offer = rig.push();
    REQUIRE(offer);
    CHECK(offer->connection_settings().has_own_traces());
    CHECK(offer->connection_settings().own_traces().destination_endpoint().empty());
    CHECK(offer->connection_settings().has_own_logs());
    CHECK_FALSE(offer->connection_settings().has_own_metrics());
    CHECK(rig.shown("connection_settings").at("status") == "OFFERED");
}

TEST_CASE("a sampler that cannot be asked for", "[server][own_telemetry]") {
    Rig rig;
    CHECK(rig.call("GET", kAgent + "/sampler").status == 405);
    CHECK(rig.call("POST", kAgent + "/sampler", "always_on").status == 400);
    CHECK(rig.call("POST", kAgent + "/sampler", R"({"sampler": 1})").status == 400);
    CHECK_THAT(rig.call("POST", kAgent + "/sampler", R"({"sampler": ")" + std::string(2000, 'x') + "\"}").body,
               Catch::Contains("has 2000 bytes, and 1024 are the most"));
    const std::string good = R"({"sampler": "always_on"})";
    CHECK(rig.call("POST", "/api/agents/" + kOtherUid.text() + "/sampler", good).status == 404);
    auto without = report(1);
    without.parts.custom_capabilities.emplace();
    rig.receive(without);
    CHECK(rig.call("POST", kAgent + "/sampler", good).status == 409);
    rig.agents.ended(rig.link, at(2));
    const auto away = rig.call("POST", kAgent + "/sampler", good);
    CHECK(away.status == 409);
    CHECK_THAT(away.body, Catch::Contains("the agent " + kUid.text() + " is not connected"));
}

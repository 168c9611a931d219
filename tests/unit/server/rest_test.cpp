#include "server/rest.hpp"

#include "base/bytes.hpp"
#include "server/json.hpp"
#include "unit/server/rest_rig.hpp"

using namespace server_test;

namespace {

json::string text(const json::value& value, const char* pointer) {
    return value.at_pointer(pointer).as_string();
}

}  // namespace

TEST_CASE("the list of agents", "[server][rest]") {
    RestRig rig;
    CHECK(rig.get("/api/agents").at("agents").as_array().empty());
    rig.receive(full_report(0));
    rig.receive(full_report(0, kOtherUid, "another"));
    const auto list = rig.get("/api/agents?fresh=1");
    REQUIRE(list.at("agents").as_array().size() == 2);
    CHECK(text(list, "/agents/0/name") == "another");
    CHECK(text(list, "/agents/1/instance_uid") == kUid.text());
    CHECK(list.at_pointer("/agents/1/connected").as_bool());
    CHECK(list.at_pointer("/agents/1/healthy").as_bool());
    CHECK(text(list, "/agents/1/config_status") == "UNSET");
    CHECK(text(list, "/agents/1/last_seen") == "2023-11-14T22:13:20.000Z");
}

TEST_CASE("one agent with everything known of it", "[server][rest]") {
    RestRig rig;
    auto report = full_report(3);
    report.parts.effective_config = opamp::ConfigMap{{"", {"a: 1\n", "text/yaml"}}, {"raw", {"\xFF", ""}}};
    rig.receive(report);
    const auto agent = rig.get(kAgent);
    CHECK(text(agent, "/description/identifying_attributes/service.name") == "demo");
    CHECK(text(agent, "/description/non_identifying_attributes/host.name") == "h");
    CHECK(agent.at("sequence_num").to_number<int>() == 3);
    CHECK(text(agent, "/capabilities/0") == "ReportsStatus");
    CHECK(agent.at("capabilities").as_array().size() == 6);
    CHECK(agent.at_pointer("/health/healthy").as_bool());
    CHECK(text(agent, "/health/components/part/last_error") == "down");
    CHECK(agent.at_pointer("/health/components/part/start_time").is_null());
    const auto& files = agent.at_pointer("/effective_config/files");
    CHECK(files.at("").at("body").as_string() == "a: 1\n");
    CHECK(files.at("").at("is_text").as_bool());
    CHECK_FALSE(files.at("raw").at("is_text").as_bool());
    CHECK(text(agent, "/remote_config/status") == "UNSET");
    CHECK(agent.at_pointer("/remote_config/hash").is_null());
}

TEST_CASE("a config is set, and its status is that of its own hash", "[server][rest]") {
    RestRig rig;
    auto report = full_report(0);
    report.parts.remote_config_status = opamp::RemoteConfigStatus{"older", opamp::ConfigStatus::applied, ""};
    rig.receive(report);
    const auto set = rig.call("PUT", kAgent + "/config",
                              R"({"files": {"": {"body": "instrument: true\n", "content_type": "text/yaml"}}})");
    CHECK(set.status == 200);
    const std::string hash = base::to_hex(opamp::config_hash(kFiles));
    CHECK(json::parse(set.body).at("hash").as_string() == hash);

    auto agent = rig.get(kAgent);
    CHECK(text(agent, "/remote_config/status") == "WAITING");
    CHECK(text(agent, "/remote_config/hash") == hash);
    CHECK(text(agent, "/remote_config/reported/status") == "APPLIED");
    CHECK(agent.at("remote_config").at("files").at("").at("body").as_string() == "instrument: true\n");

    report = heartbeat(1);
    report.parts.remote_config_status =
        opamp::RemoteConfigStatus{opamp::config_hash(kFiles), opamp::ConfigStatus::failed, "line 1: no"};
    rig.receive(report);
    agent = rig.get(kAgent);
    CHECK(text(agent, "/remote_config/status") == "FAILED");
    CHECK(text(agent, "/remote_config/error_message") == "line 1: no");

    CHECK(rig.call("DELETE", kAgent + "/config").status == 200);
    CHECK(rig.get(kAgent).at_pointer("/remote_config/files").is_null());
}

TEST_CASE("a raw body is a config of one file", "[server][rest]") {
    RestRig rig;
    rig.receive(full_report(0));
    CHECK(rig.call("POST", kAgent + "/config", "a: 1\n", {{"Content-Type", "text/yaml"}}).status == 200);
    CHECK(rig.agents.find(kUid)->session.config()->files == opamp::ConfigMap{{"", {"a: 1\n", "text/yaml"}}});
    CHECK(rig.call("POST", kAgent + "/config", "{}", {{"Content-Type", "application/json"}}).status == 200);
    CHECK(rig.agents.find(kUid)->session.config()->files == opamp::ConfigMap{{"", {"{}", "application/json"}}});
}

TEST_CASE("an empty map is a config of its own", "[server][rest]") {
    RestRig rig;
    rig.receive(full_report(0));
    CHECK(rig.call("PUT", kAgent + "/config", R"({"files": {}})").status == 200);
    CHECK(rig.agents.find(kUid)->session.config()->files.empty());
    CHECK(rig.get(kAgent).at_pointer("/remote_config/files").as_object().empty());
}

TEST_CASE("a restart is passed on", "[server][rest]") {
    RestRig rig;
    rig.receive(full_report(0));
    CHECK(rig.call("POST", kAgent + "/restart").status == 200);
    CHECK(rig.link.woken.contains(kUid));
    rig.agents.ended(rig.link, at(1));
    CHECK(rig.call("POST", kAgent + "/restart").status == 409);
    CHECK(rig.call("DELETE", kAgent).status == 200);
    CHECK(rig.call("GET", kAgent).status == 404);
}

TEST_CASE("what is wrong with a request", "[server][rest]") {
    RestRig rig;
    rig.receive(full_report(0));
    struct Row {
        const char* method;
        std::string target;
        std::string body;
        unsigned status;
        const char* text;
    };
    const auto row = GENERATE(values<Row>({
        {"GET", "/api/", "", 404, "nothing at this address"},
        {"GET", "/api/agentsx", "", 404, "nothing at this address"},
        {"GET", "/api/agents/1", "", 404, "'1' is not an instance_uid"},
        {"GET", "/api/agents/" + kOtherUid.text(), "", 404, "no agent has"},
        {"GET", kAgent + "/x", "", 404, "nothing at this address"},
        {"POST", "/api/agents", "", 405, "takes GET"},
        {"PUT", kAgent, "", 405, "takes GET, DELETE"},
        {"GET", kAgent + "/config", "", 405, "takes PUT, POST, DELETE"},
        {"GET", kAgent + "/restart", "", 405, "takes POST"},
        {"DELETE", kAgent, "", 409, "is connected"},
        {"PUT", kAgent + "/config", "instrument: true", 400, "not JSON"},
        {"PUT", kAgent + "/config", "[]", 400, "expected {\\\"files\\\""},
        {"PUT", kAgent + "/config", R"({"files": {"a": "x"}})", 400, "files.a"},
        {"PUT", kAgent + "/config", R"({"files": {"a": {"body": 1}}})", 400, "files.a.body"},
        {"PUT", kAgent + "/config", R"({"files": {"a": {"body": "", "content_type": 1}}})", 400,
         "files.a.content_type"},
        {"PUT", kAgent + "/config", R"({"files": {"a\u0000b": {"body": ""}}})", 400, "control characters"},
        {"PUT", kAgent + "/config", std::string(1000, '['), 400, "not JSON"},
        {"PUT", "/api/agents/" + kOtherUid.text() + "/config", R"({"files": {}})", 404, "no agent has"},
    }));
    CAPTURE(row.method, row.target, row.body);
    const auto response = rig.call(row.method, row.target, row.body);
    CHECK(response.status == row.status);
    CHECK_THAT(response.body, Catch::StartsWith("{\"error\":\"") && Catch::Contains(row.text));
}

TEST_CASE("events for the page", "[server][rest]") {
    RestRig rig;
    rig.receive(full_report(0));
    const server::Agent& agent = *rig.agents.find(kUid);
    const auto changed = json::parse(server::changed_event(agent));
    CHECK(text(changed, "/event") == "agent.changed");
    CHECK(text(changed, "/agent/name") == "demo");
    CHECK(text(json::parse(server::seen_event(agent)), "/instance_uid") == kUid.text());
    CHECK(text(json::parse(server::forgotten_event(kUid)), "/event") == "agent.forgotten");
    const auto received = json::parse(server::telemetry_event(kUid, server::Signal::logs));
    CHECK(text(received, "/event") == "telemetry.received");
    CHECK(text(received, "/instance_uid") == kUid.text());
    CHECK(text(received, "/signal") == "logs");
}

#include "control/messages.hpp"

#include <catch2/catch.hpp>

using namespace control;

namespace {

Agent full_agent() {
    Agent agent;
    agent.name = "collector";
    agent.phase = "running";
    agent.held = true;
    agent.healthy = true;
    agent.reason = "line one\n\"line two\"";
    agent.pid = 4711;
    agent.started_at = "2026-01-31T12:00:00Z";
    agent.instance_uid = "01890a5d-ac96-774b-bcce-b302099a8057";
    agent.current = 8;
    agent.last_good = 7;
    agent.trial = true;
    agent.config_hash = "0a1b";
    agent.remote_config = {"FAILED", "ff", "exit code 3"};
    agent.server = {"127.0.0.1:4320", true, "2026-01-31T12:00:01Z", "no"};
    agent.executable = "/usr/bin/otelcol";
    agent.config_path = "/srv/effective.yaml";
    agent.state_folder = "/var/lib/opampd/collector";
    agent.output = "/var/lib/opampd/collector/agent.log";
    return agent;
}

}  // namespace

TEST_CASE("requests and answers come back as they were", "[control][json]") {
    const Request request{Command::config_diff, "web", "7", "current", "0a", true, "always_off"};
    const auto again = parse_request(to_json(request));
    REQUIRE(again);
    CHECK(*again == request);
    const Request logs{Command::logs, "web", "", "", "", false, "", 0, true};
    CHECK(*parse_request(to_json(logs)) == logs);

    Answer answer;
    answer.agents = {full_agent(), Agent()};
    answer.revisions = {{3, "remote", "t", "h", "r", "failed", "u", "why", true, false}, Revision()};
    answer.files = {{"", "text/yaml", "a: 1\n"}, {"x", "", "ä\t"}};
    answer.diff = "";
    answer.telemetry = {{"web",
                         "traceidratio 0.5",
                         false,
                         {{"traces", "http://a:1/v1/traces", "server", 1, 2, 3, 4, 5, true, "no", "t"}, {}}},
                        Telemetry()};
    answer.problems = {"one", "two"};
    answer.at_next_start.emplace();
    answer.done = "restarted";
    answer.agent = "web";
    answer.revision = 18446744073709551615ull;
    answer.against = 2;
    answer.note = "note";
    const auto answered = parse_answer(to_json(answer));
    REQUIRE(answered);
    CHECK(*answered == answer);

    Answer refusal;
    refusal.failure = Failure{Kind::not_found, "there is no agent 'x'", "there is web"};
    CHECK(*parse_answer(to_json(refusal)) == refusal);
}

TEST_CASE("a request is one line, and so is its answer", "[control][json]") {
    Answer answer;
    answer.files = {{"a\nb", "", "one\ntwo\n"}};
    const std::string text = to_json(answer);
    CHECK(text.find('\n') == text.size() - 1);
}

TEST_CASE("health is what programs are promised", "[control][json]") {
    Health health;
    health.healthy = false;
    health.agents = {{"web", "running", true, ""}, {"db", "backing_off", false, "exit code 3\n\"why\""}};
    CHECK(to_json(health) ==
          R"({"healthy":false,"agents":[{"name":"web","phase":"running","healthy":true,"reason":""},)"
          R"({"name":"db","phase":"backing_off","healthy":false,"reason":"exit code 3\n\"why\""}]})"
          "\n");
}

TEST_CASE("what has no value is left out", "[control][json]") {
    CHECK(to_json(Answer()) == "{}\n");
    Answer answer;
    answer.agents.emplace().emplace_back();
    CHECK(to_json(answer).find("\"pid\"") == std::string::npos);
}

TEST_CASE("bytes that are not text do not break the document", "[control][json]") {
    Answer answer;
    answer.files = {{"x", "", "a\xFF\xFE"}};
    const auto again = parse_answer(to_json(answer));
    REQUIRE(again);
    CHECK(again->files->front().body == "a\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_CASE("a request that makes no sense is refused with its fault", "[control][json][hostile]") {
    struct Row {
        const char* line;
        const char* fault;
    };
    const auto row = GENERATE(values<Row>({
        {"", "not a JSON object"},
        {"\n", "not a JSON object"},
        {"[]", "not a JSON object"},
        {"{\"command\":\"status\"", "not a JSON object"},
        {"{\"command\":\"status\"} {}", "not a JSON object"},
        {"{\"command\":\"format_disk\"}", "'command' is not one that is known"},
        {"{\"command\":7}", "'command' is not one that is known"},
        {"{\"command\":\"show\",\"agent\":[\"web\"]}", "'agent' is not a text"},
        {"{\"command\":\"config_show\",\"remote\":\"yes\"}", "'remote' is not true or false"},
        {"{\"command\":\"status\",\"force\":true}", "a member that is not known"},
        {"{\"command\":\"telemetry_sampler\",\"sampler\":{}}", "'sampler' is not a text"},
    }));
    CAPTURE(row.line);
    const auto request = parse_request(row.line);
    REQUIRE_FALSE(request);
    CHECK(request.error().kind() == base::Kind::invalid);
    CHECK(request.error().message() == row.fault);
}

TEST_CASE("JSON of any depth is refused without harm", "[control][json][hostile]") {
    CHECK_FALSE(parse_request(std::string(60000, '[')));
    CHECK_FALSE(parse_request("{\"agent\":" + std::string(60000, '[') + "}"));
}

TEST_CASE("an answer of a later opampd is understood as far as it goes", "[control][json]") {
    const auto answer = parse_answer("{\"done\":\"yes\",\"since_then\":{\"a\":1}}");
    REQUIRE(answer);
    CHECK(answer->done == "yes");
    CHECK_FALSE(parse_answer("{\"revisions\":{}}"));
    CHECK_FALSE(parse_answer("{\"revisions\":[{\"id\":-1}]}"));
    CHECK_FALSE(parse_answer("{\"revisions\":[{\"id\":1.5}]}"));
}

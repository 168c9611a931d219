#include "ctl/text.hpp"

#include <catch2/catch.hpp>

using namespace control;

TEST_CASE("columns are as wide as their widest cell, in characters", "[ctl][text]") {
    CHECK(ctl::table({{"A", "LONG", "C"}, {"größe", "x", ""}, {"b", "", "yes"}}) ==
          "A      LONG  C\n"
          "größe  x     \n"
          "b            yes\n");
}

TEST_CASE("the status names what is wrong, and where to look next", "[ctl][text]") {
    Agent good;
    good.name = "web";
    good.phase = "running";
    good.healthy = true;
    good.pid = 17;
    good.started_at = "2026-01-31T12:00:00Z";
    good.current = 3;
    good.remote_config = {"APPLIED", "0a1b2c3d4e5f", ""};
    good.server.connected = true;
    Agent bad;
    bad.name = "proxy";
    bad.phase = "backing off";
    bad.reason = "exit code 3";
    bad.current = 2;
    bad.trial = true;
    bad.remote_config = {"FAILED", "ffffffff00", "two\nlines\x1B[31m"};
    bad.server = {"10.0.0.1:4320", false, "", "connection refused"};
    Answer answer;
    answer.agents = {good, bad};
    CHECK(ctl::as_text({}, answer) ==
          "AGENT  PHASE        HEALTHY  PID  SINCE                 REVISION      REMOTE CONFIG     SERVER\n"
          "web    running      yes      17   2026-01-31T12:00:00Z  3             APPLIED 0a1b2c3d  connected\n"
          "proxy  backing off  no       -    -                     2 (on trial)  FAILED ffffffff   not connected\n"
          "\n"
          "proxy: not healthy: exit code 3\n"
          "  next: opampctl logs proxy\n"
          "proxy: the server's config failed: two; lines?[31m\n"
          "  next: opampctl config history proxy\n"
          "proxy: no connection to 10.0.0.1:4320: connection refused\n");
}

TEST_CASE("an agent that was stopped is told from one that fell", "[ctl][text]") {
    Agent agent;
    agent.name = "web";
    agent.phase = "down";
    agent.held = true;
    agent.reason = "stopped by the operator";
    agent.remote_config.status = "UNSET";
    agent.server.connected = true;
    Answer answer;
    answer.agents = {agent};
    CHECK(ctl::as_text({}, answer) ==
          "AGENT  PHASE           HEALTHY  PID  SINCE  REVISION  REMOTE CONFIG  SERVER\n"
          "web    down (stopped)  no       -    -      -         -              connected\n"
          "\n"
          "web: stopped by opampctl\n"
          "  next: opampctl start web\n");
}

TEST_CASE("the history is a table", "[ctl][text]") {
    Answer answer;
    answer.revisions = {{12, "remote", "2026-01-31T12:00:00Z", "0a1b2c3d4e", "", "failed", "2026-01-31T12:00:05Z",
                         "exit code 3", false, false},
                        {1, "local", "", "ffffffffff", "", "applied", "", "", true, true}};
    CHECK(
        ctl::as_text({Command::history, "web", "", "", "", false}, answer) ==
        "REVISION  ORIGIN  CREATED               HASH      OUTCOME  SINCE                 IS                  REASON\n"
        "12        remote  2026-01-31T12:00:00Z  0a1b2c3d  failed   2026-01-31T12:00:05Z  -                   exit "
        "code 3\n"
        "1         local   -                     ffffffff  applied  -                     current, last-good  -\n");
}

TEST_CASE("telemetry is a table, and below it is what is not as it should be", "[ctl][text]") {
    Answer answer;
    answer.telemetry = {{"web",
                         "traceidratio 0.5",
                         false,
                         {{"traces", "http://10.0.0.1:4318/v1/traces", "server", 12, 1, 2, 3, 4, true,
                           "refused\x1B[2J\nby it", "2026-01-31T12:00:00Z"},
                          {"metrics", "", "", 0, 0, 0, 0, 0, false, "", ""},
                          {"logs", "http://10.0.0.1:4318/v1/logs", "settings", 7, 0, 0, 0, 0, false, "timeout",
                           "2026-01-31T12:00:01Z"}}}};
    CHECK(ctl::as_text({Command::telemetry, "", "", "", "", false}, answer) ==
          "AGENT  SIGNAL   GOES TO                         SAID BY   SAMPLER           EXPORTED  REJECTED  GIVEN UP  "
          "DROPPED  WAITING\n"
          "web    traces   http://10.0.0.1:4318/v1/traces  server    traceidratio 0.5  12        1         2         "
          "3        4\n"
          "web    metrics  -                               -         -                 0         0         0         "
          "0        0\n"
          "web    logs     http://10.0.0.1:4318/v1/logs    settings  -                 7         0         0         "
          "0        0\n"
          "\n"
          "web: its sampler is not that of the settings file\n"
          "  next: opampctl reload, to have that again\n"
          "web: traces are not taken at 2026-01-31T12:00:00Z: refused?[2J; by it\n"
          "web: logs were not taken at 2026-01-31T12:00:01Z: timeout\n");
}

TEST_CASE("one file is printed as it is, several with their names", "[ctl][text]") {
    Answer answer;
    answer.files = {{"effective.yaml", "", "a: 1"}};
    CHECK(ctl::as_text({}, answer) == "a: 1");
    answer.files->push_back({"", "text/yaml", "b: 2\n"});
    CHECK(ctl::as_text({}, answer) == "==> effective.yaml <==\na: 1\n==> - (text/yaml) <==\nb: 2\n");
}

TEST_CASE("what a config holds gives no orders to a terminal", "[ctl]") {
    CHECK(ctl::for_terminal("a: 1\n\tb: caf\xC3\xA9 \xE2\x98\x95\n") == "a: 1\n\tb: caf\xC3\xA9 \xE2\x98\x95\n");
    CHECK(ctl::for_terminal("\x1B[2J\x7F\xC2\x9B"
                            "31m\r\n") == "?[2J???31m?\n");
}

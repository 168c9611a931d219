// What may not be said of probes.
#include "unit/settings/preset_machine.hpp"

namespace {

/// Of probes on line 5, or from there on.
Texts problems_with(const std::string& keys) {
    return problems_of(kServer + "agent:\n  preset: mine\n  executable: ./demo-service\n" + keys,
                       machine({{"mine", "health: {type: http, endpoint: 'http://localhost:1/', body: ok}\n"}}));
}

Texts problems_of_probe(const std::string& keys) {
    Texts problems = problems_of(kServer + "agent:\n  executable: ./demo-service\n  health:\n    probes:\n      a: {" +
                                 keys + "}\n");
    for (std::string& problem : problems) {
        const std::string where = "opampd.yaml:6: agent.health.probes.a.";
        if (problem.starts_with(where)) problem.erase(0, where.size());
    }
    return problems;
}

}  // namespace

TEST_CASE("each type of probe has what it needs", "[settings][health]") {
    CHECK(problems_of_probe("type: http, endpoint: 'https://localhost/', status: [200-204, 401], body: 'up*', "
                            "tls: {insecure_skip_verify: true}, successes: 2, failures: 3") == Texts{});
    CHECK(problems_of_probe("type: tcp, endpoint: 'localhost:80'") == Texts{});
    CHECK(problems_of_probe("type: tcp, endpoint: '[::1]:80'") == Texts{});
    CHECK(problems_of_probe("type: unix, endpoint: /run/x.sock") == Texts{});
    CHECK(problems_of_probe("type: unix, endpoint: '@x'") == Texts{});
    CHECK(problems_of_probe("type: command, command: [./demo-service, '{pid}']") == Texts{});
    CHECK(problems_of_probe("type: file, file: beat, max_age: 30s") == Texts{});
    CHECK(problems_of_probe("type: notify, watchdog_timeout: 10s") == Texts{});
    CHECK(problems_of_probe("type: process") == Texts{});
    CHECK(problems_of_probe("type: tcp") ==
          Texts{"endpoint: is missing (type tcp needs the address to connect to, such as 127.0.0.1:5432)"});
    CHECK(problems_of_probe("type: unix") ==
          Texts{"endpoint: is missing (type unix needs the path of a socket, such as /run/agent.sock)"});
    CHECK(problems_of_probe("type: command") == Texts{"command: is missing (type command needs the program to run)"});
    CHECK(problems_of_probe("type: file") ==
          Texts{"file: is missing (type file needs the file that the agent writes)"});
}

TEST_CASE("a probe has nothing that is for another type", "[settings][health]") {
    CHECK(problems_of_probe("type: http, endpoint: 'localhost:80'") ==
          Texts{"endpoint: is not for type http, which needs the URL to ask (write http://127.0.0.1:8080/healthz, or "
                "another type)"});
    CHECK(problems_of_probe("type: tcp, endpoint: 'http://localhost/'") ==
          Texts{"endpoint: is not for type tcp, which needs the address to connect to (write 127.0.0.1:5432, or "
                "another type)"});
    CHECK(problems_of_probe("type: notify, endpoint: /run/x") ==
          Texts{"endpoint: is never asked with type notify (write type: http, or remove the endpoint)"});
    CHECK(problems_of_probe("type: tcp, endpoint: 'localhost:80', body: x") ==
          Texts{"body: does nothing with type tcp (write type: http, or remove it)"});
    CHECK(problems_of_probe("type: notify, max_age: 1s") ==
          Texts{"max_age: does nothing with type notify (write type: file, or remove it)"});
    CHECK(problems_of_probe("type: http, endpoint: 'http://localhost/', tls: {insecure_skip_verify: true}") ==
          Texts{"tls.insecure_skip_verify: does nothing without TLS (write https:// in endpoint, or remove it)"});
}

TEST_CASE("values of a probe are told the right ones", "[settings][health]") {
    CHECK(problems_of_probe("type: tcp, endpoint: localhost") ==
          Texts{"endpoint: 'localhost' is not a URL, an address or a socket (write http://127.0.0.1:PORT/PATH, "
                "127.0.0.1:PORT or /PATH)"});
    CHECK(problems_of_probe("type: tcp, endpoint: '::1:80'") ==
          Texts{"endpoint: '::1:80' is not a URL, an address or a socket (write http://127.0.0.1:PORT/PATH, "
                "127.0.0.1:PORT or /PATH)"});
    for (const char* status : {"99", "600", "300-200", "2xx", "200-", "-200"}) {
        INFO(status);
        CHECK(problems_of_probe("type: http, endpoint: 'http://localhost/', status: ['" + std::string(status) + "']") ==
              Texts{"status: '" + std::string(status) +
                    "' is no HTTP status and no range of them (write 401 or 200-299)"});
    }
    CHECK(problems_of_probe("type: unix, endpoint: /" + std::string(200, 'x'))[0].ends_with(
        "is too long for a socket (at most 107 bytes)"));
    CHECK(problems_of_probe("type: tcp, endpoint: 'localhost:80', interval: 1ms") ==
          Texts{"interval: '1ms' is too short (at least 100ms)"});
    CHECK(
        problems_of_probe("type: command, command: [nobody]")[0].starts_with("command: the program is not a program"));
}

TEST_CASE("probes have names, and nothing below them", "[settings][health]") {
    CHECK(problems_with("  health: {type: process, probes: {'a b': {type: notify}}}\n") ==
          Texts{"opampd.yaml:5: agent.health.probes.a b: is not a name for a probe (letters, digits, '.', '_' and '-', "
                "no dot in front, at most 64)"});
    CHECK(problems_of_probe("type: notify, probes: {b: {type: notify}}") ==
          Texts{"probes: is not a key of opampd (a probe has none below it)"});
    CHECK(problems_with("  health: {probes: {http: {type: notify}}}\n") ==
          Texts{"opampd.yaml:5: agent.health.probes.http: has the name of the probe that agent.health.type makes (give "
                "another one, or remove the type)"});
    CHECK(problems_with("  health: {type: notify, probes: {a: {type: notify}}}\n") ==
          Texts{"opampd.yaml:5: agent.health.probes.a: is of type notify, as agent.health.type is: there is one socket "
                "(keep one)"});
    CHECK(problems_of_probe("typ: notify") == Texts{"typ: is not a key of opampd (did you mean type?)"});
}

TEST_CASE("another type than the preset's takes its place", "[settings][health][preset]") {
    const auto environment = machine(
        {{"mine", "executable: prometheus\nhealth: {type: http, endpoint: 'http://localhost:1/', body: ok}\n"}});
    const Agent notified = agent_with("  preset: mine\n  health: {type: notify}\n", environment);
    CHECK(notified.health.endpoint.empty());
    CHECK(notified.health.body.empty());
    const Agent beside = agent_with("  preset: mine\n  health: {probes: {beat: {type: file, file: x}}}\n", environment);
    CHECK(beside.health.endpoint == "http://localhost:1/");
    CHECK(beside.health.probes.at("beat").file == "/srv/x");
    CHECK(problems_of(kServer + "agent:\n  preset: mine\n  health: {type: tcp}\n", environment) ==
          Texts{"opampd.yaml:4: agent.health.endpoint: is missing (type tcp needs the address to connect to, such as "
                "127.0.0.1:5432)"});
}

TEST_CASE("a socket for what agents tell needs a path that is short enough", "[settings][health]") {
    const std::string folder = "/" + std::string(100, 's');
    const std::string yaml =
        kServer + "storage: {runtime_directory: " + folder + "}\nagent:\n  executable: ./demo-service\n";
    CHECK(problems_of(yaml).empty());
    CHECK(
        problems_of(yaml + "  health: {type: notify}\n") ==
        Texts{
            "opampd.yaml:2: storage.runtime_directory: is too long for the socket of agent, agent.private/notify.sock "
            "in it: its path has 127 bytes, and may have 107 (give a shorter one)"});
}

TEST_CASE("min_uptime counts where the process itself is probed", "[settings][health]") {
    CHECK(problems_with("  min_uptime: 1m\n  health: {probes: {alive: {type: process}}}\n") ==
          Texts{"opampd.yaml:5: agent.min_uptime: is longer than agent.config_apply_timeout, which is 5s by default "
                "(change one of them)"});
    CHECK(problems_with("  min_uptime: 1m\n  health: {type: notify}\n") == Texts{});
}

TEST_CASE("a reload may be shown by what the agent tells", "[settings][health][reload]") {
    CHECK(
        problems_with("  health: {type: notify}\n  reload: {signal: HUP}\n") ==
        Texts{
            "opampd.yaml:6: agent.reload.confirm: is missing (health.type notify says nothing of a reload by a signal: "
            "write notify: true, or another proof)"});
    CHECK(problems_with("  health: {type: notify}\n  reload: {signal: HUP, confirm: {children: true}}\n") == Texts{});
    CHECK(agent_with("  executable: ./demo-service\n  reload: {signal: HUP, confirm: {notify: true}}\n")
              .reload.confirm.notify);
    CHECK(problems_with("  reload: {signal: HUP, confirm: {notify: true, output: x}}\n") ==
          Texts{"opampd.yaml:5: agent.reload.confirm.notify: is given together with agent.reload.confirm.output (keep "
                "one)"});
}

// What may be said of an agent's output.
#include "unit/settings/problem_rows.hpp"

using namespace problem_rows;

namespace {

std::string output(const std::string& keys) {
    return "  output: {" + keys + "}\n";
}

}  // namespace

TEST_CASE("what the destination has no use for is refused", "[settings][output]") {
    check_rows({
        agent_row(
            "all of it for files",
            output("file: data/agent.log, max_size: 1MiB, max_age: 24h, keep: 3, keep_for: 720h, compress: false"), {}),
        agent_row("a size without a file", output("destination: log, max_size: 1MiB"),
                  {"5: agent.output.max_size: is for files (write output.destination: file, or remove it)"}),
        agent_row("an identifier without the journal", output("identifier: web"),
                  {"5: agent.output.identifier: is for the journal (write output.destination: journal, or remove it)"}),
        agent_row("nowhere, directly", output("destination: none, direct: true"),
                  {"5: agent.output.direct: needs output.destination: file or journal (change one of them)"}),
        agent_row("an age of a file that the agent holds", output("direct: true, max_age: 1h"),
                  {"5: agent.output.max_age: cannot be kept with output.direct: the agent holds its file open (remove "
                   "one of them)"}),
        agent_row("no limits", output("max_age: 0s, keep_for: 0s"), {}),
        agent_row("another destination", output("destination: syslog"),
                  {"5: agent.output.destination: 'syslog' is not known here (write file, log, journal or none)"}),
    });
}

TEST_CASE("the journal has to be there", "[settings][output]") {
    const std::string yaml = kAgent + output("destination: journal, identifier: web, direct: true");
    CHECK(problems_of(yaml) == Lines{"5: agent.output.destination: 'journal' needs systemd's journal, and there is no "
                                     "/run/systemd/journal/stdout (start systemd-journald, or write file or log)"});
    FakeEnvironment environment;
    environment.files["/run/systemd/journal/stdout"] = "";
    CHECK(problems_of(yaml, environment).empty());
}

TEST_CASE("sizes and times of output are held against their bounds", "[settings][output]") {
    check_rows({
        agent_row("too small a file", output("max_size: 1KiB"),
                  {"5: agent.output.max_size: '1KiB' is not between 4KiB and 1TiB"}),
        agent_row("too young", output("max_age: 10ms"),
                  {"5: agent.output.max_age: '10ms' is too short (at least 1s, or 0s for no limit)"}),
        agent_row("too long a tail", output("tail: 2MiB"),
                  {"5: agent.output.tail: '2MiB' is too large (at most 1MiB)"}),
        agent_row("none kept", output("keep: 0"), {"5: agent.output.keep: '0' is not a number from 1 to 1000"}),
        agent_row("a line break in a name", output("destination: journal, identifier: \"a\\nb\""),
                  {"5: agent.output.destination: 'journal' needs systemd's journal, and there is no "
                   "/run/systemd/journal/stdout (start systemd-journald, or write file or log)",
                   "5: agent.output.identifier: 'a?b' has a control character in it (remove it)"}),
    });
}

TEST_CASE("the output's file is one that can be written, and nobody else's", "[settings][output]") {
    check_rows({
        agent_row("a folder", output("file: /srv/data"),
                  {"5: agent.output.file: is a folder (give the path of the file to write)"}),
        agent_row(
            "a device", output("file: /dev/null"),
            {"5: agent.output.file: is not a regular file (give another path, or write another output.destination)"}),
        agent_row("nowhere", output("file: /none/agent.log"),
                  {"5: agent.output.file: is in a folder that does not exist (create it)"}),
        agent_row("the config", output("file: effective.yaml"),
                  {"5: agent.output.file: is a file that is needed for something else (give another path)"}),
        {"that of another agent",
         "server: {endpoint: ws://a}\nagents:\n  a: {executable: ./demo-service, output: {file: x.log}}\n"
         "  b: {executable: ./demo-service, config_path: b.yaml, output: {file: ./x.log}}\n",
         {"4: agents.b.output.file: names the same file as agents.a.output.file (give another one)"}},
    });
}

#include "base/log.hpp"

#include <catch2/catch.hpp>

#include "support/temp_folder.hpp"

using namespace base::log;
using namespace std::chrono_literals;

namespace {

const std::chrono::system_clock::time_point kTime(1'700'000'000'123'456us);

}  // namespace

TEST_CASE("an event is one line of logfmt", "[base][log]") {
    CHECK(format_line(Format::logfmt, kTime, Level::info, "agent.exited",
                      {{"pid", 4711}, {"status", "killed by signal 9"}, {"after", base::Duration(1500us)}}) ==
          "time=2023-11-14T22:13:20.123456Z level=info event=agent.exited pid=4711 status=\"killed by signal 9\" "
          "after=1.5ms");
}

TEST_CASE("or one JSON object", "[base][log]") {
    CHECK(format_line(Format::json, kTime, Level::warning, "a.b",
                      {{"n", 1}, {"t", true}, {"s", "plain"}, {"q", "\"\n\xFF"}}) ==
          "{\"time\":\"2023-11-14T22:13:20.123456Z\",\"level\":\"warning\",\"event\":\"a.b\",\"n\":1,\"t\":true,\"s\":"
          "\"plain\",\"q\":\"\\\"\\n\xEF\xBF\xBD\"}");
}

TEST_CASE("no value can start a line of its own", "[base][log]") {
    const std::string line =
        format_line(Format::logfmt, kTime, Level::info, "a.b", {{"error", "one\ntime=forged level=info"}});
    CHECK(line.find('\n') == std::string::npos);
}

TEST_CASE("an output that cannot be opened is refused by name", "[base][log]") {
    support::TempFolder folder;
    support::write(folder / "file", "");
    const std::string output = (folder / "file/log").string();
    const auto started = start({Level::info, Format::logfmt, {output}});
    REQUIRE_FALSE(started);
    CHECK(started.error().message().starts_with("telemetry.logs.outputs: cannot write to '" + output + "'"));
}

#include "supervisor/telemetry_options.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;

TEST_CASE("without a word in the settings metrics are sent every ten seconds [TLM-6]", "[supervisor][telemetry]") {
    const settings::Settings settings;
    const auto silent = supervisor::local_telemetry(settings, [](const char*) { return std::string(); });
    REQUIRE(silent);
    CHECK(silent->metric_interval == 10s);
}

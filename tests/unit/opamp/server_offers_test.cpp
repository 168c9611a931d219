// What a ServerSession offers beside a config, and what agents that poll are told.
#include "base/bytes.hpp"
#include "unit/opamp/server_session_rig.hpp"

using namespace opamp_test;

namespace {

constexpr std::uint64_t kAllSettings = kEverything | opamp::kAcceptsOpampConnectionSettings |
                                       opamp::kReportsOwnMetrics | opamp::kReportsOwnTraces | opamp::kReportsOwnLogs |
                                       opamp::kAcceptsOtherConnectionSettings |
                                       opamp::kReportsConnectionSettingsStatus | opamp::kReportsHeartbeat;

opamp::ConnectionSettingsOffers all_settings() {
    opamp::ConnectionSettingsOffers offers;
    offers.opamp.emplace();
    offers.opamp->destination_endpoint = "wss://h/v1/opamp";
    offers.opamp->heartbeat_interval_seconds = 7;
    offers.own_metrics.emplace().destination_endpoint = "https://m/v1/metrics";
    offers.own_traces.emplace().destination_endpoint = "https://m/v1/traces";
    offers.own_logs.emplace().destination_endpoint = "https://m/v1/logs";
    offers.other_connections["db"].destination_endpoint = "db:1";
    return offers;
}

pb::AgentToServer settings_report(std::uint64_t sequence, const std::string& hash,
                                  pb::ConnectionSettingsStatuses status = pb::ConnectionSettingsStatuses_APPLIED) {
    pb::AgentToServer message = heartbeat(sequence, kAllSettings);
    message.mutable_connection_settings_status()->set_last_connection_settings_hash(hash);
    message.mutable_connection_settings_status()->set_status(status);
    return message;
}

bool asks_components(const pb::ServerToAgent& message) {
    return (message.flags() & pb::ServerToAgentFlags_ReportAvailableComponents) != 0;
}

}  // namespace

TEST_CASE("each class of settings is offered with its capability only", "[opamp][server][SRV-CONN-1][SRV-STAT-11]") {
    struct Row {
        std::uint64_t capability;
        std::string parts;
    };
    const auto row = GENERATE(values<Row>({{opamp::kAcceptsOpampConnectionSettings, "opamp "},
                                           {opamp::kReportsOwnMetrics, "own_metrics "},
                                           {opamp::kReportsOwnTraces, "own_traces "},
                                           {opamp::kReportsOwnLogs, "own_logs "},
                                           {opamp::kAcceptsOtherConnectionSettings, "other "},
                                           {0, ""}}));
    Rig rig;
    rig.session.set_connection_settings(all_settings());
    rig.session.connected();
    const auto reply = rig.receive(full_report(0, kEverything | row.capability));
    const auto& offers = reply.connection_settings();
    std::string parts;
    if (offers.has_opamp()) parts += "opamp ";
    if (offers.has_own_metrics()) parts += "own_metrics ";
    if (offers.has_own_traces()) parts += "own_traces ";
    if (offers.has_own_logs()) parts += "own_logs ";
    if (!offers.other_connections().empty()) parts += "other ";
    CHECK(parts == row.parts);
    CHECK(reply.has_connection_settings() == (row.capability != 0));
    CHECK(offers.opamp().heartbeat_interval_seconds() == 0);  // without ReportsHeartbeat
}

TEST_CASE("settings are offered once, and again to an agent that reports another hash",
          "[opamp][server][SRV-CONN-2][SRV-CONN-3][SRV-CONN-9][SRV-CONN-10]") {
    Rig rig;
    rig.session.set_connection_settings(all_settings());
    rig.session.connected();
    const auto offer = rig.receive(full_report(0, kAllSettings)).connection_settings();
    CHECK(offer.hash() == rig.session.connection_settings()->hash);
    CHECK(offer.opamp().destination_endpoint() == "wss://h/v1/opamp");
    CHECK(offer.opamp().heartbeat_interval_seconds() == 7);
    CHECK(rig.session.settings_progress() == ConfigProgress::offered);
    CHECK(is_bare(rig.receive(heartbeat(1, kAllSettings))));
    CHECK(is_bare(rig.receive(settings_report(2, offer.hash(), pb::ConnectionSettingsStatuses_APPLYING))));
    CHECK(rig.session.settings_progress() == ConfigProgress::applying);
    CHECK(rig.receive(settings_report(3, "older")).connection_settings().hash() == offer.hash());
    CHECK(is_bare(rig.receive(settings_report(4, offer.hash()))));
    CHECK(rig.session.settings_progress() == ConfigProgress::applied);

    rig.session.connected();
    CHECK_FALSE(rig.receive(heartbeat(5, kAllSettings)).has_connection_settings());

    auto changed = all_settings();
    changed.own_metrics->destination_endpoint = "https://other/v1/metrics";
    rig.session.set_connection_settings(changed);
    const auto push = rig.push();
    REQUIRE(push);
    CHECK(push->connection_settings().own_metrics().destination_endpoint() == "https://other/v1/metrics");
    CHECK(push->connection_settings().hash() != offer.hash());
    CHECK_FALSE(rig.push());
}

TEST_CASE("an agent that says nothing of its OpAMP settings is not made to connect for ever",
          "[opamp][server][SRV-CONN-2]") {
    constexpr std::uint64_t kSilent = kAllSettings & ~std::uint64_t{opamp::kReportsConnectionSettingsStatus};
    Rig rig;
    rig.session.set_connection_settings(all_settings());
    rig.session.connected();
    CHECK(rig.receive(full_report(0, kSilent)).connection_settings().has_opamp());
    rig.session.connected();
    const auto again = rig.receive(full_report(1, kSilent));
    CHECK(again.connection_settings().has_own_metrics());
    CHECK_FALSE(again.connection_settings().has_opamp());
}

TEST_CASE("an offer over the send limit is not made, and the report is answered",
          "[opamp][server][SRV-WS-6][SRV-HTTP-6]") {
    Rig rig;
    rig.session.set_send_limit(1000);
    rig.settle();
    rig.session.set_config(offer({{"", {std::string(1000, 'x'), ""}}}));
    CHECK(is_bare(rig.receive(heartbeat(1))));
    CHECK(rig.session.take_withheld_bytes().value_or(0) > 1000);
    CHECK_FALSE(rig.session.take_withheld_bytes());
    CHECK(rig.session.progress() == ConfigProgress::withheld);
    CHECK_FALSE(rig.push());
    CHECK(is_bare(rig.receive(status_report(2, "older", pb::RemoteConfigStatuses_APPLIED))));
    rig.session.set_config(kConfig);
    CHECK(rig.push());
}

TEST_CASE("two offers that are too large together are two messages", "[opamp][server][SRV-WS-6]") {
    Rig rig;
    rig.session.set_send_limit(1000);
    rig.settle(kAllSettings);
    auto settings = all_settings();
    settings.opamp->headers = opamp::Headers{{"X", std::string(500, 'x')}};
    rig.session.set_connection_settings(settings);
    rig.session.set_config(offer({{"", {std::string(700, 'x'), ""}}}));
    const auto first = rig.push();
    const auto second = rig.push();
    REQUIRE((first && second));
    CHECK(first->has_connection_settings());
    CHECK_FALSE(first->has_remote_config());
    CHECK(second->has_remote_config());
    CHECK_FALSE(rig.session.take_withheld_bytes());
}

TEST_CASE("components are asked for by an unknown hash, once", "[opamp][server][SRV-STAT-13]") {
    constexpr std::uint64_t kWithComponents = kEverything | opamp::kReportsAvailableComponents;
    Rig rig;
    rig.session.connected();
    auto report = full_report(0, kWithComponents);
    report.mutable_available_components()->set_hash("h1");
    CHECK(asks_components(rig.receive(report)));
    CHECK_FALSE(asks_components(rig.receive(heartbeat(1, kWithComponents))));
    auto full = report;
    full.set_sequence_num(2);
    auto& details = (*full.mutable_available_components()->mutable_components())["receivers"];
    (*details.mutable_sub_component_map())["otlp"].add_metadata()->set_key("version");
    CHECK_FALSE(asks_components(rig.receive(full)));
    CHECK(rig.changes.available_components);
    report.set_sequence_num(3);
    CHECK_FALSE(asks_components(rig.receive(report)));
    CHECK_FALSE(rig.changes.available_components);
    CHECK(rig.session.state().available_components->components->at("receivers").parts.contains("otlp"));

    report.set_sequence_num(4);
    report.mutable_available_components()->set_hash("h2");
    CHECK(asks_components(rig.receive(report)));
    report.set_sequence_num(5);  // an agent that has none
    CHECK_FALSE(asks_components(rig.receive(report)));
}

TEST_CASE("custom capabilities are known, and custom messages harm nobody", "[opamp][server][SRV-CMSG-1]") {
    Rig rig;
    rig.settle();
    auto report = heartbeat(1);
    report.mutable_custom_capabilities()->add_capabilities("io.example.x/1");
    report.mutable_custom_message()->set_capability("unknown");
    CHECK(is_bare(rig.receive(report)));
    CHECK(rig.session.state().custom_capabilities == std::vector<std::string>{"io.example.x/1"});
}

TEST_CASE("a message that comes again is answered with the same offers", "[opamp][server][SRV-STAT-12]") {
    Rig rig;
    rig.session.set_config(kConfig);
    rig.session.connected(opamp::Delivery::polls);
    const auto first = rig.receive(full_report(0));
    const auto copy = rig.receive(full_report(0));
    CHECK(copy.SerializeAsString() == first.SerializeAsString());
    CHECK(copy.has_remote_config());
    CHECK(copy.capabilities() != 0);
    CHECK(is_bare(rig.receive(heartbeat(1))));
}

TEST_CASE("who polls is told everything in answers, a restart alone", "[opamp][server][SRV-CMD-1][SRV-CFG-6]") {
    Rig rig;
    rig.session.connected(opamp::Delivery::polls);
    rig.receive(full_report(0));
    rig.session.set_config(kConfig);
    REQUIRE(rig.session.restart());
    CHECK_FALSE(rig.push());
    const auto config = rig.receive(heartbeat(1));
    CHECK(config.has_remote_config());
    CHECK_FALSE(config.has_command());
    auto command = rig.receive(heartbeat(2));
    CHECK(command.command().type() == pb::CommandType_Restart);
    CHECK(rig.receive(heartbeat(2)).has_command());  // the answer was lost
    command.clear_command();
    CHECK(is_bare(command));
    CHECK(is_bare(rig.receive(heartbeat(3))));
}

TEST_CASE("an agent that was restarted between two polls hears the capabilities again", "[opamp][server][SRV-STAT-7]") {
    Rig rig;
    rig.session.connected(opamp::Delivery::polls);
    rig.receive(full_report(5));
    CHECK(rig.receive(heartbeat(6)).capabilities() == 0);
    CHECK(rig.receive(full_report(0)).capabilities() != 0);
}

TEST_CASE("a request that cannot be granted is answered with an error alone",
          "[opamp][server][SRV-STAT-5][SRV-CONN-12]") {
    Rig rig;
    rig.session.set_config(kConfig);
    rig.session.connected();
    auto report = full_report(0);
    report.mutable_connection_settings_request()->mutable_opamp()->mutable_certificate_request()->set_csr("x");
    const auto decoded = opamp::decode_report(report.SerializeAsString());
    REQUIRE(decoded);
    CHECK(decoded->csr == "x");
    auto reply = Rig::parsed(rig.session.refuse(*decoded, "no").message);
    CHECK(reply.error_response().type() == pb::ServerErrorResponseType_BadRequest);
    reply.clear_error_response();
    CHECK(is_bare(reply));
    CHECK(rig.receive(heartbeat(1)).has_remote_config());
}

TEST_CASE("a server that is overloaded says for how long", "[opamp][server][SRV-RETRY-2]") {
    const auto reply = Rig::parsed(opamp::unavailable(kUid.bytes(), "busy", std::chrono::seconds(3)));
    CHECK(reply.error_response().type() == pb::ServerErrorResponseType_Unavailable);
    CHECK(reply.error_response().retry_info().retry_after_nanoseconds() == 3'000'000'000);
}

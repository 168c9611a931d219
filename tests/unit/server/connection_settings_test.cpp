// Connection settings from the REST interface to the agent, and certificates on the way.
#include "server/authentication.hpp"
#include "unit/net/certificates.hpp"
#include "unit/server/rest_rig.hpp"

using namespace server_test;

namespace {

constexpr std::uint64_t kCapabilities = kEverything | opamp::kAcceptsOpampConnectionSettings |
                                        opamp::kReportsOwnMetrics | opamp::kReportsConnectionSettingsStatus |
                                        opamp::kReportsHeartbeat;

opamp::AgentReport settings_report(std::uint64_t sequence) {
    auto report = full_report(sequence);
    report.parts.capabilities = kCapabilities;
    report.fingerprint = sequence;
    return report;
}

const std::string kOffer = R"({"opamp": {"destination_endpoint": "wss://new/v1/opamp",
    "headers": {"Authorization": "Bearer secret-token"}, "heartbeat_interval_seconds": 10}})";

}  // namespace

TEST_CASE("settings that were set are offered, and their status is shown without secrets",
          "[server][connection_settings][SRV-CONN-2][SRV-CONN-3][SRV-CONN-10]") {
    RestRig rig;
    rig.receive(settings_report(0));
    const auto set = rig.call("PUT", kSettings, kOffer);
    REQUIRE(set.status == 200);
    CHECK(rig.link.woken.contains(kUid));
    const auto offer = rig.receive(settings_report(1)).connection_settings();
    CHECK(offer.opamp().destination_endpoint() == "wss://new/v1/opamp");
    CHECK(offer.opamp().headers().headers(0).value() == "Bearer secret-token");
    CHECK(offer.opamp().heartbeat_interval_seconds() == 10);
    CHECK(rig.shown("connection_settings").at("status").as_string() == "OFFERED");
    auto report = settings_report(2);
    report.parts.connection_settings_status =
        opamp::ConnectionSettingsStatus{offer.hash(), opamp::ConfigStatus::failed, "no route"};
    CHECK_FALSE(rig.receive(report).has_connection_settings());
    CHECK(rig.shown("connection_settings").at("status").as_string() == "FAILED");
    CHECK(rig.shown("connection_settings").at("error_message").as_string() == "no route");
    CHECK_THAT(json::serialize(rig.shown("connection_settings")), !Catch::Contains("secret-token"));
    CHECK(rig.call("DELETE", kSettings).status == 200);
    CHECK(rig.shown("connection_settings").at("set").is_null());
    CHECK(rig.shown("connection_settings").at("status").as_string() == "UNSET");
}

TEST_CASE("settings outlive the server, and so does their credential", "[server][connection_settings][SRV-CONN-4]") {
    const support::TempFolder folder;
    const std::string file = folder / "server.db";
    {
        RestRig rig(file);
        rig.receive(settings_report(0));
        REQUIRE(rig.call("PUT", kSettings, kOffer).status == 200);
    }
    RestRig rig(file);
    CHECK(rig.agents.is_offered(server::credential_of("Bearer secret-token")));
    CHECK(rig.receive(settings_report(0)).connection_settings().opamp().destination_endpoint() == "wss://new/v1/opamp");
}

TEST_CASE("what is wrong with connection settings",
          "[server][connection_settings][SRV-CONN-5][SRV-CONN-6][SRV-CONN-7]") {
    struct Row {
        const char* body;
        const char* text;
    };
    const auto row = GENERATE(values<Row>({
        {"{", "not JSON"},
        {"[]", "the body: expected an object"},
        {R"({"opmap": {}})", "opmap: there is no such field"},
        {R"({"opamp": {}})", "opamp: destination_endpoint is empty"},
        {R"({"opamp": {"destination_endpoint": "ftp://x"}})", "opamp: destination_endpoint"},
        {R"({"opamp": {"destination_endpoint": 1}})", "opamp.destination_endpoint: expected a text"},
        {R"({"opamp": {"destination_endpoint": "ws://x", "heartbeat_interval_seconds": -1}})", "number of seconds"},
        {R"({"opamp": {"destination_endpoint": "ws://x", "proxy": {}}})", "opamp: proxy: the url is empty"},
        {R"({"opamp": {"destination_endpoint": "ws://x", "headers": {"A B": "c"}}})", "opamp: headers"},
        {R"({"opamp": {"destination_endpoint": "ws://x", "certificate": {"cert": "x"}}})", "opamp: certificate"},
        {R"({"own_traces": {"destination_endpoint": "https://x"}})", "no path"},
        {R"({"own_logs": {"destination_endpoint": "wss://x/y"}})", "not wss"},
        {R"({"other_connections": {"": {}}})", "has no name"},
    }));
    CAPTURE(row.body);
    RestRig rig;
    rig.receive(settings_report(0));
    const auto response = rig.call("PUT", kSettings, row.body);
    CHECK(response.status == 400);
    CHECK_THAT(response.body, Catch::Contains(row.text));
    CHECK_FALSE(rig.receive(settings_report(1)).has_connection_settings());
}

TEST_CASE("the server's own destinations are offered first, and give way to an agent's",
          "[server][connection_settings][SRV-CONN-9]") {
    RestRig rig;
    opamp::ConnectionSettingsOffers own;
    own.own_metrics.emplace().destination_endpoint = "https://backend/v1/metrics";
    rig.agents.set_own_telemetry(own);
    const auto first = rig.receive(settings_report(0));
    CHECK(first.connection_settings().own_metrics().destination_endpoint() == "https://backend/v1/metrics");
    CHECK_FALSE(rig.receive(settings_report(1)).has_connection_settings());
    REQUIRE(
        rig.call("PUT", kSettings, R"({"own_metrics": {"destination_endpoint": "https://other/v1/metrics"}})").status ==
        200);
    CHECK(rig.receive(settings_report(2)).connection_settings().own_metrics().destination_endpoint() ==
          "https://other/v1/metrics");
}

TEST_CASE("a certificate that cannot be issued is refused in words", "[server][connection_settings][SRV-CONN-12]") {
    RestRig rig;
    auto report = settings_report(0);
    report.csr = "garbage";
    SECTION("without a CA") {
        const auto reply = rig.receive(report);
        CHECK(reply.error_response().type() == pb::ServerErrorResponseType_BadRequest);
        CHECK_THAT(reply.error_response().error_message(), Catch::Contains("issues no certificates"));
        CHECK((rig.receive(settings_report(1)).capabilities() & opamp::kAcceptsConnectionSettingsRequest) == 0);
    }
    SECTION("with one") {
        const auto identity = net_test::make_authority("ca");
        const auto ca = net::CertificateAuthority::load(identity.certificate, identity.key, std::chrono::hours(1));
        REQUIRE(ca);
        rig.agents.set_authority(ca->get());
        const auto reply = rig.receive(report);
        CHECK_THAT(reply.error_response().error_message(), Catch::Contains("not a PKCS #10 request"));
        CHECK((rig.receive(settings_report(1)).capabilities() & opamp::kAcceptsConnectionSettingsRequest) != 0);
    }
}

TEST_CASE("a certificate is issued, offered with its CA, and kept by new settings",
          "[server][connection_settings][SRV-CONN-8][SRV-CONN-11][SRV-CONN-13][SRV-CONN-14]") {
    const auto identity = net_test::make_authority("ca");
    const auto ca = net::CertificateAuthority::load(identity.certificate, identity.key, std::chrono::hours(1));
    REQUIRE(ca);
    RestRig rig;
    rig.agents.set_authority(ca->get());
    auto report = settings_report(0);
    SECTION("for the agent's own uid") {
        report.csr = net_test::make_request(kUid.text());
        const auto offer = rig.receive(report).connection_settings().opamp();
        CHECK_THAT(offer.certificate().cert(), Catch::StartsWith("-----BEGIN CERTIFICATE-----"));
        CHECK(offer.certificate().private_key().empty());
        CHECK(offer.certificate().ca_cert() == identity.certificate);
        CHECK(offer.destination_endpoint() == "ws://server/v1/opamp");
        CHECK(offer.heartbeat_interval_seconds() == 30);
        CHECK(rig.receive(report).connection_settings().opamp().certificate().cert() == offer.certificate().cert());
        REQUIRE(rig.call("PUT", kSettings, kOffer).status == 200);
        const auto changed = rig.receive(settings_report(1)).connection_settings().opamp();
        CHECK(changed.destination_endpoint() == "wss://new/v1/opamp");
        CHECK(changed.certificate().cert() == offer.certificate().cert());
    }
    SECTION("not for another's") {
        report.csr = net_test::make_request(kOtherUid.text());
        const auto reply = rig.receive(report);
        CHECK_THAT(reply.error_response().error_message(), Catch::Contains("names the agent"));
        CHECK_FALSE(rig.receive(settings_report(1)).has_connection_settings());
    }
    SECTION("for the uid that it was assigned, while it still uses the old one") {
        report.wants_instance_uid = true;
        const auto uid = base::Uuid::from_bytes(rig.receive(report).agent_identification().new_instance_uid());
        REQUIRE(uid);
        auto request = settings_report(1);
        request.csr = net_test::make_request(uid->text());
        CHECK(rig.receive(request).connection_settings().opamp().has_certificate());
    }
    SECTION("not for one that does not accept OpAMP settings") {
        report.parts.capabilities = kEverything;
        report.csr = net_test::make_request(kUid.text());
        CHECK(rig.receive(report).has_error_response());
    }
}

TEST_CASE("the switch that turns agents away", "[server][connection_settings][SRV-RETRY-2][SRV-RETRY-3]") {
    RestRig rig;
    CHECK(rig.call("GET", "/api/throttle").body == R"({"mode":"none","retry_after":null})");
    CHECK(rig.call("PUT", "/api/throttle", R"({"mode": "http_503", "retry_after": "3s"})").status == 200);
    CHECK(rig.throttle.mode == server::Throttle::Mode::http_503);
    CHECK(rig.throttle.retry_after == std::chrono::seconds(3));
    CHECK(rig.call("PUT", "/api/throttle", R"({"mode": "x"})").status == 400);
    CHECK(rig.call("PUT", "/api/throttle", R"({"mode": "none", "retry_after": "3"})").status == 400);
    CHECK(rig.throttle.mode == server::Throttle::Mode::http_503);
    CHECK(rig.call("DELETE", "/api/throttle").status == 405);
}

TEST_CASE("components are remembered by their hash, within bounds", "[server][connection_settings][SRV-STAT-13]") {
    server::ComponentCache cache(1000);
    const auto reported = [](const std::string& hash, std::size_t bytes) {
        return std::optional(
            opamp::AvailableComponents{hash, opamp::Components{{"receivers", {{{"k", std::string(bytes, 'x')}}, {}}}}});
    };
    auto first = reported("h1", 300);
    cache.complete(first);
    std::optional<opamp::AvailableComponents> known(opamp::AvailableComponents{"h1", std::nullopt});
    cache.complete(known);
    CHECK(known == first);
    auto second = reported("h2", 500);
    cache.complete(second);
    known = opamp::AvailableComponents{"h1", std::nullopt};
    cache.complete(known);
    CHECK_FALSE(known->components);
    known = opamp::AvailableComponents{"h2", std::nullopt};
    cache.complete(known);
    CHECK(known == second);
}

// Components, custom messages, connection settings, requests: what goes out, and what comes in.
#include "unit/opamp/client_rig.hpp"

using namespace client_rig;
using namespace std::literals;
using opamp::Transport;

namespace {

const opamp::Components kComponents{
    {"receivers", {{{"code.namespace", "a/b"}, {"version", "1"}}, {{"otlp", {{}, {{"grpc", {{{"k", "v"}}, {}}}}}}}}}};

pb::ServerToAgent asking_for(std::uint64_t flags) {
    pb::ServerToAgent message;
    message.set_flags(flags);
    return message;
}

std::string hash_of(const opamp::Components& components) {
    Rig rig;
    rig.session.set_available_components(components);
    rig.session.connected(Transport::websocket);
    return rig.must_say().available_components().hash();
}

}  // namespace

TEST_CASE("each part is in a full report exactly when its capability is on", "[opamp][client][CAP-6][COMP-1][CFG-5]") {
    struct Row {
        const char* name;
        std::uint64_t capability;
        bool (*has)(const pb::AgentToServer&);
    };
    const auto row = GENERATE(values<Row>({
        {"health", opamp::kReportsHealth, [](const pb::AgentToServer& m) { return m.has_health(); }},
        {"effective config", opamp::kReportsEffectiveConfig,
         [](const pb::AgentToServer& m) { return m.has_effective_config(); }},
        {"remote config status", opamp::kReportsRemoteConfig,
         [](const pb::AgentToServer& m) { return m.has_remote_config_status(); }},
        {"available components", opamp::kReportsAvailableComponents,
         [](const pb::AgentToServer& m) { return m.has_available_components(); }},
        {"connection settings status", opamp::kReportsConnectionSettingsStatus,
         [](const pb::AgentToServer& m) { return m.has_connection_settings_status(); }},
    }));
    DYNAMIC_SECTION(row.name) {
        for (const bool is_on : {true, false}) {
            Rig rig(is_on ? kEverything : kEverything & ~row.capability);
            rig.session.connected(Transport::websocket);
            const auto report = rig.must_say();
            CHECK(row.has(report) == is_on);
            CHECK(report.capabilities() == (is_on ? kEverything : kEverything & ~row.capability));
            CHECK((report.capabilities() & ~0xFFFFull) == 0);
            CHECK_FALSE(report.has_custom_capabilities());
        }
    }
}

TEST_CASE("components are reported by their hash, and whole when they are asked for",
          "[opamp][client][COMP-2][COMP-4][COMP-5][COMP-6][COMP-7][COMP-8]") {
    Rig rig;
    rig.session.set_available_components(kComponents);
    rig.session.connected(Transport::websocket);
    const auto first = rig.must_say();
    const std::string hash = first.available_components().hash();
    CHECK(hash.size() == 32);
    CHECK(first.available_components().components().empty());

    rig.receive(asking_for(pb::ServerToAgentFlags_ReportAvailableComponents));
    const auto whole = rig.must_say();
    CHECK_FALSE(whole.has_health());
    CHECK(whole.available_components().hash() == hash);
    const auto& receivers = whole.available_components().components().at("receivers");
    CHECK(receivers.metadata(0).key() == "code.namespace");
    const auto& grpc = receivers.sub_component_map().at("otlp").sub_component_map().at("grpc");
    CHECK(grpc.metadata(0).value().string_value() == "v");
    CHECK_FALSE(rig.next());

    rig.receive(asking_for(pb::ServerToAgentFlags_ReportFullState));
    const auto full = rig.must_say();
    CHECK(full.available_components().hash() == hash);
    CHECK(full.available_components().components().empty());

    rig.session.set_available_components(kComponents);
    CHECK_FALSE(rig.next());
    rig.session.set_available_components({});
    CHECK(rig.must_say().available_components().hash() != hash);
}

TEST_CASE("equal components have equal hashes, others have not", "[opamp][client][COMP-3]") {
    const std::string hash = hash_of(kComponents);
    auto other = kComponents;
    std::swap(other["receivers"].metadata[0], other["receivers"].metadata[1]);
    CHECK(hash_of(other) == hash);
    other["exporters"] = {};
    CHECK(hash_of(other) != hash);
    other = kComponents;
    other["receivers"].parts["otlp"].parts["grpc"].metadata[0].second = "w";
    CHECK(hash_of(other) != hash);
    CHECK_FALSE(hash_of({}).empty());
}

TEST_CASE("a request for components without the capability changes nothing", "[opamp][client][COMP-1][IOP-2]") {
    Rig rig(kEverything & ~opamp::kReportsAvailableComponents);
    rig.settle();
    rig.receive(asking_for(pb::ServerToAgentFlags_ReportAvailableComponents));
    CHECK_FALSE(rig.next());
}

TEST_CASE("custom capabilities are announced when they change", "[opamp][client][CMSG-1][CMSG-2]") {
    Rig rig;
    rig.session.set_custom_capabilities({"org.example.a", "org.example.b/2"});
    rig.session.connected(Transport::websocket);
    CHECK(rig.must_say().custom_capabilities().capabilities_size() == 2);
    rig.session.set_custom_capabilities({"org.example.a", "org.example.b/2"});
    CHECK_FALSE(rig.next());
    rig.receive(asking_for(pb::ServerToAgentFlags_ReportFullState));
    CHECK(rig.must_say().custom_capabilities().capabilities_size() == 2);
    rig.session.set_custom_capabilities({});
    const auto none = rig.must_say();
    CHECK(none.has_custom_capabilities());
    CHECK(none.custom_capabilities().capabilities().empty());
    CHECK_FALSE(rig.next());
}

TEST_CASE("a custom message needs its capability on both sides", "[opamp][client][CMSG-3][CMSG-4][CMSG-8][CAP-7]") {
    Rig rig;
    const opamp::CustomMessage a{"org.example.a", "t", "\0\xFF data"s};
    rig.session.set_custom_capabilities({"org.example.a", "org.example.b"});
    rig.settle();
    CHECK_FALSE(rig.session.send(a));
    rig.announce({"org.example.a", "org.example.c"});
    CHECK_FALSE(rig.session.send({"org.example.b", "t", ""}));
    CHECK_FALSE(rig.session.send({"org.example.c", "t", ""}));

    REQUIRE(rig.session.send(a));
    const auto sent = rig.must_say();
    CHECK(sent.custom_message().capability() == a.capability);
    CHECK(sent.custom_message().type() == a.type);
    CHECK(sent.custom_message().data() == a.data);
    CHECK_FALSE(rig.next());

    SECTION("a new list takes the place of the old one, and of what waits for it") {
        REQUIRE(rig.session.send(a));
        rig.announce({"org.example.b"});
        CHECK_FALSE(rig.next());
        CHECK_FALSE(rig.session.send(a));
        CHECK(rig.session.send({"org.example.b", "t", ""}));
    }
    SECTION("a capability that we no longer have takes what waits with it") {
        REQUIRE(rig.session.send(a));
        rig.session.set_custom_capabilities({"org.example.b"});
        CHECK_FALSE(rig.must_say().has_custom_message());
        CHECK_FALSE(rig.next());
    }
    SECTION("another connection begins without a list, and what waits goes on waiting") {
        REQUIRE(rig.session.send(a));
        rig.session.connected(Transport::websocket);
        CHECK_FALSE(rig.must_say().has_custom_message());
        CHECK_FALSE(rig.session.send(a));
        rig.announce({"org.example.a"});
        CHECK(rig.must_say().has_custom_message());
    }
    SECTION("what was taken back goes first, one a message") {
        REQUIRE(rig.session.send({a.capability, "1", ""}));
        REQUIRE(rig.session.send({a.capability, "2", ""}));
        CHECK(rig.must_say().custom_message().type() == "1");
        rig.session.take_back();
        CHECK(rig.must_say().custom_message().type() == "1");
        CHECK(rig.must_say().custom_message().type() == "2");
        CHECK_FALSE(rig.next());
    }
}

TEST_CASE("the queue of custom messages is bounded", "[opamp][client][CMSG-8][RETRY-6]") {
    Rig rig;
    rig.session.set_custom_capabilities({"org.example.a"});
    rig.settle();
    rig.announce({"org.example.a"});
    SECTION("in number") {
        for (int i = 0; i < 16; ++i) REQUIRE(rig.session.send({"org.example.a", "", ""}));
        CHECK_FALSE(rig.session.send({"org.example.a", "", ""}));
    }
    SECTION("in bytes") {
        CHECK_FALSE(rig.session.send({"org.example.a", "", std::string(1024 * 1024, 'x')}));
        REQUIRE(rig.session.send({"org.example.a", "", std::string(1000 * 1024, 'x')}));
        CHECK_FALSE(rig.session.send({"org.example.a", "", std::string(100 * 1024, 'x')}));
    }
    REQUIRE(rig.next());
    CHECK(rig.session.send({"org.example.a", "", ""}));
}

TEST_CASE("a custom message comes in only for a capability of ours", "[opamp][client][CMSG-6][CMSG-9][CMSG-10]") {
    Rig rig;
    rig.session.set_custom_capabilities({"org.example.a", "org.example.b"});
    pb::ServerToAgent message;
    auto& custom = *message.mutable_custom_message();
    custom.set_type("t");
    custom.set_data("\0\xFF"s);
    for (const char* ours : {"org.example.a", "org.example.b"}) {
        custom.set_capability(ours);
        CHECK(rig.receive(message).custom_message == opamp::CustomMessage{ours, "t", "\0\xFF"s});
    }
    custom.set_capability(std::string(100000, 'x'));
    const auto orders = rig.receive(message);
    CHECK_FALSE(orders.custom_message);
    REQUIRE(orders.ignored.size() == 1);
    CHECK(orders.ignored[0].size() < 200);
}

TEST_CASE("offers of connection settings are cut down to what we announced",
          "[opamp][client][CAP-5][CONN-11][CONN-12][MSG-5]") {
    pb::ServerToAgent message;
    auto& offers = *message.mutable_connection_settings();
    offers.set_hash("\0h"s);
    offers.mutable_opamp()->set_destination_endpoint("wss://h/v1/opamp");
    offers.mutable_own_metrics()->set_destination_endpoint("metrics");
    offers.mutable_own_traces()->set_destination_endpoint("traces");
    offers.mutable_own_logs();
    (*offers.mutable_other_connections())["db"].set_destination_endpoint("db");
    message.mutable_remote_config()->set_config_hash("c");
    struct Row {
        const char* ignored;
        std::uint64_t capability;
    };
    const auto row = GENERATE(values<Row>({{"opamp", opamp::kAcceptsOpampConnectionSettings},
                                           {"own_metrics", opamp::kReportsOwnMetrics},
                                           {"own_traces", opamp::kReportsOwnTraces},
                                           {"own_logs", opamp::kReportsOwnLogs},
                                           {"other_connections", opamp::kAcceptsOtherConnectionSettings}}));
    DYNAMIC_SECTION(row.ignored) {
        Rig rig(kEverything & ~row.capability);
        const auto orders = rig.receive(message);
        CHECK(orders.remote_config);
        REQUIRE(orders.connection_settings);
        const auto& got = *orders.connection_settings;
        const std::string_view name = row.ignored;
        CHECK(got.hash == "\0h"s);
        CHECK(got.opamp.has_value() == (name != "opamp"));
        CHECK(got.own_metrics.has_value() == (name != "own_metrics"));
        CHECK(got.own_traces.has_value() == (name != "own_traces"));
        CHECK(got.own_logs.has_value() == (name != "own_logs"));
        CHECK(got.other_connections.empty() == (name == "other_connections"));
        REQUIRE(orders.ignored.size() == 1);
        CHECK(orders.ignored[0] == "connection_settings."s + row.ignored + ": not accepted by the settings");
    }
    const auto nothing = Rig(opamp::kReportsStatus).receive(message);
    CHECK_FALSE(nothing.connection_settings);
    CHECK(nothing.ignored.size() == 6);
}

TEST_CASE("a hash without settings is an offer of no change", "[opamp][client][CONN-12][CONN-13]") {
    pb::ServerToAgent message;
    message.mutable_connection_settings()->set_hash("h");
    CHECK(Rig().receive(message).connection_settings == opamp::ConnectionSettingsOffers{"h", {}, {}, {}, {}, {}});
    CHECK_FALSE(Rig(opamp::kReportsStatus).receive(message).connection_settings);
    message.mutable_connection_settings()->clear_hash();
    CHECK_FALSE(Rig().receive(message).connection_settings);
}

TEST_CASE("the status of connection settings is reported when it changes",
          "[opamp][client][CONN-4][CONN-7][CONN-9][CONN-11][MSG-2]") {
    Rig rig;
    rig.settle();
    const std::string hash = "\0\xA7 any bytes"s;
    using Status = opamp::ConfigStatus;
    for (const auto status : {Status::applying, Status::failed, Status::applied}) {
        const char* const why = status == Status::failed ? "no answer" : "";
        rig.session.set_connection_settings_status({hash, status, why});
        const auto reported = rig.must_say().connection_settings_status();
        CHECK(reported.last_connection_settings_hash() == hash);
        CHECK(static_cast<int>(reported.status()) == static_cast<int>(status));
        CHECK(reported.error_message() == why);
        rig.session.set_connection_settings_status({hash, status, why});
        CHECK_FALSE(rig.next());
    }
}

TEST_CASE("the hash of a remote config comes back with each status", "[opamp][client][CFG-6][CFG-14][MSG-6]") {
    Rig rig;
    rig.settle();
    const std::string hash(200, '\xA7');
    for (const auto status :
         {opamp::ConfigStatus::applying, opamp::ConfigStatus::applied, opamp::ConfigStatus::failed}) {
        rig.session.set_remote_config_status({hash, status, ""});
        CHECK(rig.must_say().remote_config_status().last_remote_config_hash() == hash);
    }
}

TEST_CASE("a certificate is requested only of a server that takes requests",
          "[opamp][client][CAP-7][CONN-39][CONN-40]") {
    const std::string csr = "-----BEGIN CERTIFICATE REQUEST-----";
    Rig rig;
    rig.session.request_certificate(csr);
    rig.settle(0);
    CHECK_FALSE(rig.session.server_accepts(opamp::kAcceptsConnectionSettingsRequest));
    rig.settle(opamp::kAcceptsStatus);
    rig.session.connected(Transport::websocket);
    REQUIRE(rig.next());
    pb::ServerToAgent answer;
    answer.set_capabilities(opamp::kAcceptsStatus | opamp::kAcceptsConnectionSettingsRequest);
    rig.receive(answer);
    CHECK(rig.session.server_accepts(opamp::kAcceptsConnectionSettingsRequest));
    CHECK(rig.must_say().connection_settings_request().opamp().certificate_request().csr() == csr);
    CHECK_FALSE(rig.next());
    rig.settle();  // it is not asked for again
}

TEST_CASE("a UID is asked for until there is one", "[opamp][client][UID-5][UID-6][UID-7][MSG-8]") {
    Rig rig;
    rig.session.request_instance_uid();
    rig.session.connected(Transport::http);
    CHECK(rig.must_say().flags() == 1);
    rig.session.set_health({false, 0, "x", "", 9, {}});
    CHECK(rig.must_say().flags() == 1);

    const auto given = base::Uuid::v7(std::chrono::system_clock::time_point(1s));
    pb::ServerToAgent answer;
    answer.set_instance_uid(kUid.bytes());
    answer.mutable_agent_identification()->set_new_instance_uid(std::string(16, '\0'));
    CHECK_FALSE(rig.receive(answer).new_instance_uid);
    answer.mutable_agent_identification()->set_new_instance_uid(given.bytes());
    CHECK(rig.receive(answer).new_instance_uid == given);
    rig.session.set_instance_uid(given);
    rig.session.set_health({true, 0, "", "", 9, {}});
    const auto next = rig.must_say();
    CHECK(next.flags() == 0);
    CHECK(next.instance_uid() == given.bytes());

    // What the server said before it knew that we use the new one.
    CHECK_FALSE(rig.receive(answer).new_instance_uid);
    answer.mutable_remote_config()->set_config_hash("h");
    CHECK(rig.receive(answer).remote_config);
    rig.session.connected(Transport::http);
    CHECK_FALSE(rig.receive(answer).remote_config);
}

TEST_CASE("an effective config has the bytes that protobuf would give it", "[opamp][client][CFG-5][STAT-16]") {
    const auto files = GENERATE(values<opamp::ConfigMap>(
        {{}, {{"", {"", ""}}}, {{"a", {"\0\xFF"s, "text/yaml"}}, {"b \xC0", {std::string(300, 'x'), "\xFF"}}}}));
    Rig rig;
    rig.session.set_effective_config(effective(files));
    rig.session.connected(Transport::websocket);
    const auto map = rig.must_say().effective_config().config_map().config_map();
    REQUIRE(map.size() == files.size());
    for (const auto& [name, file] : files) {
        const auto found = map.find(name == "b \xC0" ? "b \xEF\xBF\xBD" : name);
        REQUIRE(found != map.end());
        CHECK(found->second.body() == file.body);
        CHECK(found->second.content_type() == (file.content_type == "\xFF" ? "\xEF\xBF\xBD" : file.content_type));
    }
}

TEST_CASE("an effective config that cannot be read keeps nothing else from the server", "[opamp][client]") {
    Rig rig;
    rig.session.set_effective_config({"lost", [] { return std::optional<opamp::ConfigMap>(); }});
    rig.session.connected(Transport::websocket);
    const auto first = rig.must_say();
    CHECK(first.has_health());
    CHECK_FALSE(first.has_effective_config());
    CHECK_FALSE(rig.next());
    rig.session.set_effective_config(effective({{"", {"found", ""}}}));
    CHECK(rig.must_say().has_effective_config());
}

TEST_CASE("a repeated message and unknown fields are no harm", "[opamp][client][MSG-7][IOP-1][CAP-9]") {
    Rig rig;
    rig.settle(opamp::kAcceptsStatus);
    pb::ServerToAgent message;
    message.mutable_remote_config()->set_config_hash("h");
    // Field 999 with the bytes "xy", at top level and inside of remote_config.
    const std::string unknown = "\xBA\x3E\x02xy";
    const std::string bytes = message.SerializeAsString() + "\x1A\x05" + unknown + unknown;
    for (int i = 0; i < 3; ++i) {
        const auto orders = rig.session.receive(bytes);
        REQUIRE(orders);
        CHECK(orders->remote_config->hash == "h");
        CHECK_FALSE(rig.next());
    }
}

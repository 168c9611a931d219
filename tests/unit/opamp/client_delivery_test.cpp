// When the client speaks, and what becomes of a message that did not arrive.
#include "unit/opamp/client_rig.hpp"

using namespace client_rig;
using namespace std::literals;
using opamp::Transport;

TEST_CASE("over HTTP a poll without a report is due each interval",
          "[opamp][client][HTTP-2][HTTP-3][HTTP-4][HB-6][HB-7]") {
    Rig rig(kEverything & ~opamp::kReportsHeartbeat, Transport::http);
    rig.settle();
    CHECK(rig.session.next_due() == rig.now + 20s);
    rig.now += 20s;
    const auto poll = rig.must_say();
    CHECK(poll.sequence_num() == 1);
    CHECK_FALSE(poll.has_agent_description());
    CHECK_FALSE(poll.has_health());
    CHECK_FALSE(poll.has_effective_config());
    CHECK(rig.session.next_due() == rig.now + 20s);
    CHECK(opamp::ClientSession::Options{}.poll_interval == 30s);
}

TEST_CASE("an offered interval is used over both transports", "[opamp][client][HTTP-5][HB-4][HB-5]") {
    struct Row {
        const char* name;
        Transport transport;
        base::Duration offered;
        std::optional<base::Duration> pause;
    };
    const auto row = GENERATE(values<Row>({
        {"websocket", Transport::websocket, 2s, 2s},
        {"websocket, off", Transport::websocket, 0s, std::nullopt},
        {"http", Transport::http, 2s, 2s},
        {"http, off means as before", Transport::http, 0s, 20s},
    }));
    DYNAMIC_SECTION(row.name) {
        Rig rig(kEverything, row.transport);
        rig.settle();
        rig.session.set_heartbeat_interval(row.offered);
        const auto due = rig.session.next_due();
        REQUIRE(due.has_value() == row.pause.has_value());
        if (due) CHECK(*due == rig.now + *row.pause);
        rig.session.connected(row.transport);  // and it stays so
        REQUIRE(rig.next());
        CHECK(rig.session.next_due() == due);
    }
}

TEST_CASE("an interval longer than time itself is no harm", "[opamp][client][HB-4]") {
    CHECK(opamp::heartbeat_interval({{}, 90}) == 90s);
    Rig rig;
    rig.settle();
    rig.session.set_heartbeat_interval(opamp::heartbeat_interval({{}, ~0ull}));
    CHECK(rig.session.next_due() > rig.now + 24h * 365);
    CHECK_FALSE(rig.next());
}

TEST_CASE("a message that is taken back is said again, byte for byte", "[opamp][client][MSG-1][RETRY-4]") {
    const auto transport = GENERATE(Transport::websocket, Transport::http);
    Rig rig(kEverything, transport);
    rig.session.set_custom_capabilities({"org.example.a"});
    SECTION("a full report") {
        rig.session.connected(transport);
    }
    SECTION("a heartbeat or poll") {
        rig.settle();
        rig.now = *rig.session.next_due();
    }
    SECTION("custom message, request for a certificate, request for a UID") {
        rig.settle();
        rig.announce({"org.example.a"});
        REQUIRE(rig.session.send({"org.example.a", "t", "data"}));
        rig.session.request_certificate("csr");
        rig.session.request_instance_uid();
    }
    SECTION("the map of components") {
        rig.settle();
        pb::ServerToAgent ask;
        ask.set_flags(pb::ServerToAgentFlags_ReportAvailableComponents);
        rig.receive(ask);
    }
    const auto first = rig.session.next_message(rig.now);
    REQUIRE(first);
    rig.session.take_back();
    rig.session.take_back();  // once is enough
    CHECK(rig.session.next_message(rig.now) == first);
    CHECK_FALSE(rig.next());
}

TEST_CASE("what is taken back is said as it is now", "[opamp][client][RETRY-6][HTTP-7]") {
    Rig rig;
    rig.settle();
    rig.session.set_health({false, 0, "first", "", 9, {}});
    const auto number = rig.must_say().sequence_num();
    rig.session.take_back();
    for (int i = 0; i < 100; ++i) rig.session.set_health({false, 0, "error " + std::to_string(i), "", 9, {}});
    rig.session.set_effective_config(effective({{"", {"b: 2\n", ""}}}));
    const auto again = rig.must_say();
    CHECK(again.sequence_num() == number);
    CHECK(again.health().last_error() == "error 99");
    CHECK(again.has_effective_config());
    CHECK_FALSE(again.has_agent_description());
    CHECK_FALSE(rig.next());
}

TEST_CASE("whether a lost message arrived is not known: the value before it is said again",
          "[opamp][client][RETRY-4][STAT-4]") {
    Rig rig;
    rig.settle();
    rig.session.set_effective_config(effective({{"", {"b: 2\n", ""}}}));
    REQUIRE(rig.next());
    rig.session.set_effective_config(effective({{"", {"a: 1\n", "text/yaml"}}}));
    rig.session.take_back();
    CHECK(rig.must_say().effective_config().config_map().config_map().at("").body() == "a: 1\n");
}

TEST_CASE("taking back after a new connection stands changes the number alone", "[opamp][client][MSG-1]") {
    Rig rig;
    rig.settle();
    rig.session.set_health({false, 0, "x", "", 9, {}});
    const auto number = rig.must_say().sequence_num();
    rig.session.connected(Transport::websocket);
    rig.session.take_back();
    const auto full = rig.must_say();
    CHECK(full.sequence_num() == number);
    CHECK(full.has_agent_description());
    CHECK(full.has_effective_config());
    CHECK_FALSE(full.available_components().hash().empty());
    CHECK(full.available_components().components().empty());
}

TEST_CASE("a message over the limit gives up its largest part alone", "[opamp][client][WS-11][HTTP-19][MSG-1]") {
    Rig rig;
    rig.session.set_effective_config(effective({{"", {std::string(8192, 'x'), ""}}}));
    rig.session.connected(Transport::websocket);
    const auto number = rig.must_say().sequence_num();
    rig.session.give_up_largest();
    const auto rest = rig.must_say();
    CHECK(rest.sequence_num() == number);
    CHECK(rest.has_agent_description());
    CHECK(rest.has_health());
    CHECK_FALSE(rest.has_effective_config());
    CHECK_FALSE(rig.next());
    rig.session.set_effective_config(effective({{"", {"small", ""}}}));
    CHECK(rig.must_say().has_effective_config());
}

TEST_CASE("giving up ends, whatever the message holds", "[opamp][client][WS-11]") {
    Rig rig;
    rig.session.set_custom_capabilities({"org.example.a"});
    rig.session.set_available_components({{"c", {{{"k", std::string(9000, 'v')}}, {}}}});
    rig.settle();
    rig.announce({"org.example.a"});
    REQUIRE(rig.session.send({"org.example.a", "t", std::string(500, 'd')}));
    rig.session.request_certificate("csr");
    pb::ServerToAgent ask;
    ask.set_flags(pb::ServerToAgentFlags_ReportFullState | pb::ServerToAgentFlags_ReportAvailableComponents);
    rig.receive(ask);
    int messages = 0;
    std::uint64_t number = 0;
    bool had_hash_alone = false;
    for (auto message = rig.next(); message && messages < 50; message = rig.next()) {
        ++messages;
        if (messages == 1) number = message->sequence_num();
        CHECK(message->sequence_num() == number);
        if (messages == 1) CHECK(message->available_components().components_size() == 1);
        had_hash_alone = had_hash_alone ||
                         (message->has_available_components() && message->available_components().components().empty());
        rig.session.give_up_largest();
    }
    CHECK(messages < 50);
    CHECK(had_hash_alone);
    CHECK_FALSE(rig.next());
}

TEST_CASE("what the server refuses is not said again; what it has no time for is",
          "[opamp][client][RETRY-1][RETRY-2][RETRY-5][IOP-2]") {
    struct Row {
        const char* name;
        Transport transport;
        int type;
        bool is_said_again;
    };
    const auto row = GENERATE(values<Row>({
        {"bad request", Transport::websocket, pb::ServerErrorResponseType_BadRequest, false},
        {"bad request over HTTP", Transport::http, pb::ServerErrorResponseType_BadRequest, false},
        {"unknown", Transport::http, pb::ServerErrorResponseType_Unknown, false},
        {"a type of the future", Transport::http, 9, false},
        {"unavailable over HTTP", Transport::http, pb::ServerErrorResponseType_Unavailable, true},
        {"unavailable: another connection will say it", Transport::websocket, pb::ServerErrorResponseType_Unavailable,
         false},
    }));
    DYNAMIC_SECTION(row.name) {
        Rig rig(kEverything, row.transport);
        rig.settle();
        rig.session.set_health({false, 0, "x", "", 9, {}});
        const auto number = rig.must_say().sequence_num();
        pb::ServerToAgent answer;
        answer.mutable_error_response()->set_type(static_cast<pb::ServerErrorResponseType>(row.type));
        answer.mutable_error_response()->set_error_message(std::string(1 << 20, 'e'));
        if (!row.is_said_again) answer.set_flags(row.type == 2 ? 0 : pb::ServerToAgentFlags_ReportFullState);
        const auto orders = rig.receive(answer);
        REQUIRE(orders.error);
        CHECK(orders.error->message.size() < 2048);
        const auto again = rig.next();
        REQUIRE(again.has_value() == row.is_said_again);
        if (again) {
            CHECK(again->health().last_error() == "x");
            CHECK(again->sequence_num() == number + 1);
        }
        rig.session.set_health({true, 7, "", "", 10, {}});
        CHECK(rig.must_say().health().healthy());
    }
}

TEST_CASE("the goodbye asks the server for nothing", "[opamp][client][MSG-4]") {
    const auto transport = GENERATE(Transport::websocket, Transport::http);
    Rig rig(kEverything, transport);
    rig.session.set_custom_capabilities({"org.example.a"});
    rig.settle();
    rig.announce({"org.example.a"});
    REQUIRE(rig.session.send({"org.example.a", "t", ""}));
    rig.session.request_certificate("csr");
    const auto last = Rig::parsed(rig.session.goodbye(rig.now));
    CHECK(last.has_agent_disconnect());
    CHECK_FALSE(last.has_custom_message());
    CHECK_FALSE(last.has_connection_settings_request());
}

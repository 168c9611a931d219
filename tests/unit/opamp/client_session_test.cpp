#include "unit/opamp/client_rig.hpp"

using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace client_rig;
using opamp::Transport;

TEST_CASE("nothing is said before a connection stands", "[opamp][client]") {
    Rig rig(kEverything, Transport::websocket, 0s);
    rig.session.set_health({false, 0, "down", "", 7, {}});
    rig.session.connected(Transport::websocket);
    CHECK(rig.next());
}

TEST_CASE("the first message of a connection is a full report", "[opamp][client][STAT-1][UID-1][CAP-2][CAP-3][GEN-4]") {
    Rig rig;
    rig.session.connected(Transport::websocket);
    const auto first = rig.next();
    REQUIRE(first);
    CHECK(first->instance_uid() == kUid.bytes());
    CHECK(first->sequence_num() == 0);
    CHECK(first->capabilities() == kEverything);
    CHECK(first->agent_description().identifying_attributes(0).key() == "service.name");
    CHECK(first->agent_description().identifying_attributes(0).value().string_value() == "demo");
    CHECK(first->agent_description().non_identifying_attributes(0).value().string_value() == "linux");
    CHECK(first->health().healthy());
    CHECK(first->health().start_time_unix_nano() == 5);
    CHECK(first->effective_config().config_map().config_map().at("").body() == "a: 1\n");
    CHECK(first->has_remote_config_status());
    CHECK(first->remote_config_status().status() == pb::RemoteConfigStatuses_UNSET);
    CHECK_FALSE(first->has_agent_disconnect());
    CHECK(first->flags() == 0);
}

TEST_CASE("each part is left out while it has not changed", "[opamp][client][MSG-2][MSG-3][STAT-6][STAT-7]") {
    Rig rig;
    rig.settle();

    rig.session.set_health({false, 0, "exit code 3", "", 9, {}});
    const auto health = rig.next();
    REQUIRE(health);
    CHECK(health->health().last_error() == "exit code 3");
    CHECK_FALSE(health->has_agent_description());
    CHECK_FALSE(health->has_effective_config());
    CHECK_FALSE(health->has_remote_config_status());

    rig.session.set_description({{{"service.name", "demo"}}, {{"os.type", "linux"}, {"host.name", "h"}}});
    const auto description = rig.next();
    REQUIRE(description);
    CHECK(description->agent_description().identifying_attributes_size() == 1);
    CHECK(description->agent_description().non_identifying_attributes_size() == 2);
    CHECK_FALSE(description->has_health());
}

TEST_CASE("what changes nothing is not sent", "[opamp][client][STAT-5][CFG-7]") {
    Rig rig;
    rig.settle();
    SECTION("the same value again") {
        rig.session.set_effective_config(effective({{"", {"a: 1\n", "text/yaml"}}}));
    }
    SECTION("there and back again") {
        rig.session.set_effective_config(effective({{"", {"a: 2\n", "text/yaml"}}}));
        rig.session.set_effective_config(effective({{"", {"a: 1\n", "text/yaml"}}}));
    }
    SECTION("a bare message of the server") {
        pb::ServerToAgent bare;
        bare.set_instance_uid(kUid.bytes());
        rig.receive(bare);
    }
    SECTION("an empty message of the server") {
        REQUIRE(rig.session.receive(""));
    }
    CHECK_FALSE(rig.next());
}

TEST_CASE("sequence numbers grow by one with each message, across connections", "[opamp][client][MSG-1]") {
    Rig rig;
    for (std::uint64_t expected = 0; expected < 5; ++expected) {
        rig.session.connected(Transport::websocket);
        CHECK(rig.next()->sequence_num() == expected);
    }
    CHECK(Rig::parsed(rig.session.goodbye(rig.now)).sequence_num() == 5);
}

TEST_CASE("ReportFullState is answered with one full report", "[opamp][client][STAT-8]") {
    Rig rig;
    rig.settle();
    pb::ServerToAgent ask;
    ask.set_flags(pb::ServerToAgentFlags_ReportFullState);
    rig.receive(ask);
    const auto full = rig.next();
    REQUIRE(full);
    CHECK(full->has_agent_description());
    CHECK(full->has_health());
    CHECK(full->has_effective_config());
    CHECK(full->has_remote_config_status());
    CHECK_FALSE(rig.next());
}

TEST_CASE("a heartbeat follows the last message of any kind", "[opamp][client][HB-2][HB-3][HB-6][HB-7]") {
    Rig rig(kEverything, Transport::websocket, 3s);
    rig.settle();
    rig.now += 2s;
    rig.session.set_health({false, 0, "x", "", 9, {}});
    REQUIRE(rig.next());
    rig.now += 2s;
    CHECK_FALSE(rig.next());
    CHECK(rig.session.next_due() == rig.now + 1s);
    rig.now += 1s;
    const auto beat = rig.next();
    REQUIRE(beat);
    CHECK(beat->instance_uid() == kUid.bytes());
    CHECK(beat->capabilities() == kEverything);
    CHECK_FALSE(beat->has_health());
    CHECK_FALSE(beat->has_agent_description());
    CHECK_FALSE(rig.next());
}

TEST_CASE("heartbeats are off without the capability, and with interval 0", "[opamp][client][HB-8]") {
    CHECK_FALSE(Rig(kEverything & ~opamp::kReportsHeartbeat).session.next_due());
    CHECK_FALSE(Rig(kEverything, Transport::websocket, 0s).session.next_due());
}

TEST_CASE("a part without its capability is never reported", "[opamp][client][CAP-6]") {
    Rig rig(opamp::kReportsStatus);
    rig.session.connected(Transport::websocket);
    const auto first = rig.next();
    REQUIRE(first);
    CHECK(first->has_agent_description());
    CHECK_FALSE(first->has_health());
    CHECK_FALSE(first->has_effective_config());
    CHECK_FALSE(first->has_remote_config_status());
    rig.session.set_health({false, 0, "x", "", 9, {}});
    CHECK_FALSE(rig.next());
}

TEST_CASE("what the server does not accept is no longer sent", "[opamp][client][CAP-7][CAP-8]") {
    Rig rig;
    rig.settle();
    pb::ServerToAgent reply;
    reply.set_capabilities(pb::ServerCapabilities_AcceptsStatus);
    rig.receive(reply);
    rig.session.set_effective_config(effective({{"", {"a: 2\n", ""}}}));
    CHECK_FALSE(rig.next());

    reply.set_capabilities(0);  // "not repeated", not "none"
    rig.receive(reply);
    CHECK_FALSE(rig.next());
}

TEST_CASE("an offer comes out as plain values, byte for byte", "[opamp][client][CFG-12][CFG-15]") {
    Rig rig;
    pb::ServerToAgent message;
    auto& offer = *message.mutable_remote_config();
    offer.set_config_hash(std::string(200, '\xA7'));
    auto& file = (*offer.mutable_config()->mutable_config_map())["x"];
    file.set_body("\0\r\n\xFF"s);
    file.set_content_type("application/octet-stream");
    const auto orders = rig.receive(message);
    REQUIRE(orders.remote_config);
    CHECK(orders.remote_config->hash == std::string(200, '\xA7'));
    CHECK(orders.remote_config->files == opamp::ConfigMap{{"x", {"\0\r\n\xFF"s, "application/octet-stream"}}});
}

TEST_CASE("what the settings do not accept is ignored, and the rest is used", "[opamp][client][CAP-5][CFG-2][CMD-3]") {
    Rig rig(opamp::kReportsStatus);
    pb::ServerToAgent message;
    message.mutable_command();
    message.mutable_remote_config()->set_config_hash("h");
    message.mutable_packages_available();
    message.mutable_error_response()->set_error_message("no");
    const auto orders = rig.receive(message);
    CHECK_FALSE(orders.restart);
    CHECK_FALSE(orders.remote_config);
    CHECK(orders.error);
    CHECK(orders.ignored.size() == 3);
}

TEST_CASE("a restart command hides everything else in its message", "[opamp][client][CMD-1][CMD-2]") {
    Rig rig;
    pb::ServerToAgent message;
    message.mutable_command();
    message.mutable_remote_config()->set_config_hash("h");
    const auto orders = rig.receive(message);
    CHECK(orders.restart);
    CHECK_FALSE(orders.remote_config);
}

TEST_CASE("unknown commands, flags and capabilities have no effect", "[opamp][client][IOP-2]") {
    Rig rig;
    rig.settle();
    pb::ServerToAgent message;
    message.mutable_command()->set_type(static_cast<pb::CommandType>(7));
    message.set_flags(0xFFF0);
    message.set_capabilities(~0ull);
    message.mutable_remote_config()->set_config_hash("h");
    const auto orders = rig.receive(message);
    CHECK_FALSE(orders.restart);
    CHECK(orders.remote_config);
    CHECK_FALSE(rig.next());
}

TEST_CASE("a message for another agent is not acted on", "[opamp][client][UID-8]") {
    Rig rig;
    pb::ServerToAgent message;
    message.set_instance_uid(std::string(16, 'x'));
    message.mutable_remote_config()->set_config_hash("h");
    const auto orders = rig.receive(message);
    CHECK_FALSE(orders.remote_config);
    CHECK(orders.ignored.size() == 1);
}

TEST_CASE("a new instance_uid is used from the next message on", "[opamp][client][UID-7]") {
    Rig rig;
    rig.settle();
    pb::ServerToAgent message;
    const auto other = base::Uuid::v7(std::chrono::system_clock::time_point(1s));
    message.mutable_agent_identification()->set_new_instance_uid(other.bytes());
    const auto orders = rig.receive(message);
    REQUIRE(orders.new_instance_uid == other);
    rig.session.set_instance_uid(other);
    rig.session.connected(Transport::websocket);
    CHECK(rig.next()->instance_uid() == other.bytes());

    message.mutable_agent_identification()->set_new_instance_uid("short");
    message.set_instance_uid(other.bytes());
    CHECK_FALSE(rig.receive(message).new_instance_uid);
}

TEST_CASE("garbage is refused", "[opamp][client]") {
    Rig rig;
    CHECK_FALSE(rig.session.receive("\xFF\xFF\xFF\xFF"));
    CHECK_FALSE(rig.session.receive("\x0A\x7Fx"));
}

TEST_CASE("an error response carries type, text and pause", "[opamp][client][RETRY-8]") {
    Rig rig;
    pb::ServerToAgent message;
    auto& error = *message.mutable_error_response();
    error.set_type(pb::ServerErrorResponseType_Unavailable);
    error.set_error_message("later");
    error.mutable_retry_info()->set_retry_after_nanoseconds(~0ull);
    const auto orders = rig.receive(message);
    REQUIRE(orders.error);
    CHECK(orders.error->type == opamp::ServerError::Type::unavailable);
    CHECK(orders.error->message == "later");
    CHECK(orders.error->retry_after == base::Duration::max());
}

TEST_CASE("the goodbye has agent_disconnect and what is still to say", "[opamp][client][MSG-4]") {
    Rig rig;
    rig.settle();
    rig.session.set_health({false, 0, "the supervisor is shutting down", "", 9, {}});
    const auto last = Rig::parsed(rig.session.goodbye(rig.now));
    CHECK(last.has_agent_disconnect());
    CHECK(last.health().last_error() == "the supervisor is shutting down");
    CHECK_FALSE(last.has_agent_description());
}

TEST_CASE("texts that are not UTF-8 still make a valid message", "[opamp][client][STAT-16]") {
    Rig rig;
    rig.session.set_health({false, 0, "bad \xFF\xC0 bytes", "", 1, {}});
    rig.session.connected(Transport::websocket);
    CHECK(rig.next()->health().last_error() == "bad \xEF\xBF\xBD\xEF\xBF\xBD bytes");
}

TEST_CASE("what was read ahead is sent, and not read again", "[opamp][client]") {
    Rig rig;
    int reads = 0;
    const auto counted = [&](const std::string& hash) {
        return opamp::EffectiveConfig{hash, [&reads, hash]() -> std::optional<opamp::ConfigMap> {
                                          ++reads;
                                          return opamp::ConfigMap{{"", {hash, ""}}};
                                      }};
    };
    rig.settle();
    CHECK_FALSE(rig.session.to_read());  // it has been said
    rig.session.set_effective_config(counted("one"));
    const auto wanted = rig.session.to_read();
    REQUIRE(wanted);
    CHECK(wanted->hash == "one");
    rig.session.have_read("one", wanted->read());
    CHECK_FALSE(rig.session.to_read());
    SECTION("as it was read") {
        CHECK(rig.must_say().effective_config().config_map().config_map().at("").body() == "one");
        CHECK(reads == 1);
    }
    SECTION("unless there is another by then") {
        rig.session.set_effective_config(counted("two"));
        REQUIRE(rig.session.to_read());
        rig.session.have_read("one", opamp::ConfigMap{{"", {"late", ""}}});
        CHECK(rig.must_say().effective_config().config_map().config_map().at("").body() == "two");
        CHECK(reads == 2);
    }
    SECTION("or it could not be read") {
        rig.session.set_effective_config(counted("two"));
        rig.session.have_read("two", std::nullopt);
        CHECK_FALSE(rig.must_say().has_effective_config());
    }
}

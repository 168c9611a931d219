#include "unit/opamp/server_session_rig.hpp"

using namespace opamp_test;

TEST_CASE("every report is answered, to the uid it came from", "[opamp][server][SRV-STAT-1][SRV-STAT-2][SRV-STAT-4]") {
    Rig rig;
    rig.settle();
    for (std::uint64_t sequence = 1; sequence <= 10; ++sequence) {
        const auto reply = rig.receive(heartbeat(sequence));
        CHECK(reply.instance_uid() == kUid.bytes());
        CHECK(is_bare(reply));
    }
}

TEST_CASE("capabilities are announced with the first message of each connection",
          "[opamp][server][SRV-STAT-7][SRV-STAT-8][SRV-STAT-9]") {
    Rig rig;
    rig.session.connected();
    const auto first = rig.receive(full_report(0));
    CHECK(first.capabilities() ==
          (pb::ServerCapabilities_AcceptsStatus | pb::ServerCapabilities_OffersRemoteConfig |
           pb::ServerCapabilities_AcceptsEffectiveConfig | pb::ServerCapabilities_OffersConnectionSettings));
    CHECK(rig.receive(heartbeat(1)).capabilities() == 0);
    rig.session.disconnected();
    rig.session.connected();
    CHECK(rig.receive(full_report(2)).capabilities() == first.capabilities());
}

TEST_CASE("what cannot be processed is answered with an error and nothing else",
          "[opamp][server][SRV-STAT-3][SRV-STAT-5][SRV-RETRY-1][GAP-65]") {
    auto short_uid = heartbeat(0);
    short_uid.set_instance_uid("abc");
    auto ulid_text = heartbeat(0);
    ulid_text.set_instance_uid("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    auto zero_uid = heartbeat(0);
    zero_uid.set_instance_uid(std::string(16, '\0'));
    for (const std::string& payload : {short_uid.SerializeAsString(), ulid_text.SerializeAsString(),
                                       zero_uid.SerializeAsString(), "\xFF\xFF random"s, ""s}) {
        const auto report = opamp::decode_report(payload);
        REQUIRE_FALSE(report);
        const auto reply = Rig::parsed(opamp::bad_request("abc", report.error().text()));
        CHECK(reply.error_response().type() == pb::ServerErrorResponseType_BadRequest);
        CHECK_FALSE(reply.error_response().error_message().empty());
        CHECK(reply.capabilities() == 0);
        CHECK(reply.flags() == 0);
    }
}

TEST_CASE("fields that the server does not know are ignored", "[opamp][server][SRV-GEN-3]") {
    const std::string field_999 = "\xBA\x3E\x03xyz";
    const auto report = opamp::decode_report(full_report(0).SerializeAsString() + field_999);
    REQUIRE(report);
    CHECK(report->parts.description->identifying == opamp::Attributes{{"service.name", "demo"}});
}

TEST_CASE("a gap in the sequence asks for the full state", "[opamp][server][SRV-STAT-6]") {
    Rig rig;
    rig.settle();
    CHECK_FALSE(asks_full_state(rig.receive(heartbeat(1))));
    CHECK(asks_full_state(rig.receive(heartbeat(3))));
    CHECK_FALSE(asks_full_state(rig.receive(full_report(4))));
    CHECK(asks_full_state(
        rig.receive(status_report(4, "h", pb::RemoteConfigStatuses_APPLIED))));  // 4 again, another message
    CHECK(asks_full_state(rig.receive(heartbeat(0))));
    CHECK(asks_full_state(rig.receive(full_report(7))));
}

TEST_CASE("an exact resend is answered like the first copy", "[opamp][server][SRV-STAT-12][GAP-7]") {
    Rig rig;
    rig.settle();
    for (int copy = 0; copy < 3; ++copy) {
        const auto reply = rig.receive(heartbeat(1));
        CHECK(reply.instance_uid() == kUid.bytes());
        CHECK(is_bare(reply));
    }
    CHECK_FALSE(asks_full_state(rig.receive(heartbeat(2))));
}

TEST_CASE("what the first report of a connection leads to", "[opamp][server][SRV-STAT-6]") {
    Rig rig;
    rig.session.connected();
    SECTION("an unknown agent that leaves parts out is asked for them") {
        CHECK(asks_full_state(rig.receive(heartbeat(5))));
        CHECK_FALSE(asks_full_state(rig.receive(full_report(6))));
    }
    SECTION("an unknown agent that leaves one part out is asked too") {
        auto report = full_report(5);
        report.clear_health();
        CHECK(asks_full_state(rig.receive(report)));
    }
    SECTION("a full report needs no other, whatever its number") {
        CHECK_FALSE(asks_full_state(rig.receive(full_report(5))));
    }
    SECTION("after a reconnect a compressed report is enough while the numbers go on") {
        rig.receive(full_report(5));
        rig.session.disconnected();
        rig.session.connected();
        CHECK_FALSE(asks_full_state(rig.receive(heartbeat(6))));
        rig.session.disconnected();
        rig.session.connected();
        CHECK(asks_full_state(rig.receive(heartbeat(9))));
    }
    SECTION("a restarted agent begins with a full report at 0") {
        rig.receive(full_report(5));
        rig.session.disconnected();
        rig.session.connected();
        CHECK_FALSE(asks_full_state(rig.receive(full_report(0))));
        CHECK_FALSE(asks_full_state(rig.receive(heartbeat(1))));
    }
    SECTION("an agent remembered from an earlier run has an unknown number") {
        rig.session = opamp::ServerSession(rig.session.state());
        CHECK(asks_full_state(rig.receive(heartbeat(1))));
    }
}

TEST_CASE("compressed reports are merged", "[opamp][server]") {
    Rig rig;
    rig.settle();
    auto unhealthy = heartbeat(1);
    unhealthy.mutable_health()->set_last_error("killed by signal 9");
    (*unhealthy.mutable_health()->mutable_component_health_map())["exporter"].set_status("stopped");
    rig.receive(unhealthy);
    CHECK(rig.changes.health);
    CHECK_FALSE(rig.changes.description);
    CHECK_FALSE(rig.session.state().health->healthy);
    CHECK(rig.session.state().health->components.at("exporter").status == "stopped");
    CHECK(rig.session.state().description->identifying == opamp::Attributes{{"service.name", "demo"}});

    rig.receive(heartbeat(2));
    CHECK_FALSE(rig.changes.any());
    CHECK(rig.session.state().health->last_error == "killed by signal 9");
    CHECK(rig.session.sequence_num() == 2);

    auto same = unhealthy;
    same.set_sequence_num(3);
    rig.receive(same);
    CHECK_FALSE(rig.changes.any());
}

TEST_CASE("a config is pushed once, and offered again only to an agent that reports another",
          "[opamp][server][SRV-CFG-2][SRV-CFG-3][SRV-CFG-5][SRV-CFG-6]") {
    Rig rig;
    rig.settle();
    rig.session.set_config(kConfig);
    CHECK(rig.session.progress() == ConfigProgress::waiting);

    const auto push = rig.push();
    REQUIRE(push);
    CHECK(push->instance_uid() == kUid.bytes());
    CHECK(push->remote_config().config_hash() == kConfig.hash);
    CHECK(push->remote_config().config().config_map().at("").body() == "instrument: true\n");
    CHECK(push->remote_config().config().config_map().at("").content_type() == "text/yaml");
    CHECK_FALSE(rig.push());
    CHECK(rig.session.progress() == ConfigProgress::offered);

    CHECK(is_bare(rig.receive(heartbeat(1))));
    CHECK(is_bare(rig.receive(status_report(2, kConfig.hash, pb::RemoteConfigStatuses_APPLYING))));
    CHECK(rig.session.progress() == ConfigProgress::applying);
    CHECK(is_bare(rig.receive(status_report(3, kConfig.hash, pb::RemoteConfigStatuses_APPLIED))));
    CHECK(rig.session.progress() == ConfigProgress::applied);
    CHECK(is_bare(rig.receive(heartbeat(4))));

    CHECK(
        rig.receive(status_report(5, "an older one", pb::RemoteConfigStatuses_APPLIED)).remote_config().config_hash() ==
        kConfig.hash);
    CHECK(rig.receive(status_report(6, "", pb::RemoteConfigStatuses_UNSET)).remote_config().config_hash() ==
          kConfig.hash);
    CHECK(is_bare(rig.receive(status_report(7, kConfig.hash, pb::RemoteConfigStatuses_FAILED))));
    CHECK(rig.session.progress() == ConfigProgress::failed);
}

TEST_CASE("an agent that reports another config hears of it with its first report", "[opamp][server][SRV-CFG-3]") {
    Rig rig;
    rig.session.set_config(kConfig);
    rig.session.connected();
    CHECK(rig.receive(full_report(0)).remote_config().config_hash() == kConfig.hash);
    CHECK_FALSE(rig.push());
}

TEST_CASE("an agent that has the config is not offered it after a reconnect", "[opamp][server][SRV-CFG-5]") {
    Rig rig;
    rig.settle();
    rig.session.set_config(kConfig);
    rig.push();
    rig.receive(status_report(1, kConfig.hash, pb::RemoteConfigStatuses_APPLIED));
    rig.session.disconnected();
    rig.session.connected();
    CHECK_FALSE(rig.receive(heartbeat(2)).has_remote_config());
    CHECK_FALSE(rig.push());
}

TEST_CASE("going back to an earlier config is offered although the agent still reports that one",
          "[opamp][server][SRV-CFG-6]") {
    Rig rig;
    rig.settle();
    const auto other = offer({{"", {"instrument: false\n", "text/yaml"}}});
    rig.receive(status_report(1, kConfig.hash, pb::RemoteConfigStatuses_APPLIED));
    rig.session.set_config(other);
    REQUIRE(rig.push());
    rig.session.set_config(kConfig);
    const auto push = rig.push();
    REQUIRE(push);
    CHECK(push->remote_config().config_hash() == kConfig.hash);
}

TEST_CASE("an agent that reports no status is told of a config once per connection", "[opamp][server][SRV-CFG-5]") {
    constexpr std::uint64_t kSilent = opamp::kReportsStatus | opamp::kAcceptsRemoteConfig;
    Rig rig;
    rig.session.set_config(kConfig);
    rig.session.connected();
    CHECK(rig.receive(heartbeat(0, kSilent)).has_remote_config());
    CHECK_FALSE(rig.receive(heartbeat(1, kSilent)).has_remote_config());
    CHECK_FALSE(rig.push());
    rig.session.connected();
    CHECK(rig.receive(heartbeat(2, kSilent)).has_remote_config());
}

TEST_CASE("an empty map is a config too, and a config taken back is no longer offered", "[opamp][server][SRV-CFG-3]") {
    Rig rig;
    rig.settle();
    rig.session.set_config(offer({}));
    const auto push = rig.push();
    REQUIRE(push);
    CHECK(push->remote_config().has_config());
    CHECK(push->remote_config().config().config_map().empty());
    CHECK_FALSE(push->remote_config().config_hash().empty());

    rig.session.set_config(std::nullopt);
    CHECK(rig.session.progress() == ConfigProgress::none);
    CHECK_FALSE(rig.push());
    CHECK(is_bare(rig.receive(status_report(1, "whatever", pb::RemoteConfigStatuses_APPLIED))));
}

TEST_CASE("an agent is told nothing that it does not accept",
          "[opamp][server][SRV-STAT-10][SRV-STAT-11][SRV-CFG-1][SRV-CMD-1]") {
    Rig rig;
    SECTION("it never did") {
        rig.settle(opamp::kReportsStatus);
        rig.session.set_config(kConfig);
        CHECK_FALSE(rig.push());
        CHECK_FALSE(rig.session.restart());
        CHECK_FALSE(rig.push());
        CHECK(is_bare(rig.receive(heartbeat(1, opamp::kReportsStatus))));
    }
    SECTION("it withdrew the capability") {
        rig.settle();
        REQUIRE(rig.session.restart());
        rig.receive(heartbeat(1, opamp::kReportsStatus));
        CHECK(rig.changes.capabilities);
        rig.session.set_config(kConfig);
        CHECK_FALSE(rig.push());
        auto report = status_report(2, "old", pb::RemoteConfigStatuses_APPLIED);
        report.set_capabilities(opamp::kReportsStatus);
        CHECK_FALSE(rig.receive(report).has_remote_config());
    }
    SECTION("capabilities left out are those it had") {
        rig.settle();
        rig.session.set_config(kConfig);
        CHECK(rig.receive(heartbeat(1, 0)).has_remote_config());
    }
}

TEST_CASE("a restart command travels alone", "[opamp][server][SRV-CMD-1]") {
    Rig rig;
    rig.settle();
    rig.session.set_config(kConfig);
    REQUIRE(rig.session.restart());
    const auto config = rig.push();
    REQUIRE(config);
    CHECK(config->has_remote_config());
    CHECK_FALSE(config->has_command());

    auto command = rig.push();
    REQUIRE(command);
    REQUIRE(command->has_command());
    CHECK(command->command().type() == pb::CommandType_Restart);
    command->clear_command();
    CHECK(is_bare(*command));
    CHECK_FALSE(rig.push());
}

TEST_CASE("a restart that nobody heard is not kept for the next connection", "[opamp][server][SRV-CMD-1]") {
    Rig rig;
    rig.settle();
    REQUIRE(rig.session.restart());
    rig.session.disconnected();
    rig.session.connected();
    rig.receive(full_report(1));
    CHECK_FALSE(rig.push());
}

TEST_CASE("an assigned uid is said until the agent uses it", "[opamp][server][SRV-UID-1][SRV-UID-2]") {
    Rig rig;
    rig.session.connected();
    rig.session.assign_uid(kOtherUid);
    for (std::uint64_t sequence = 0; sequence < 2; ++sequence) {
        const auto reply = rig.receive(full_report(sequence));
        CHECK(reply.instance_uid() == kUid.bytes());
        CHECK(reply.agent_identification().new_instance_uid() == kOtherUid.bytes());
    }
    auto report = heartbeat(2);
    report.set_instance_uid(kOtherUid.bytes());
    const auto reply = rig.receive(report);
    CHECK(reply.instance_uid() == kOtherUid.bytes());
    CHECK(is_bare(reply));
}

TEST_CASE("the full state is asked for when the owner wants it", "[opamp][server]") {
    Rig rig;
    rig.settle();
    rig.session.ask_full_state();
    const auto push = rig.push();
    REQUIRE(push);
    CHECK(asks_full_state(*push));
    CHECK_FALSE(rig.push());
}

TEST_CASE("configs that differ anywhere have different hashes", "[opamp][server][SRV-CFG-4]") {
    const std::vector<opamp::ConfigMap> configs = {
        {},
        {{"", {"", ""}}},
        {{"", {"a", ""}}},
        {{"", {"", "a"}}},
        {{"a", {"", ""}}},
        {{"a", {"b", ""}}},
        {{"ab", {"", ""}}},
        {{"a", {"", ""}}, {"b", {"", ""}}},
        {{"", {"A", ""}}},
        {{"", {"a"s + '\0', ""}}},
    };
    std::set<std::string> hashes;
    for (const auto& config : configs) hashes.insert(opamp::config_hash(config));
    CHECK(hashes.size() == configs.size());
    CHECK(hashes.begin()->size() == 32);
    CHECK(opamp::config_hash(configs[7]) == opamp::config_hash({{"b", {"", ""}}, {"a", {"", ""}}}));
}

TEST_CASE("attributes of every type become text", "[opamp][server]") {
    auto report = full_report(0);
    const auto add = [&](const std::string& key) -> pb::AnyValue& {
        pb::KeyValue& entry = *report.mutable_agent_description()->add_non_identifying_attributes();
        entry.set_key(key);
        return *entry.mutable_value();
    };
    add("bool").set_bool_value(true);
    add("int").set_int_value(-7);
    add("list").mutable_array_value()->add_values()->set_string_value("x");
    add("bytes").set_bytes_value("\x01\xFF");
    auto& entry = *add("map").mutable_kvlist_value()->add_values();
    entry.set_key("k");
    entry.mutable_value()->set_int_value(1);
    const auto decoded = opamp::decode_report(report.SerializeAsString());
    REQUIRE(decoded);
    CHECK(decoded->parts.description->non_identifying ==
          opamp::Attributes{{"bool", "true"}, {"int", "-7"}, {"list", "[x]"}, {"bytes", "01ff"}, {"map", "{k: 1}"}});
}

TEST_CASE("a part of a report comes back from its stored bytes", "[opamp][server]") {
    const opamp::AgentDescription description{{{"service.name", "demo"}}, {{"os.type", "linux"}}};
    const opamp::ComponentHealth health{false, 1, "exit code 3", "down", 2, {{"part", {true, 0, "", "up", 3, {}}}}};
    const opamp::ConfigMap files{{"", {"a\0b"s, "text/yaml"}}, {"extra", {"", ""}}};
    CHECK(opamp::decode_description(opamp::encode(description)) == description);
    CHECK(opamp::decode_health(opamp::encode(health)) == health);
    CHECK(opamp::decode_config(opamp::encode(files)) == files);
    CHECK_FALSE(opamp::decode_health("\xFF damaged"));
}

// Custom messages from a server to its agents.
#include "unit/opamp/server_session_rig.hpp"

using namespace opamp_test;

namespace {

const std::string kOurs = "io.opampd.telemetry";
const opamp::CustomMessage kMessage{kOurs, "sampler", "always_on"};

pb::AgentToServer announcing(std::uint64_t sequence, const std::string& capability) {
    auto message = full_report(sequence);
    message.mutable_custom_capabilities()->add_capabilities(capability);
    return message;
}

struct CustomRig : Rig {
    explicit CustomRig(opamp::Delivery delivery = opamp::Delivery::pushes) {
        session.set_custom_capabilities({kOurs, "io.opampd.other"});
        session.connected(delivery);
    }
};

}  // namespace

TEST_CASE("capabilities that both have are announced once a connection", "[opamp][server][SRV-CMSG-1]") {
    CustomRig rig;
    const auto first = rig.receive(announcing(0, kOurs));
    REQUIRE(first.custom_capabilities().capabilities_size() == 1);
    CHECK(first.custom_capabilities().capabilities(0) == kOurs);
    CHECK(is_bare(rig.receive(heartbeat(1))));
    rig.session.connected();
    CHECK(rig.receive(heartbeat(2)).has_custom_capabilities());
}

TEST_CASE("an agent that announces none of ours hears of none, and no message", "[opamp][server][SRV-CMSG-1]") {
    CustomRig rig;
    CHECK_FALSE(rig.receive(announcing(0, "io.example.x/1")).has_custom_capabilities());
    const auto sent = rig.session.send(kMessage);
    REQUIRE_FALSE(sent);
    CHECK(sent.error().kind() == base::Kind::refused);
    CHECK_FALSE(rig.push());
}

TEST_CASE("a message is pushed once, and the last of several", "[opamp][server]") {
    CustomRig rig;
    rig.receive(announcing(0, kOurs));
    REQUIRE(rig.session.send({kOurs, "sampler", "always_off"}));
    REQUIRE(rig.session.send(kMessage));
    const auto push = rig.push();
    REQUIRE(push);
    CHECK(push->custom_message().capability() == kOurs);
    CHECK(push->custom_message().type() == "sampler");
    CHECK(push->custom_message().data() == "always_on");
    CHECK_FALSE(push->has_custom_capabilities());
    CHECK_FALSE(rig.push());
}

TEST_CASE("a message that nobody can hear is dropped", "[opamp][server]") {
    CustomRig rig;
    rig.receive(announcing(0, kOurs));
    REQUIRE(rig.session.send(kMessage));
    rig.session.disconnected();
    rig.session.connected();
    CHECK_FALSE(rig.push());
}

TEST_CASE("who polls hears of a message with the next answer, and again if that was lost", "[opamp][server]") {
    CustomRig rig(opamp::Delivery::polls);
    rig.receive(announcing(0, kOurs));
    REQUIRE(rig.session.send(kMessage));
    CHECK_FALSE(rig.push());
    CHECK(rig.receive(heartbeat(1)).custom_message().data() == "always_on");
    CHECK(rig.receive(heartbeat(1)).custom_message().data() == "always_on");
    CHECK_FALSE(rig.receive(heartbeat(2)).has_custom_message());
}

TEST_CASE("a restart has its answer to itself, and the message the next one", "[opamp][server][SRV-CMD-1]") {
    CustomRig rig(opamp::Delivery::polls);
    rig.receive(announcing(0, kOurs));
    REQUIRE(rig.session.restart());
    REQUIRE(rig.session.send(kMessage));
    const auto restart = rig.receive(heartbeat(1));
    CHECK(restart.has_command());
    CHECK_FALSE(restart.has_custom_message());
    CHECK(rig.receive(heartbeat(2)).has_custom_message());
}

TEST_CASE("a message of an agent is part of its report", "[opamp][server]") {
    auto message = heartbeat(1);
    message.mutable_custom_message()->set_capability(kOurs);
    message.mutable_custom_message()->set_type("sampler");
    message.mutable_custom_message()->set_data("always_off");
    const auto report = opamp::decode_report(message.SerializeAsString());
    REQUIRE(report);
    CHECK(report->custom_message == opamp::CustomMessage{kOurs, "sampler", "always_off"});
}

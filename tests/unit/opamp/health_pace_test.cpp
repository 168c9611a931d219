// Health that flaps is told now and then.
#include "unit/opamp/client_rig.hpp"

using namespace std::chrono_literals;
using namespace client_rig;
using opamp::Urgency;

namespace {

opamp::ComponentHealth health(bool is_healthy, std::uint64_t time) {
    return {is_healthy, 5, is_healthy ? "" : "HTTP 503", "running", time, {}};
}

/// Of a whole minute in which it flips every 10 ms.
int messages_of_a_minute(Rig& rig, Urgency urgency) {
    int messages = 0;
    for (std::uint64_t i = 0; i < 6000; ++i) {
        rig.now += 10ms;
        rig.session.set_health(health(i % 2 != 0, i), urgency);
        while (rig.next()) ++messages;
    }
    return messages;
}

}  // namespace

TEST_CASE("health that flaps is told once a second, and its last state always", "[opamp][client][STAT-4]") {
    const auto transport = GENERATE(opamp::Transport::websocket, opamp::Transport::http);
    Rig rig(kEverything, transport, 1h);
    rig.session.set_heartbeat_interval(1h);
    rig.settle();
    const int messages = messages_of_a_minute(rig, Urgency::paced);
    CHECK(messages >= 60);
    CHECK(messages <= 66);
    rig.session.set_health(health(true, 99999), Urgency::paced);
    const auto due = rig.session.next_due();
    REQUIRE(due);
    CHECK(*due <= rig.now + 1s);
    rig.now = *due;
    CHECK(rig.must_say().health().status_time_unix_nano() == 99999);
    CHECK_FALSE(rig.next());
}

TEST_CASE("the first changes are told at once", "[opamp][client][STAT-4]") {
    Rig rig;
    rig.settle();
    rig.now += 10s;
    for (std::uint64_t i = 0; i < 5; ++i) {
        rig.session.set_health(health(i % 2 != 0, i), Urgency::paced);
        CHECK(rig.must_say().health().status_time_unix_nano() == i);
    }
    rig.session.set_health(health(true, 6), Urgency::paced);
    CHECK_FALSE(rig.next());
}

TEST_CASE("what is urgent is not held back", "[opamp][client][STAT-4]") {
    Rig rig;
    rig.settle();
    messages_of_a_minute(rig, Urgency::paced);
    rig.session.set_health(health(false, 100001), Urgency::paced);
    rig.session.set_health(health(false, 100002), Urgency::at_once);
    rig.session.set_health(health(false, 100003), Urgency::paced);  // goes with it
    CHECK(rig.must_say().health().status_time_unix_nano() == 100003);
    CHECK(messages_of_a_minute(rig, Urgency::at_once) == 6000);
}

TEST_CASE("any message has the newest health", "[opamp][client][STAT-3]") {
    Rig rig;
    rig.settle();
    messages_of_a_minute(rig, Urgency::paced);
    rig.session.set_health(health(false, 100001), Urgency::paced);
    CHECK_FALSE(rig.next());
    rig.session.set_description({{{"service.name", "other"}}, {}});
    const auto message = rig.must_say();
    CHECK(message.has_agent_description());
    CHECK(message.health().status_time_unix_nano() == 100001);
    CHECK_FALSE(rig.next());
    rig.session.set_health(health(true, 100002), Urgency::paced);
    rig.session.connected(opamp::Transport::websocket);
    CHECK(rig.must_say().health().status_time_unix_nano() == 100002);
}

TEST_CASE("what has not changed in the end is not told", "[opamp][client][STAT-6]") {
    Rig rig;
    rig.settle();
    messages_of_a_minute(rig, Urgency::paced);
    rig.now += 1min;
    rig.session.set_health(health(false, 199999), Urgency::paced);
    CHECK(rig.must_say().has_health());
    for (std::uint64_t i = 0; i < 4; ++i) {
        rig.session.set_health(health(false, 200000 + i), Urgency::paced);
        CHECK(rig.next());
    }
    rig.session.set_health(health(false, 200009), Urgency::paced);
    CHECK_FALSE(rig.next());
    rig.session.set_health(health(false, 200003), Urgency::paced);
    const auto due = rig.session.next_due();
    REQUIRE(due);
    CHECK(*due > rig.now + 1s);  // a heartbeat
}

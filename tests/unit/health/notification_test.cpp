#include "health/notification.hpp"

#include <catch2/catch.hpp>

#include "base/bytes.hpp"
#include "health/notify_state.hpp"

using health::Notification;
using health::NotifyState;
using health::parse_notification;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

const NotifyState::TimePoint kBegin{1h};

/// Told one after the other, at `kBegin`.
NotifyState told(std::initializer_list<const char*> messages, base::Duration watchdog = {}) {
    NotifyState state(watchdog);
    for (const char* message : messages) state.take(parse_notification(message), kBegin);
    return state;
}

}  // namespace

TEST_CASE("what is told is read line by line", "[health][notify]") {
    const Notification told =
        parse_notification("READY=1\nSTATUS=3 pipelines\nMAINPID=1\nX\n=\nWATCHDOG=1\nMONOTONIC_USEC=17");
    CHECK(told.is_ready);
    CHECK_FALSE(told.is_reloading);
    CHECK_FALSE(told.is_stopping);
    CHECK(told.status == "3 pipelines");
    CHECK(told.watchdog == Notification::Watchdog::alive);
    CHECK(told.monotonic_usec == 17u);
    CHECK(parse_notification("WATCHDOG=trigger").watchdog == Notification::Watchdog::trigger);
    CHECK(parse_notification("STOPPING=1").is_stopping);
    CHECK(parse_notification("RELOADING=1").is_reloading);
}

TEST_CASE("what is no message says nothing", "[health][notify]") {
    for (const std::string& text : {""s, "READY=0"s, "READY"s, "ready=1"s, "READY=1\0"s, " READY=1"s, "READY=1 "s,
                                    "READY=1\n" + std::string(health::kMostNotification, 'x')}) {
        INFO(text.substr(0, 20));
        CHECK_FALSE(parse_notification(text).is_ready);
    }
    CHECK_FALSE(parse_notification("MONOTONIC_USEC=99999999999999999999999").monotonic_usec);
}

TEST_CASE("a status is one short line of valid text", "[health][notify]") {
    CHECK(parse_notification("STATUS=a\tb\x1B[31m").status == "a b [31m");
    CHECK(parse_notification("STATUS=\xFF").status == base::to_valid_utf8("\xFF"));
    CHECK(parse_notification("STATUS=" + std::string(3000, 'x')).status == std::string(256, 'x') + "…");
    CHECK(parse_notification("STATUS=").status == "");
}

TEST_CASE("an agent is well from READY=1 to STOPPING=1", "[health][notify]") {
    CHECK(told({}).trouble(kBegin) == "it has not sent READY=1");
    CHECK(told({"STATUS=loading"}).status() == "loading");
    CHECK(told({"READY=1"}).trouble(kBegin).empty());
    CHECK(told({"READY=1"}).status().empty());
    CHECK(told({"READY=1", "RELOADING=1"}).trouble(kBegin).empty());
    CHECK(told({"READY=1", "RELOADING=1"}).status() == "reloading");
    CHECK(told({"READY=1", "STOPPING=1"}).trouble(kBegin) == "it has sent STOPPING=1");
    NotifyState again = told({"READY=1", "STATUS=x"});
    again.begin();
    CHECK_FALSE(again.trouble(kBegin).empty());
    CHECK(again.status().empty());
}

TEST_CASE("an agent with a watchdog has to say that it is alive", "[health][notify][watchdog]") {
    NotifyState state(10s);
    CHECK(state.next(kBegin) == NotifyState::TimePoint::max());
    state.take(parse_notification("READY=1"), kBegin);
    CHECK(state.next(kBegin) == kBegin + 10s);
    CHECK(state.trouble(kBegin + 9999ms).empty());
    CHECK(state.trouble(kBegin + 10s) == "it has not sent WATCHDOG=1 for 10s");
    CHECK(state.next(kBegin + 10s) == NotifyState::TimePoint::max());
    state.take(parse_notification("WATCHDOG=1"), kBegin + 15s);
    CHECK(state.trouble(kBegin + 15s).empty());
    CHECK(state.next(kBegin + 15s) == kBegin + 25s);
    state.take(parse_notification("READY=1"), kBegin + 24s);  // is no sign of life, but the first one
    CHECK_FALSE(state.trouble(kBegin + 25s).empty());
    state.take(parse_notification("WATCHDOG=trigger\n"), kBegin + 26s);
    CHECK(state.trouble(kBegin + 26s) == "it has sent WATCHDOG=trigger");
    CHECK(told({"READY=1"}).next(kBegin) == NotifyState::TimePoint::max());
}

TEST_CASE("a reload is RELOADING=1 and then READY=1, after it was ordered", "[health][notify][reload]") {
    const auto reloads = [](std::initializer_list<const char*> messages) {
        NotifyState state = told({"READY=1"});
        state.expect_reload(1000);
        for (const char* message : messages) state.take(parse_notification(message), kBegin);
        return state.has_reloaded();
    };
    CHECK(reloads({"RELOADING=1\nMONOTONIC_USEC=1000", "READY=1"}));
    CHECK(reloads({"RELOADING=1", "STATUS=x", "READY=1"}));
    CHECK_FALSE(reloads({}));
    CHECK_FALSE(reloads({"READY=1"}));
    CHECK_FALSE(reloads({"RELOADING=1"}));
    CHECK_FALSE(reloads({"RELOADING=1\nMONOTONIC_USEC=999", "READY=1"}));  // one that it had begun by itself
    CHECK(reloads({"RELOADING=1\nMONOTONIC_USEC=999", "READY=1", "RELOADING=1\nMONOTONIC_USEC=1001", "READY=1"}));
}

// Why an agent was started anew, as the table of `lifecycle::decide` leads to it.
#include "supervisor/agent_traces.hpp"

#include <catch2/catch.hpp>

using namespace lifecycle;
using Restarts = std::map<std::string, double>;

namespace {

const Revision kGood{1}, kNew{2};

struct Rig final : telemetry::SpanSink {
    explicit Rig(const Policy& as = {}) : policy(as) { happens(Begun{kGood, kGood, kGood}); }
    void take(telemetry::SpanRecord) override {}

    void happens(const Event& event) {
        const Step step = decide(state, event, policy);
        traces.stepped(event, state, step.next);
        state = step.next;
        for (const Action& action : step.actions) {
            if (const auto* way_back = std::get_if<NoteRollback>(&action)) traces.rolls_back(*way_back);
            if (std::holds_alternative<Start>(action)) started = true;
        }
        traces.settled(state, 0);
        if (!std::exchange(started, false)) return;
        traces.spawned();
        happens(Spawned{state.current});
    }
    void dies() {
        traces.exited("exit code 1");
        happens(Exited{"exit code 1"});
    }
    /// The gate is a time to stay alive, the pause after a death one to wait.
    void time_passes() { happens(DeadlinePassed{}); }
    void tries(const Revision& candidate) {
        traces.offered(1, {});
        happens(Offered{1});
        happens(Staged{1, candidate});
        dies();  // of the signal
    }

    /// How often for which reason.
    Restarts restarts() {
        Restarts found;
        for (const telemetry::MetricData& metric : meter.collect()) {
            if (metric.info->name != "opampd.agent.restarts") continue;
            for (const telemetry::MetricPoint& point : metric.points)
                found[std::get<std::string>(*telemetry::find(point.attributes, "reason"))] = point.value;
        }
        return found;
    }

    Policy policy;
    telemetry::Tracer tracer{*this};
    telemetry::Meter meter;
    supervisor::AgentMetrics metrics{meter};
    supervisor::AgentTraces traces{tracer, metrics};
    State state;
    bool started = false;
};

}  // namespace

TEST_CASE("the first start is none of the restarts", "[supervisor][telemetry]") {
    Rig rig;
    rig.time_passes();
    CHECK(rig.restarts().empty());
}

TEST_CASE("an agent that has died is started anew for its crash, before its gate and after",
          "[supervisor][telemetry]") {
    Rig rig;
    const bool is_proven = GENERATE(false, true);
    if (is_proven) rig.time_passes();
    rig.dies();
    rig.time_passes();
    CHECK(rig.restarts() == Restarts{{"crash", 1}});
    rig.dies();
    rig.time_passes();
    CHECK(rig.restarts() == Restarts{{"crash", 1}, {"backoff", 1}});
}

TEST_CASE("what an agent was restarted for is not the reason of the start after its crash", "[supervisor][telemetry]") {
    Rig rig;
    rig.time_passes();
    rig.happens(RestartWanted{});
    rig.dies();
    CHECK(rig.restarts() == Restarts{{"command", 1}});
    rig.dies();
    rig.time_passes();
    CHECK(rig.restarts() == Restarts{{"command", 1}, {"crash", 1}});
}

TEST_CASE("a config of which the agent dies leads to a start for it and one for the way back",
          "[supervisor][telemetry]") {
    Rig rig;
    rig.time_passes();
    rig.tries(kNew);
    CHECK(rig.restarts() == Restarts{{"config", 1}});
    rig.dies();
    CHECK(rig.restarts() == Restarts{{"config", 1}, {"rollback", 1}});
    CHECK(rig.state.current == kGood);
}

TEST_CASE("an agent that was not healthy for too long is started anew for that", "[supervisor][telemetry]") {
    Rig rig({.has_probe = true, .start_timeout = std::chrono::seconds(9), .watchdog_after = std::chrono::seconds(9)});
    rig.happens(ProbeUp{});
    rig.happens(ProbeDown{"HTTP 503"});
    rig.time_passes();
    rig.dies();
    rig.time_passes();
    CHECK(rig.restarts() == Restarts{{"unhealthy", 1}});
    rig.time_passes();  // of the start
    rig.dies();
    rig.time_passes();  // of a pause, as after every other end but the first
    CHECK(rig.restarts() == Restarts{{"unhealthy", 1}, {"backoff", 1}});
}

#include "unit/lifecycle/world.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace lifecycle_model {

using namespace lifecycle;

namespace {

/// Carries out actions on the model and notes what must never happen.
struct Hands {
    World& world;
    std::optional<std::string> broken;

    void require(bool holds, const char* invariant) {
        if (!holds && !broken) broken = invariant;
    }
    bool has_process() const { return world.child || world.spawning; }
    /// The process that runs is proven with `revision`, or there is rightly none.
    bool in_force(const Revision& revision) const {
        return world.state.proven && (revision.runs ? world.child == revision : !has_process());
    }

    void operator()(const Stage& stage) {
        require(world.stage_ordered == 0, "one offer is stored at a time");
        world.stage_ordered = stage.offer;
    }
    void operator()(const Start& start) {
        require(!has_process(), "never two children of one agent");
        require(start.revision.runs, "an empty config starts nothing");
        world.spawning = start.revision;
    }
    void operator()(const Install&) { require(!has_process(), "the agent is stopped before its config is taken away"); }
    void operator()(const Reload& reload) {
        require(world.child.has_value(), "only a process is told to reload");
        require(reload.revision.runs, "an empty config is not reloaded");
        require(!world.child || world.child->environment == reload.revision.environment,
                "a process keeps the variables of its start");
        require(!world.reloading, "one reload at a time");
        world.reloading = reload.revision;
    }
    void operator()(const Adopt& adopt) {
        require(world.state.proven, "only what is proven gets another name");
        require(!world.child || adopt.revision.runs, "an empty config is not what runs");
        if (world.child) world.child = adopt.revision;
    }
    void operator()(const SignalStop&) {
        require(world.child.has_value(), "only a process is signalled");
        world.reloading.reset();
    }
    void operator()(const Kill&) {
        require(world.child.has_value(), "only a process is killed");
        world.killed = true;
    }
    void operator()(const ArmDeadline&) { world.deadline = true; }
    void operator()(const ClearDeadline&) { world.deadline = false; }
    void operator()(const Commit& commit) {
        require(in_force(commit.revision), "a revision becomes last-good only by passing its gate");
        world.good.insert(commit.revision.id);
        for (const Revision& older : commit.older_good)
            require(world.good.contains(older.id) && older != commit.revision, "a way back was good");
        require(commit.older_good.size() <= 3, "the ways back are bounded");
    }
    void operator()(const ReportConfig& report) {
        const auto known = world.fates.find(report.offer);
        const bool is_final = known != world.fates.end() && known->second != Fate::applying;
        require(!is_final, "a final status is said once");
        if (report.fate == Fate::applied)
            require(in_force(world.revision_of[report.offer]), "APPLIED only for what runs and passed its gate");
        if (report.fate == Fate::failed) require(!report.reason.empty(), "FAILED says why");
        world.fates[report.offer] = report.fate;
    }
    void operator()(const ReportHealth& health) {
        require(health.healthy == health.reason.empty(), "an unhealthy report says why");
        require(!health.healthy || in_force(world.state.current), "healthy only when proven");
    }
    void operator()(const NoteRollback& rollback) {
        const bool is_good = world.good.contains(rollback.to.id) || rollback.to == world.state.base;
        const auto& fallbacks = world.state.fallbacks;
        const bool is_fallback = std::find(fallbacks.begin(), fallbacks.end(), rollback.to) != fallbacks.end();
        require(rollback.from != rollback.to, "a rollback leads to something else");
        if (rollback.by_operator) return;
        require(is_good || is_fallback, "a rollback ends at what was good, or at a fallback");
        require(++world.rollbacks <= 1 + static_cast<int>(world.ways), "a rollback is never a loop");
    }
    void operator()(const NoteRestart& restart) { require(!restart.reason.empty(), "a restart says why"); }
    void operator()(const Finish&) {
        require(!has_process(), "shutdown leaves no child");
        world.finished = true;
    }
};

/// What the model itself learns from an event, before the core does.
struct Senses {
    World& world;
    void operator()(const Offered& offered) { world.offers = offered.offer; }
    void operator()(const Staged& staged) {
        world.rollbacks = 0;
        world.revision_of[staged.offer] = staged.revision;
        world.stage_ordered = 0;
    }
    void operator()(const Rejected&) { world.stage_ordered = 0; }
    void operator()(const RestartWanted&) { ++world.restarts; }
    void operator()(const StopWanted&) { ++world.wishes; }
    void operator()(const StartWanted&) {}
    void operator()(const RollbackWanted&) {
        ++world.wishes;
        world.rollbacks = 0;
    }
    void operator()(const Reloaded& reloaded) {
        world.child = reloaded.revision;
        world.reloading.reset();
    }
    void operator()(const ReloadFailed&) { world.reloading.reset(); }
    void operator()(const Spawned& spawned) {
        world.child = spawned.revision;
        world.spawning.reset();
    }
    void operator()(const SpawnFailed&) { world.spawning.reset(); }
    void operator()(const Exited&) {
        world.child.reset();
        world.reloading.reset();
        world.killed = false;
    }
    void operator()(const DeadlinePassed&) { world.deadline = false; }
    void operator()(const Begun&) {}
    void operator()(const ProbeUp&) {}
    void operator()(const ProbeDown&) {}
    void operator()(const ShutdownWanted&) {}
};

std::string text(const Revision& revision) {
    return std::to_string(revision.id) + (revision.runs ? "r" : "e") + std::to_string(revision.environment);
}

/// Every second offer brings other variables.
std::uint64_t environment_of(OfferId offer) {
    return offer % 2;
}

}  // namespace

std::string World::key() const {
    std::string key = std::string(to_string(state.phase)) + "|" + text(state.current) + text(state.last_good) +
                      text(state.base) + "|" + std::to_string(state.trial) + std::to_string(state.proven) + "|" +
                      std::to_string(state.offer) + "," + std::to_string(state.staging) + "," +
                      std::to_string(state.waiting) + "|" + std::to_string(static_cast<int>(state.after)) +
                      std::to_string(state.failures) + "|" + state.trouble + "|" + state.probed + "|";
    if (child) key += "c" + text(*child);
    if (spawning) key += "s" + text(*spawning);
    if (reloading) key += "r" + text(*reloading);
    key += text(state.adopting) + (state.held ? "h" : "") + (state.reloaded ? "l" : "") + (state.ended ? "e" : "") +
           std::to_string(state.watchdog_restarts) + std::to_string(state.stop_step);
    key += "|" + std::to_string(state.ways_taken) + "," + std::to_string(state.successes) + ":";
    for (const Revision& older : state.older_good) key += text(older);
    key += "|";
    key += std::to_string(deadline) + std::to_string(killed) + std::to_string(offers) + std::to_string(restarts) +
           std::to_string(wishes);
    for (const auto& [offer, fate] : fates) key += "f" + std::to_string(offer) + std::to_string(static_cast<int>(fate));
    return key;
}

World begin(const Policy& policy, const Begun& begun) {
    World world;
    world.good.insert(begun.last_good.id);
    for (const Revision& older : begun.older_good) world.good.insert(older.id);
    world.ways = 5 + begun.fallbacks.size();
    if (begun.offer != 0) {
        world.offers = begun.offer;
        world.revision_of[begun.offer] = begun.current;
    }
    (void)advance(world, begun, policy, {});
    return world;
}

std::vector<Event> possible(const World& world, const Policy& policy, const Bounds& bounds) {
    std::vector<Event> events;
    if (world.finished) return events;
    if (world.spawning) {
        events.push_back(Spawned{*world.spawning});
        events.push_back(SpawnFailed{*world.spawning, "no such file"});
    }
    if (world.child) {
        events.push_back(Exited{"exit code 1"});
        if (policy.restart == Restart::on_failure) events.push_back(Exited{"exit code 0", true});
        if (policy.has_probe && !world.reloading) {
            events.push_back(ProbeUp{});
            events.push_back(ProbeDown{"HTTP 503"});
        }
    }
    if (world.reloading) {
        events.push_back(Reloaded{*world.reloading});
        events.push_back(ReloadFailed{*world.reloading, "ignored"});
    }
    if (world.deadline) events.push_back(DeadlinePassed{});
    if (world.stage_ordered != 0) {
        const std::uint64_t id = 10 + world.stage_ordered;
        const Revision& current = world.state.current;
        const std::uint64_t environment = environment_of(world.stage_ordered);
        events.push_back(Staged{world.stage_ordered, {id, true, environment}});
        events.push_back(Staged{world.stage_ordered, {id, false, environment}});
        events.push_back(Staged{world.stage_ordered, {id, current.runs, current.environment}, current});
        if (world.state.base != current)  // which was current when it was stored
            events.push_back(Staged{world.stage_ordered, {id, true, environment}, world.state.base});
        events.push_back(Rejected{world.stage_ordered, "not YAML"});
    }
    if (world.offers < bounds.offers) events.push_back(Offered{world.offers + 1});
    if (world.restarts < bounds.restarts) events.push_back(RestartWanted{});
    if (world.state.held || world.state.ended) events.push_back(StartWanted{});
    if (world.wishes < bounds.wishes) {
        events.push_back(StopWanted{});
        events.push_back(RollbackWanted{world.state.base, "rolled back by the operator"});
        if (world.state.last_good.id != 0)
            events.push_back(RollbackWanted{world.state.last_good, "rolled back by the operator"});
    }
    events.push_back(ShutdownWanted{});
    return events;
}

std::optional<Event> kind_event(const World& world, const Policy& policy) {
    if (world.finished) return std::nullopt;
    if (world.spawning) return Spawned{*world.spawning};
    if (world.reloading) return Reloaded{*world.reloading};
    if (world.stage_ordered != 0) {
        const Revision stored{10 + world.stage_ordered, true, environment_of(world.stage_ordered)};
        return Staged{world.stage_ordered, stored};
    }
    if (world.state.phase == Phase::stopping)
        return world.killed || !world.deadline ? Event(Exited{"killed by signal 9"}) : Event(DeadlinePassed{});
    if (world.child && !world.state.proven && policy.has_probe) return ProbeUp{};
    if (world.deadline && !(world.state.phase == Phase::running && world.state.proven)) return DeadlinePassed{};
    if (world.state.held) return StartWanted{};
    return std::nullopt;
}

std::optional<std::string> advance(World& world, const Event& event, const Policy& policy, const Bounds& bounds) {
    std::visit(Senses{world}, event);
    Step step = decide(world.state, event, policy);
    world.state = step.next;
    world.state.failures = std::min(world.state.failures, bounds.failures);
    if (world.state.proven) world.rollbacks = 0;
    Hands hands{world, {}};
    for (const Action& action : step.actions) std::visit(hands, action);
    hands.require(!world.state.trial || world.state.current != world.state.last_good,
                  "what is last-good is not on trial");
    hands.require(world.state.phase != Phase::backing_off || world.deadline, "a pause has an end");
    hands.require(world.state.phase != Phase::stopping || world.deadline || world.killed, "a stop has an end");
    const Phase phase = world.state.phase;
    const bool has_process = phase == Phase::running || phase == Phase::reloading || phase == Phase::stopping;
    hands.require(has_process == world.child.has_value(), "the phase knows the process");
    hands.require((phase == Phase::reloading) == world.reloading.has_value(), "the phase knows the reload");
    hands.require(phase != Phase::reloading || world.deadline, "a reload has an end");
    hands.require(!world.state.ended || phase == Phase::down || phase == Phase::gone, "what has ended does not run");
    hands.require(!world.state.held || phase == Phase::down || phase == Phase::stopping || phase == Phase::starting ||
                      phase == Phase::backing_off || phase == Phase::gone,
                  "what the operator stopped does not run");
    return hands.broken;
}

std::optional<std::string> settle(World world, const Policy& policy, const Bounds& bounds) {
    for (int steps = 0; steps < 100; ++steps) {
        const auto event = kind_event(world, policy);
        if (!event) {
            if (world.finished) return std::nullopt;
            if (!world.state.proven && !world.state.ended) return "it comes to rest, but not proven";
            if (world.offers != 0 &&
                (!world.fates.contains(world.offers) || world.fates.at(world.offers) == Fate::applying))
                return "the newest offer has no final status";
            return std::nullopt;
        }
        if (auto broken = advance(world, *event, policy, bounds)) return broken;
    }
    return "it never comes to rest";
}

namespace {

/// `steps` events of all that can happen, then peace: the invariant that was broken on the way, or nothing.
std::string live(std::mt19937& random, const Policy& policy, World world, const Bounds& bounds, int steps) {
    for (int step = 0; step < steps && !world.finished; ++step) {
        auto events = possible(world, policy, bounds);
        if (random() % 64 != 0) events.pop_back();  // ShutdownWanted is the last: rare, or lives are short
        if (auto broken = advance(world, events[random() % events.size()], policy, bounds)) return *broken;
    }
    return settle(world, policy, bounds).value_or("");
}

}  // namespace

std::string live_many(unsigned seed, int lives, int steps) {
    const Bounds bounds{.offers = 1000, .restarts = 1000, .wishes = 1000, .failures = 30};
    const Revision base{1, true}, good{2, true};
    std::mt19937 random(seed);
    for (int life = 0; life < lives; ++life) {
        const Policy policy{.has_probe = random() % 2 == 0,
                            .successes = 1 + static_cast<int>(random() % 3),
                            .reloads = random() % 2 == 0,
                            .start_timeout = random() % 2 == 0 ? base::Duration(1) : base::Duration(),
                            .restart = static_cast<Restart>(random() % 3),
                            .watchdog_after = random() % 2 == 0 ? base::Duration(1) : base::Duration()};
        const World world = begin(policy, {good, good, base, false, 0, {{3, true}}, {{4, true}}});
        const std::string broken = live(random, policy, world, bounds, steps);
        if (!broken.empty()) return "life " + std::to_string(life) + " of seed " + std::to_string(seed) + ": " + broken;
    }
    return "";
}

std::string live_long(const Policy& policy, unsigned seed) {
    const Bounds bounds{.offers = 1000, .restarts = 1000, .wishes = 1000, .failures = 30};
    std::mt19937 random(seed);
    World world = begin(policy, {{1, true}, {}, {1, true}, false, 0});
    std::string broken;
    for (int steps = 0; steps < 300 && broken.empty() && !world.finished; ++steps) {
        auto events = possible(world, policy, bounds);
        if (random() % 64 != 0) events.pop_back();  // ShutdownWanted is the last: rare, or lives are short
        const Event& event = events[random() % events.size()];
        broken = advance(world, event, policy, bounds).value_or("");
        if (broken.empty()) broken = settle(world, policy, bounds).value_or("");
    }
    return broken;
}

std::string name_of(const Event& event) {
    static const char* const kNames[] = {
        "Begun",        "Offered",        "Staged",    "Rejected",       "RestartWanted", "StopWanted",
        "StartWanted",  "RollbackWanted", "Spawned",   "SpawnFailed",    "Exited",        "Reloaded",
        "ReloadFailed", "ProbeUp",        "ProbeDown", "DeadlinePassed", "ShutdownWanted"};
    static_assert(std::size(kNames) == std::variant_size_v<Event>);
    return kNames[event.index()];
}

}  // namespace lifecycle_model

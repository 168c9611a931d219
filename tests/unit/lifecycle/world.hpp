// The surroundings of lifecycle::decide as a model: a process, a deadline, answers that are still to come. It carries
// out actions, knows which events can happen next, and holds every step against the invariants of docs/architecture.md.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lifecycle/decide.hpp"

namespace lifecycle_model {

struct World {
    lifecycle::State state;
    std::optional<lifecycle::Revision> child;      ///< The process, by what it was started with.
    std::optional<lifecycle::Revision> spawning;   ///< `Start` was ordered and not answered.
    std::optional<lifecycle::Revision> reloading;  ///< `Reload` was ordered and not answered.
    lifecycle::OfferId stage_ordered = 0;
    bool deadline = false;
    bool killed = false;
    bool finished = false;
    lifecycle::OfferId offers = 0;
    int restarts = 0;
    int wishes = 0;                ///< Of the operator: to stop, to start, to go back.
    std::set<std::uint64_t> good;  ///< Committed once.
    int rollbacks = 0;             ///< Since something was proven or offered.
    std::size_t ways = 0;
    std::map<lifecycle::OfferId, lifecycle::Fate> fates;
    std::map<lifecycle::OfferId, lifecycle::Revision> revision_of;

    std::string key() const;  ///< Equal for worlds that cannot be told apart.
};

struct Bounds {
    lifecycle::OfferId offers = 3;
    int restarts = 1;
    int wishes = 0;
    int failures = 3;  ///< More failures in a row behave as this many.
};

World begin(const lifecycle::Policy& policy, const lifecycle::Begun& begun);

/// Every event that can happen now.
std::vector<lifecycle::Event> possible(const World& world, const lifecycle::Policy& policy, const Bounds& bounds);

/// The event that well-behaved surroundings bring next, if they bring any: starts succeed, signals work, probes turn
/// up.
std::optional<lifecycle::Event> kind_event(const World& world, const lifecycle::Policy& policy);

/// Takes the step and carries out its actions. Returns the invariant that it breaks, or nothing.
std::optional<std::string> advance(World& world, const lifecycle::Event& event, const lifecycle::Policy& policy,
                                   const Bounds& bounds);

/// Well-behaved surroundings from here on: what is wrong where it comes to rest, or nothing.
std::optional<std::string> settle(World world, const lifecycle::Policy& policy, const Bounds& bounds);

/// `lives` from the same start, of `steps` events of all that can happen and then peace. The first invariant that is
/// broken, with the life that broke it; or nothing.
std::string live_many(unsigned seed, int lives, int steps);
/// One life of hundreds of events, at each of which peace may come.
std::string live_long(const lifecycle::Policy& policy, unsigned seed);

std::string name_of(const lifecycle::Event& event);

}  // namespace lifecycle_model

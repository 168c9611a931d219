// The server's offers between their arrival and their fate. Pure.
#pragma once

#include <map>
#include <string>

#include "lifecycle/decide.hpp"
#include "opamp/messages.hpp"

namespace supervisor {

/// By number, in the order of arrival. Only the newest of those that wait is ever tried, so a server that floods us
/// with them fills no memory.
class Offers {
public:
    /// Of an offer that is stored already; its number is the first.
    lifecycle::OfferId resume(std::string hash);
    lifecycle::OfferId add(opamp::RemoteConfig offer, const lifecycle::State& state);
    lifecycle::OfferId newest() const { return newest_; }

    /// What was added, once.
    opamp::RemoteConfig take(lifecycle::OfferId id);
    const std::string& hash_of(lifecycle::OfferId id) { return hashes_[id]; }

    /// How many are known.
    std::size_t size() const { return hashes_.size(); }

    /// What `state` no longer speaks of, and all that came to nothing before it was staged. Not in the middle of a
    /// step: its actions may speak of more.
    void forget_settled(const lifecycle::State& state);

private:
    lifecycle::OfferId newest_ = 0;
    std::map<lifecycle::OfferId, opamp::RemoteConfig> contents_;  ///< Not stored yet: at most three.
    std::map<lifecycle::OfferId, std::string> hashes_;
};

}  // namespace supervisor

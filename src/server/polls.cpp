#include "server/polls.hpp"

#include <algorithm>

namespace server {
namespace {

constexpr std::size_t kMostSenders = 4;  ///< Of one uid; what is older says nothing any more.

}  // namespace

void PollLink::heard(const opamp::AgentReport& report, std::string peer, Time now) {
    if (last_sequence_) interval = std::max<base::Duration>(interval, now - last_heard);
    last_heard = now;
    last_sequence_ = report.sequence_num;
    last_fingerprint_ = report.fingerprint;
    peer_ = std::move(peer);
}

bool PollLink::goes_on_with(const opamp::AgentReport& report) const {
    if (!last_sequence_) return false;
    const bool is_resent = *last_sequence_ == report.sequence_num && last_fingerprint_ == report.fingerprint;
    return is_resent || report.sequence_num == *last_sequence_ + 1;
}

Polls::Link Polls::sender_of(const opamp::AgentReport& report, const AgentLink* speaker, const std::string& peer,
                             Time now) {
    const auto [first, last] = links_.equal_range(report.instance_uid);
    Link found;
    for (auto entry = first; entry != last; ++entry) {
        const Link& link = entry->second;
        if (!link->goes_on_with(report)) continue;
        if (!found || found->peer() != peer || link->peer() == peer) found = link;  // the newest, or that of the peer
    }
    if (!found) {  // perhaps it begins to use the uid that it was assigned
        for (auto entry = links_.begin(); entry != links_.end() && !found; ++entry) {
            if (entry->second.get() != speaker || !entry->second->goes_on_with(report)) continue;
            found = entry->second;
            links_.erase(entry);
            links_.emplace(report.instance_uid, found);
            break;
        }
    }
    if (!found) {
        // Neither one that speaks for an agent, nor one whose request is being answered.
        const auto is_idle = [](const auto& entry) {
            return entry.second->agents.empty() && entry.second.use_count() == 1;
        };
        const auto idle = std::find_if(first, last, is_idle);
        if (links_.count(report.instance_uid) >= kMostSenders && idle != last) links_.erase(idle);
        found = std::make_shared<PollLink>(peer, now);
        links_.emplace(report.instance_uid, found);
    }
    found->heard(report, peer, now);
    return found;
}

void Polls::forget(const PollLink& link) {
    std::erase_if(links_, [&](const auto& entry) { return entry.second.get() == &link; });
}

std::vector<Polls::Link> Polls::all() const {
    std::vector<Link> links;
    for (const auto& [uid, link] : links_) links.push_back(link);
    return links;
}

}  // namespace server

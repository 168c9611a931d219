// Agents that poll over plain HTTP: what their requests have in common instead of a connection.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "opamp/convert.hpp"
#include "server/agent.hpp"

namespace server {

/// The polls of one agent, as told apart by their sequence numbers.
class PollLink : public AgentLink {
public:
    PollLink(std::string peer, Time now) : last_heard(now), peer_(std::move(peer)) {
        delivery = opamp::Delivery::polls;
    }
    void wake(const base::Uuid&) override {}  // it hears everything with the answer to its next poll
    void drop() override {}
    std::string peer() const override { return peer_; }
    void heard(const opamp::AgentReport& report, std::string peer, Time now);
    /// Whether the report is the next of these, or the last one again.
    bool goes_on_with(const opamp::AgentReport& report) const;

    Time last_heard;
    base::Duration interval{0};  ///< The longest time between two polls.
    bool was_replaced = false;   ///< Another sender speaks for the agent now.
    bool is_double = false;      ///< It is another agent than the first one with its instance_uid.

private:
    std::string peer_;
    std::optional<std::uint64_t> last_sequence_;
    std::size_t last_fingerprint_ = 0;
};

/// Every request may come over another TCP connection, and an agent may be restarted at any time. So a number that goes
/// on with an earlier one is the same agent, and any other number is a new sender. That one takes the agent's place; if
/// the first one then goes on, there are two of them.
class Polls {
public:
    using Link = std::shared_ptr<PollLink>;

    /// The sender of the report, known or new. `speaker` speaks for the agent with that uid now, or is null.
    Link sender_of(const opamp::AgentReport& report, const AgentLink* speaker, const std::string& peer, Time now);
    void forget(const PollLink& link);
    std::vector<Link> all() const;

private:
    std::multimap<base::Uuid, Link> links_;  ///< By the uid used last; newer ones behind.
};

}  // namespace server

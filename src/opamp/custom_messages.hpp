// Custom messages that wait to be sent, and the capabilities that allow them. Pure.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "opamp/messages.hpp"

namespace opamp {

/// Spec    "Custom Messages": a message may be sent only for a capability that both peers have announced, each in its
///         own list; a later list takes the place of an earlier one.
class CustomMessages {
public:
    static constexpr std::size_t kMostMessages = 16;
    static constexpr std::size_t kMostBytes = 1024 * 1024;

    /// What waits for a capability that a list no longer has is dropped.
    void set_ours(const std::vector<std::string>& capabilities);
    void set_servers(std::set<std::string, std::less<>> capabilities);
    /// A new connection: the server has announced nothing, and what waits goes on waiting.
    void forget_servers() { servers_.reset(); }

    bool is_ours(std::string_view capability) const { return ours_.find(capability) != ours_.end(); }

    /// False: not a capability of both peers, or too much is waiting.
    bool push(CustomMessage message);
    /// One can be sent now.
    bool is_ready() const { return servers_ && !waiting_.empty(); }
    CustomMessage pop();
    /// A message that `pop` gave was not delivered: it is first again.
    void put_back(CustomMessage message);

private:
    bool may_wait(std::string_view capability) const;
    void drop_what_may_not_wait();

    std::set<std::string, std::less<>> ours_;
    std::optional<std::set<std::string, std::less<>>> servers_;  ///< Nothing: not announced on this connection.
    std::deque<CustomMessage> waiting_;  ///< All of capabilities of ours, and of theirs if known.
    std::size_t waiting_bytes_ = 0;
};

}  // namespace opamp

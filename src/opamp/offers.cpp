#include "opamp/offers.hpp"

#include <string>
#include <utility>

#include "opamp/wire.hpp"

namespace opamp {
namespace {

/// Empties `part` if the agent has not announced that it accepts it.
template <typename Part>
void keep_if(bool is_accepted, const char* name, Part& part, Orders& orders) {
    if (is_accepted || part == Part{}) return;
    orders.ignored.push_back(std::string("connection_settings.") + name + ": not accepted by the settings");
    part = Part{};
}

}  // namespace

void take_remote_config(wire::pb::ServerToAgent& message, std::uint64_t capabilities, Orders& orders) {
    if (!message.has_remote_config()) return;
    if ((capabilities & kAcceptsRemoteConfig) == 0) {
        orders.ignored.push_back("remote_config: not accepted by the settings");
        return;
    }
    auto& offer = *message.mutable_remote_config();
    orders.remote_config =
        RemoteConfig{wire::take_files(*offer.mutable_config()), std::move(*offer.mutable_config_hash())};
}

void take_connection_settings(const wire::pb::ServerToAgent& message, std::uint64_t capabilities, Orders& orders) {
    if (!message.has_connection_settings()) return;
    ConnectionSettingsOffers offers = wire::from_wire(message.connection_settings());
    const auto has = [&](std::uint64_t bit) { return (capabilities & bit) != 0; };
    const std::size_t ignored = orders.ignored.size();
    keep_if(has(kAcceptsOpampConnectionSettings), "opamp", offers.opamp, orders);
    keep_if(has(kReportsOwnMetrics), "own_metrics", offers.own_metrics, orders);
    keep_if(has(kReportsOwnTraces), "own_traces", offers.own_traces, orders);
    keep_if(has(kReportsOwnLogs), "own_logs", offers.own_logs, orders);
    keep_if(has(kAcceptsOtherConnectionSettings), "other_connections", offers.other_connections, orders);

    const bool is_anything_left =
        offers.opamp || offers.own_metrics || offers.own_traces || offers.own_logs || !offers.other_connections.empty();
    // A hash without settings says that all of them stay as they are: an answer is expected as to any other offer.
    constexpr std::uint64_t kAny = kAcceptsOpampConnectionSettings | kAcceptsOtherConnectionSettings |
                                   kReportsOwnMetrics | kReportsOwnTraces | kReportsOwnLogs;
    const bool is_hash_alone = ignored == orders.ignored.size() && !offers.hash.empty();
    if (is_anything_left || (is_hash_alone && has(kAny)))
        orders.connection_settings = std::move(offers);
    else if (ignored == orders.ignored.size())
        orders.ignored.push_back("connection_settings: not accepted by the settings");
}

}  // namespace opamp

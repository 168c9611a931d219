// The parts of a report that are left out while they have not changed. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "opamp/messages.hpp"

namespace opamp {

/// The parts of an AgentToServer, and which of them the server has.
///
/// Spec    "Agent Status Compression".
class ReportParts {
public:
    explicit ReportParts(std::uint64_t capabilities);

    void set_description(const AgentDescription& description);
    void set_health(const ComponentHealth& health);
    void set_effective_config(EffectiveConfig config);
    void set_remote_config_status(const RemoteConfigStatus& status);
    void set_connection_settings_status(const ConnectionSettingsStatus& status);
    void set_custom_capabilities(const std::vector<std::string>& capabilities);
    void set_available_components(const Components& components);

    /// A new connection: the server has nothing, and has asked for nothing.
    void start_over();
    /// The server asked for the full state.
    void report_all();
    /// The server asked for the map of components: the next report has it. The hash alone is what it gets otherwise,
    /// also in a full report: the spec asks for that in the first one, and leaves open what "full" means of the map.
    void report_whole_components();

    /// `server_capabilities`: ServerCapability bits; 0 while it has not announced any, and then all are used.
    bool has_news(std::uint64_t server_capabilities) const;
    /// The same of all but health, and of health alone.
    bool has_news_beside_health(std::uint64_t server_capabilities) const;
    bool has_health_news(std::uint64_t server_capabilities) const;
    /// Whether what was appended last has health in it.
    bool had_health() const { return parts_[kHealth].size != 0; }
    /// What `append_news` would read: its `read` is better called beforehand, on another thread, for `have_read`.
    const EffectiveConfig* to_read(std::uint64_t server_capabilities) const;
    /// What `read` of the effective config with this hash has brought; kept until it is appended, or there is another.
    void have_read(const std::string& hash, std::optional<ConfigMap> files);
    /// Appends what is news, which from then on is none, and leaves `spare` bytes of room behind it.
    void append_news(std::string& message, std::uint64_t server_capabilities, std::size_t spare);

    /// What was appended last was not delivered: it is news again.
    void take_back();
    /// What was appended last is too large together: its largest part is given up until it changes or a full report is
    /// asked for, and the rest is news again. False, and all is news again, if no part has `least_bytes`.
    bool give_up_largest(std::size_t least_bytes);

private:
    struct Part {
        int field = 0;
        std::uint64_t capability = 0;         ///< Reported only with this bit of ours …
        std::uint64_t server_capability = 0;  ///< … and, once the server has announced any, this bit of its.
        std::string bytes;                    ///< As they are on the wire; the effective config has none here.
        std::string digest;
        std::string sent_digest;  ///< Of the bytes that the server has; empty: it has none.
        std::size_t size = 0;     ///< In the message composed last; 0: it is not in it.
    };
    enum Index {
        kDescription,
        kHealth,
        kEffectiveConfig,
        kRemoteConfigStatus,
        kCustomCapabilities,
        kAvailableComponents,
        kConnectionSettingsStatus,
        kCount
    };

    std::optional<ConfigMap> take_effective_config();
    void set(Index index, std::string bytes);
    bool is_whole(const Part& part) const;
    bool is_news(const Part& part, std::uint64_t server_capabilities) const;
    const std::string& bytes_of(const Part& part) const { return is_whole(part) ? whole_components_ : part.bytes; }

    std::uint64_t capabilities_;
    std::array<Part, kCount> parts_;
    EffectiveConfig effective_config_;
    struct ReadAhead {
        std::string hash;
        std::optional<ConfigMap> files;
    };
    std::optional<ReadAhead> read_ahead_;
    std::string whole_components_;
    bool wants_whole_components_ = false;
    bool had_whole_components_ = false;  ///< The message composed last.
    /// A list that was sent once has to be followed by the empty one; where there never was one, nothing is said.
    bool has_custom_capabilities_ = false;
    bool sent_custom_capabilities_ = false;
};

}  // namespace opamp

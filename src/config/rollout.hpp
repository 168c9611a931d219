// What is remembered of rollouts from one start of the daemon to the next. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace config {

/// The file `rollout` of an agent's folder.
struct Rollout {
    struct Failed {
        std::string remote_hash;  ///< Of the offer: it is not tried again.
        std::string reason;
        friend bool operator==(const Failed&, const Failed&) = default;
    };

    std::uint64_t candidate = 0;            ///< The revision that was started last without having proved good; 0: none.
    int starts = 0;                         ///< How often.
    std::vector<std::uint64_t> older_good;  ///< Revisions that were last-good before the present one, newest first.
    std::optional<std::uint64_t> serial;    ///< Of the signed config that was accepted last.
    std::string local_hash;                 ///< Of the local config that `failed` was tried with.
    std::vector<Failed> failed;             ///< The newest last.
    std::string own_telemetry{};            ///< Hash of the variables that each new config is given.

    const Failed* find_failed(std::string_view remote_hash) const;
    void remember_failed(std::string remote_hash, std::string reason);
    void forget_failed(std::string_view remote_hash);
    friend bool operator==(const Rollout&, const Rollout&) = default;
};

std::string format(const Rollout& rollout);
std::optional<Rollout> parse_rollout(std::string_view text);

}  // namespace config

#include "rules/admission.hpp"

#include <utility>

#include "base/files.hpp"

namespace rules {
namespace {

constexpr std::uint64_t kMostKeyBytes = 1u << 20;

base::Result<std::vector<config::PublicKey>> read_keys(const std::filesystem::path& file) {
    auto text = base::read_file(file, kMostKeyBytes);
    if (!text) return std::move(text).error();
    auto keys = config::parse_public_keys(*text);
    if (!keys) return std::move(keys).error().within("'" + file.string() + "'");
    return keys;
}

}  // namespace

base::Result<config::Admission> read_admission(const settings::Agent& agent) {
    const settings::RemoteConfig& from = agent.remote_config;
    config::Admission rules;
    rules.policy = {from.allowed_keys, from.denied_keys, from.allowed_entries, from.allowed_content_types,
                    from.max_size};
    if (auto fine = config::check_patterns(rules.policy); !fine)
        return std::move(fine).error().within("agent '" + agent.name + "': remote_config");
    rules.require_signature = from.require_signature;
    for (const auto& file : from.public_keys) {
        auto keys = read_keys(file);
        if (!keys) return std::move(keys).error().within("agent '" + agent.name + "': remote_config.public_keys");
        rules.keys.insert(rules.keys.end(), keys->begin(), keys->end());
    }
    return rules;
}

std::optional<config::Redactor> redactor_of(const settings::Agent& agent) {
    if (!agent.redaction.enabled) return std::nullopt;
    auto patterns = config::default_patterns();
    patterns.insert(patterns.end(), agent.redaction.keys.begin(), agent.redaction.keys.end());
    return config::Redactor(std::move(patterns));
}

}  // namespace rules

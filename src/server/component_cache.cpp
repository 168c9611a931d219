#include "server/component_cache.hpp"

namespace server {

std::uint64_t bytes_of(const opamp::Attributes& attributes) {
    std::uint64_t bytes = 0;
    for (const auto& [key, value] : attributes) bytes += key.size() + value.size() + sizeof(attributes[0]);
    return bytes;
}

std::uint64_t bytes_of(const opamp::Components& components) {
    constexpr std::uint64_t kNode = 128;
    std::uint64_t bytes = 0;
    for (const auto& [name, component] : components)
        bytes += kNode + name.size() + bytes_of(component.metadata) + bytes_of(component.parts);
    return bytes;
}

void ComponentCache::complete(std::optional<opamp::AvailableComponents>& reported) {
    if (!reported || reported->hash.empty()) return;
    if (reported->components) return remember(*reported);
    if (const auto found = known_.find(reported->hash); found != known_.end())
        reported->components = found->second.components;
}

void ComponentCache::remember(const opamp::AvailableComponents& reported) {
    const std::uint64_t bytes = reported.hash.size() + bytes_of(*reported.components);
    if (known_.contains(reported.hash) || bytes > most_bytes_) return;
    while (bytes_ + bytes > most_bytes_) {
        const auto oldest = known_.find(by_age_.front());
        bytes_ -= oldest->second.bytes;
        known_.erase(oldest);
        by_age_.pop_front();
    }
    known_[reported.hash] = {*reported.components, bytes};
    by_age_.push_back(reported.hash);
    bytes_ += bytes;
}

}  // namespace server

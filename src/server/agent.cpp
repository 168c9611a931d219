#include "server/agent.hpp"

#include "server/component_cache.hpp"

namespace server {
namespace {

using server::bytes_of;

std::uint64_t bytes_of(const opamp::ComponentHealth& health) {
    std::uint64_t bytes = sizeof health + health.last_error.size() + health.status.size();
    for (const auto& [name, component] : health.components) bytes += name.size() + bytes_of(component);
    return bytes;
}

std::uint64_t bytes_of(const opamp::AgentState& state) {
    std::uint64_t bytes = 0;
    if (state.description)
        bytes += bytes_of(state.description->identifying) + bytes_of(state.description->non_identifying);
    if (state.health) bytes += bytes_of(*state.health);
    if (state.effective_config)
        for (const auto& [name, file] : *state.effective_config)
            bytes += name.size() + file.body.size() + file.content_type.size() + 128;
    if (state.remote_config_status)
        bytes += state.remote_config_status->hash.size() + state.remote_config_status->error_message.size();
    if (state.connection_settings_status)
        bytes += state.connection_settings_status->hash.size() + state.connection_settings_status->error_message.size();
    if (state.custom_capabilities)
        for (const std::string& capability : *state.custom_capabilities) bytes += capability.size() + sizeof capability;
    if (state.available_components && state.available_components->components)
        bytes += bytes_of(*state.available_components->components);
    return bytes;
}

}  // namespace

std::string_view Agent::attribute(std::string_view key) const {
    if (!session.state().description) return {};
    for (const opamp::Attributes* list :
         {&session.state().description->identifying, &session.state().description->non_identifying})
        for (const auto& [name, value] : *list)
            if (name == key) return value;
    return {};
}

std::string_view Agent::name() const {
    return attribute("service.name");
}

std::uint64_t Agent::reported_bytes() const {
    return bytes_of(session.state());
}

}  // namespace server

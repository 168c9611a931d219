#include "settings/keys.hpp"

#include <algorithm>
#include <vector>

#include "settings/key_tables.hpp"

namespace settings {
namespace {

/// In the order of the reference.
template <typename T>
std::vector<T> joined(std::span<const T> KeyTable::*part) {
    std::vector<T> all;
    for (const KeyTable& table : {server_keys(), agent_keys(), agent_process_keys(), agent_output_keys(),
                                  agent_privileges_keys(), agent_cgroup_keys(), agent_health_keys(), daemon_keys()})
        all.insert(all.end(), (table.*part).begin(), (table.*part).end());
    return all;
}

}  // namespace

std::span<const Key> keys() {
    static const auto all = joined(&KeyTable::keys);
    return all;
}
std::span<const Section> sections() {
    static const auto all = joined(&KeyTable::sections);
    return all;
}

const Key* find_key(std::string_view name) {
    const auto found = std::ranges::find(keys(), name, &Key::name);
    return found == keys().end() ? nullptr : &*found;
}

std::string_view section_of(std::string_view key) {
    const auto dot = key.rfind('.');
    return dot == std::string_view::npos ? std::string_view() : key.substr(0, dot);
}

}  // namespace settings

// The one table of keys: read by the parser, the checks, the suggestions and the reference page.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "settings/environment.hpp"
#include "settings/settings.hpp"

namespace settings {

/// What a key writes to: the settings, and for keys of an agent or a custom capability the one
/// that is being read.
struct Target {
    Settings& settings;
    Agent& agent;
    CustomCapability& capability;
};

/// The type of a key is the type of its field, the default is the field's initial value.
template <typename T>
using Access = T& (*)(Target);
using Field = std::variant<std::monostate,  // a section that the parser knows
                           Access<std::string>, Access<std::filesystem::path>, Access<bool>, Access<Duration>,
                           Access<std::uint64_t>,  // a size in bytes
                           Access<std::vector<std::string>>, Access<std::vector<std::filesystem::path>>,
                           Access<TextMap>, Access<Headers>, Access<int>,  // a signal
                           Access<unsigned>,                               // a count
                           Access<ConfigFormat>, Access<ConfigLayout>, Access<ProbeType>, Access<RestartPolicy>,
                           Access<TelemetryDelivery>, Access<OutputDestination>, Access<Compression>,
                           Access<base::log::Level>, Access<base::log::Format>>;

/// One text of a key: the value itself, or one of its items or entries.
struct Item {
    std::string_view name;  ///< Of an entry of a map.
    std::string& text;      ///< A check may normalise it: relative paths become absolute.
};
/// What is wrong, to follow the value: "does not exist". Nothing if all is well.
using Check = std::optional<std::string> (*)(Item item, const Environment& environment);

enum class Need { optional, required };
enum class Privacy { open, secret };  ///< The values of a secret key are never shown.

struct Key {
    std::string_view name = {};  ///< "agent.…" stands for "agents.NAME.…" too.
    std::string_view meaning = {};
    Field field = {};
    Check check = nullptr;
    Need need = Need::optional;
    Privacy privacy = Privacy::open;
    Duration at_least = std::chrono::milliseconds(1);  ///< For durations.
    std::string_view default_text = {};                ///< For the reference, where the field's value does not say it.
};

/// An introduction to the keys that begin with `name`.
struct Section {
    std::string_view name;
    std::string_view meaning;
};

std::span<const Key> keys();
std::span<const Section> sections();
const Key* find_key(std::string_view name);
/// "agent.restart" of "agent.restart.max_backoff".
std::string_view section_of(std::string_view key);

}  // namespace settings

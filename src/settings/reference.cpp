#include "settings/reference.hpp"

#include <type_traits>

#include "settings/command_line.hpp"
#include "settings/keys.hpp"
#include "settings/scalar.hpp"

namespace settings {
namespace {

constexpr std::string_view kBeginning = R"(# Settings

<!-- Made from the table of keys in src/settings/keys_*.cpp. Change it there; then run the unit tests with OPAMPD_UPDATE_DOCS=1. -->

`opampd --config FILE` reads one YAML file. This is enough:

```yaml
server:
  endpoint: ws://127.0.0.1:4320/v1/opamp
agent:
  executable: ./demo-service
```

`opampd --config FILE --check` says what the daemon would do, or everything that is wrong, one line each:

```
opampd.yaml:7: agent.stop_timeout: '10' is not a duration (write 500ms, 10s or 5m)
```

Keys are case-sensitive. A key that is unknown or given twice is a mistake; one without a value (`args:`) has its default.
The type of a key decides how its text is read, quotes make no difference: `args: [8080, true]` are the two texts `8080` and
`true`. Where a list is wanted, a single text is a list of one. Durations have a unit: `500ms`, `10s`, `1m30s`. Paths are
relative to opampd's own working directory, unless their key says otherwise. Anchors, aliases and merge keys (`<<: *base`)
work.
)";

constexpr std::string_view kExpansion = R"(
## Variables and files in values

| Written | Becomes |
|---|---|
| `${X}`, `${env:X}` | the environment variable X. Not set: a mistake. Set but empty: empty |
| `${env:X:-text}`, `${X:-text}` | the same, or `text` when X is not set |
| `${file:PATH}` | the content of the file, without the line end at its end |
| `$$` | `$`; so `$${X}` is the text `${X}` |
| `$X` | itself: without braces nothing is expanded |

- A value that is one such reference and nothing else is read as YAML: `accepts_remote_config: ${env:REMOTE}` may become
  `false`, `args: ${env:ARGS}` a list, `env: ${file:env.yaml}` a map. Keys that take text get the text as it is.
- Within a longer text, the reference is replaced by text: `endpoint: wss://${env:HOST}/v1/opamp`.
- What comes in is expanded by the same rules, and references may stand in references: `${env:URL_${env:STAGE}}`. One value
  may have 1000 of them.
- Names of keys are never expanded.
- Expanded values do not appear in messages, nor in what `--check` prints of arguments.
)";

constexpr std::string_view kPlaceholdersTitle = R"(
## Placeholders in arguments and commands

| Written | Becomes |
|---|---|
)";

constexpr std::string_view kEnding = R"(
Without `args` the agent is started as `EXECUTABLE --config PATH`, with the path of its effective config. All other braces
stay as they are, but for the parameters of a preset ([presets.md](presets.md)), which are filled in first. YAML wants quotes
around a brace in front: `args: ["{config}"]`.
)";

std::string code(const std::string& text) {
    return "`" + text + "`";
}

template <typename T>
std::string default_of(const T& value) {
    const std::string text = as_text(value);
    return text.empty() ? "none" : code(text);
}
template <typename T>
std::string default_of(const std::vector<T>& list) {
    std::string text;
    for (const T& item : list) {
        const std::string one = as_text(item);
        text += (text.empty() ? "" : ", ") + (one.starts_with('{') ? "\"" + one + "\"" : one);
    }
    return text.empty() ? "none" : code("[" + text + "]");
}
std::string default_of(const TextMap&) {
    return "none";
}
std::string default_of(const Headers&) {
    return "none";
}

template <typename T>
std::string type_text(const T& value) {
    if constexpr (std::is_same_v<T, Duration>)
        return "a duration";
    else if constexpr (std::is_same_v<T, std::uint64_t>)
        return "a size";
    else if constexpr (std::is_same_v<T, int>)
        return "a signal";
    else
        return type_of(value);
}
template <typename T>
std::string type_text(const std::vector<T>&) {
    return std::is_same_v<T, std::string> ? "a list of texts" : "a list of paths";
}
std::string type_text(const TextMap&) {
    return "a map of names and texts";
}
std::string type_text(const Headers&) {
    return "a map of names and texts, or lists of them";
}

std::string row(const Key& key) {
    Settings settings;
    Agent agent;
    CustomCapability capability;
    const Target target{settings, agent, capability, agent.health};
    std::string type = key.name == "agents" ? "a map of names and agents" : "a map of names and sections";
    std::string initial = "none";
    std::visit(
        [&](auto access) {
            if constexpr (!std::is_same_v<decltype(access), std::monostate>) {
                type = type_text(access(target));
                initial = default_of(access(target));
            }
        },
        key.field);
    if (!key.default_text.empty()) initial = key.default_text;
    if (key.need == Need::required) initial = "**required**";
    return "| `" + std::string(key.name) + "` | " + type + " | " + initial + " | " + std::string(key.meaning) + " |\n";
}

/// Keys of the top level stand with the first section that their name begins with.
bool belongs(const Key& key, const Section& section) {
    return section_of(key.name) == section.name || (key.name == "agents" && section.name == "agent");
}

}  // namespace

std::string reference_page() {
    std::string page(kBeginning);
    for (const Section& section : sections()) {
        page += "\n## `" + std::string(section.name) + "`\n\n" + std::string(section.meaning) + "\n\n";
        page += "| Key | Type | Default | Meaning |\n|---|---|---|---|\n";
        for (const Key& key : keys())
            if (belongs(key, section)) page += row(key);
    }
    page += kExpansion;
    page += kPlaceholdersTitle;
    for (const Placeholder& placeholder : settings::kPlaceholders)
        page += "| " + code(std::string(placeholder.name)) + " | " + std::string(placeholder.meaning) + " |\n";
    for (const Placeholder& placeholder : {settings::kExecutablePlaceholder, settings::kPidPlaceholder})
        page += "| " + code(std::string(placeholder.name)) + " | " + std::string(placeholder.meaning) + " |\n";
    return page + std::string(kEnding);
}

}  // namespace settings

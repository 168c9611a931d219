#include "settings/scalar.hpp"

#include <vector>

#include "base/number.hpp"
#include "settings/signal_name.hpp"

namespace settings {
namespace {

/// One name of a value; the first name of a value is the one to write.
template <typename E>
struct Choice {
    std::string_view name;
    E value;
};

constexpr Choice<bool> kBools[] = {{"true", true},   {"false", false}, {"True", true},
                                   {"False", false}, {"TRUE", true},   {"FALSE", false}};
constexpr Choice<ConfigFormat> kConfigFormats[] = {
    {"auto", ConfigFormat::automatic}, {"yaml", ConfigFormat::yaml}, {"raw", ConfigFormat::raw}};
constexpr Choice<ConfigLayout> kLayouts[] = {{"merged", ConfigLayout::merged}, {"folder", ConfigLayout::folder}};
constexpr Choice<RestartPolicy> kRestarts[] = {
    {"always", RestartPolicy::always}, {"on-failure", RestartPolicy::on_failure}, {"never", RestartPolicy::never}};
constexpr Choice<ProbeType> kProbeTypes[] = {{"process", ProbeType::process}, {"http", ProbeType::http},
                                             {"tcp", ProbeType::tcp},         {"unix", ProbeType::unix_socket},
                                             {"command", ProbeType::command}, {"file", ProbeType::file},
                                             {"notify", ProbeType::notify}};
constexpr Choice<TelemetryDelivery> kDeliveries[] = {{"none", TelemetryDelivery::none},
                                                     {"environment", TelemetryDelivery::environment},
                                                     {"file", TelemetryDelivery::file}};
constexpr Choice<CredentialsDelivery> kCredentials[] = {{"folder", CredentialsDelivery::folder},
                                                        {"descriptor", CredentialsDelivery::descriptor}};
constexpr Choice<OutputDestination> kDestinations[] = {{"file", OutputDestination::file},
                                                       {"log", OutputDestination::log},
                                                       {"journal", OutputDestination::journal},
                                                       {"none", OutputDestination::none}};
constexpr Choice<Compression> kCompressions[] = {{"none", Compression::none}, {"gzip", Compression::gzip}};
constexpr Choice<base::log::Level> kLevels[] = {{"debug", base::log::Level::debug},
                                                {"info", base::log::Level::info},
                                                {"warning", base::log::Level::warning},
                                                {"error", base::log::Level::error},
                                                {"warn", base::log::Level::warning}};
constexpr Choice<base::log::Format> kFormats[] = {{"logfmt", base::log::Format::logfmt},
                                                  {"json", base::log::Format::json}};

template <typename E, std::size_t N>
std::string name_of(E value, const Choice<E> (&choices)[N]) {
    for (const auto& choice : choices)
        if (choice.value == value) return std::string(choice.name);
    return {};
}

/// "auto, yaml or raw".
template <typename E, std::size_t N>
std::string names_of(const Choice<E> (&choices)[N]) {
    std::vector<std::string_view> names;
    for (const auto& choice : choices)
        if (name_of(choice.value, choices) == choice.name) names.push_back(choice.name);
    std::string text(names.front());
    for (std::size_t i = 1; i < names.size(); ++i)
        text += std::string(i + 1 == names.size() ? " or " : ", ").append(names[i]);
    return text;
}

template <typename E, std::size_t N>
std::optional<std::string> choose(const std::string& text, E& value, const Choice<E> (&choices)[N]) {
    for (const auto& choice : choices) {
        if (choice.name != text) continue;
        value = choice.value;
        return std::nullopt;
    }
    return "is not known here (write " + names_of(choices) + ")";
}

}  // namespace

std::optional<std::string> from_text(const std::string& text, std::string& value) {
    value = text;
    return std::nullopt;
}

std::optional<std::string> from_text(const std::string& text, std::filesystem::path& value) {
    value = text;
    return std::nullopt;
}

std::optional<std::string> from_text(const std::string& text, bool& value) {
    if (choose(text, value, kBools)) return "is not true or false (write one of the two)";
    return std::nullopt;
}

std::optional<std::string> from_text(const std::string& text, Duration& value) {
    const auto duration = base::parse_duration(text);
    if (!duration) return "is not a duration (write 500ms, 10s or 5m)";
    value = *duration;
    return std::nullopt;
}

std::optional<std::string> from_text(const std::string& text, std::uint64_t& value) {
    const auto size = base::parse_size(text);
    if (!size) return "is not a size (write 64KiB, 16MiB or a number of bytes)";
    value = *size;
    return std::nullopt;
}

std::optional<std::string> from_text(const std::string& text, int& value) {
    const auto number = parse_signal(text);
    if (!number) return "is not a signal (write a name such as SIGTERM, or its number)";
    value = *number;
    return std::nullopt;
}

std::optional<std::string> from_text(const std::string& text, unsigned& value) {
    constexpr unsigned kMost = 1000;
    const auto number = base::parse_number<unsigned>(text);
    if (!number || *number < 1 || *number > kMost) return "is not a number from 1 to " + std::to_string(kMost);
    value = *number;
    return std::nullopt;
}

std::optional<std::string> from_text(const std::string& text, ConfigFormat& value) {
    return choose(text, value, kConfigFormats);
}
std::optional<std::string> from_text(const std::string& text, ConfigLayout& value) {
    return choose(text, value, kLayouts);
}
std::optional<std::string> from_text(const std::string& text, RestartPolicy& value) {
    return choose(text, value, kRestarts);
}
std::optional<std::string> from_text(const std::string& text, ProbeType& value) {
    return choose(text, value, kProbeTypes);
}
std::optional<std::string> from_text(const std::string& text, TelemetryDelivery& value) {
    return choose(text, value, kDeliveries);
}
std::optional<std::string> from_text(const std::string& text, CredentialsDelivery& value) {
    return choose(text, value, kCredentials);
}
std::optional<std::string> from_text(const std::string& text, OutputDestination& value) {
    return choose(text, value, kDestinations);
}
std::optional<std::string> from_text(const std::string& text, Compression& value) {
    return choose(text, value, kCompressions);
}
std::optional<std::string> from_text(const std::string& text, base::log::Level& value) {
    return choose(text, value, kLevels);
}
std::optional<std::string> from_text(const std::string& text, base::log::Format& value) {
    return choose(text, value, kFormats);
}

std::string as_text(const std::string& value) {
    return value;
}
std::string as_text(const std::filesystem::path& value) {
    return value.string();
}
std::string as_text(bool value) {
    return name_of(value, kBools);
}
std::string as_text(Duration value) {
    return base::format_duration(value);
}
std::string as_text(std::uint64_t value) {
    return base::format_size(value);
}
std::string as_text(int value) {
    return signal_name(value);
}
std::string as_text(unsigned value) {
    return std::to_string(value);
}
std::string as_text(ConfigFormat value) {
    return name_of(value, kConfigFormats);
}
std::string as_text(ConfigLayout value) {
    return name_of(value, kLayouts);
}
std::string as_text(RestartPolicy value) {
    return name_of(value, kRestarts);
}
std::string as_text(ProbeType value) {
    return name_of(value, kProbeTypes);
}
std::string as_text(TelemetryDelivery value) {
    return name_of(value, kDeliveries);
}
std::string as_text(CredentialsDelivery value) {
    return name_of(value, kCredentials);
}
std::string as_text(OutputDestination value) {
    return name_of(value, kDestinations);
}
std::string as_text(Compression value) {
    return name_of(value, kCompressions);
}
std::string as_text(base::log::Level value) {
    return name_of(value, kLevels);
}
std::string as_text(base::log::Format value) {
    return name_of(value, kFormats);
}

std::string type_of(const std::string&) {
    return "text";
}
std::string type_of(const std::filesystem::path&) {
    return "a path";
}
std::string type_of(bool) {
    return "true or false";
}
std::string type_of(Duration) {
    return "a duration, such as 10s";
}
std::string type_of(std::uint64_t) {
    return "a size, such as 64MiB";
}
std::string type_of(int) {
    return "a signal, such as SIGTERM";
}
std::string type_of(unsigned) {
    return "a number";
}
std::string type_of(ConfigFormat) {
    return names_of(kConfigFormats);
}
std::string type_of(ConfigLayout) {
    return names_of(kLayouts);
}
std::string type_of(RestartPolicy) {
    return names_of(kRestarts);
}
std::string type_of(ProbeType) {
    return names_of(kProbeTypes);
}
std::string type_of(TelemetryDelivery) {
    return names_of(kDeliveries);
}
std::string type_of(CredentialsDelivery) {
    return names_of(kCredentials);
}
std::string type_of(OutputDestination) {
    return names_of(kDestinations);
}
std::string type_of(Compression) {
    return names_of(kCompressions);
}
std::string type_of(base::log::Level) {
    return names_of(kLevels);
}
std::string type_of(base::log::Format) {
    return names_of(kFormats);
}

}  // namespace settings

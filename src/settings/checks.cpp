#include "settings/checks.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <csignal>

#include "base/address.hpp"
#include "base/number.hpp"
#include "base/units.hpp"
#include "base/uuid.hpp"
#include "settings/command_line.hpp"
#include "settings/signal_name.hpp"
#include "settings/stop_steps.hpp"
#include "telemetry/sampler.hpp"

namespace settings {
namespace {

constexpr std::uint64_t kMostOutput = 16u << 20;
constexpr std::size_t kLongestCapabilityName = 255;
constexpr std::size_t kLongestPlainName = 64;

std::string lower_case(std::string_view text) {
    std::string lower;
    for (const char c : text) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return lower;
}

/// RFC 9110, 5.6.2.
bool is_token(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 ||
               std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
    });
}

/// What the WebSocket client writes itself; a second one would break the request.
bool is_reserved_header(std::string_view name) {
    const std::string lower = lower_case(name);
    constexpr std::array kReserved{"host", "connection", "upgrade", "content-length", "transfer-encoding"};
    return std::find(kReserved.begin(), kReserved.end(), lower) != kReserved.end() ||
           lower.starts_with("sec-websocket-");
}

bool has_control_character(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7F; });
}

}  // namespace

Complaint not_empty(Item item, const Environment&) {
    if (item.text.empty()) return "is empty (leave the key out, or give it a value)";
    return std::nullopt;
}

Complaint http_header(Item item, const Environment&) {
    if (!is_token(item.name)) return "is not the name of an HTTP header (letters, digits and -)";
    if (is_reserved_header(item.name)) return "is a header that opampd sets itself (remove it)";
    if (has_control_character(item.text))
        return "has a line break or another control character in its value (remove it)";
    return std::nullopt;
}

Complaint variable(Item item, const Environment&) {
    if (item.name.empty() || item.name.find_first_of(std::string_view("=\0", 2)) != std::string_view::npos)
        return "is not the name of an environment variable (write NAME: VALUE)";
    return std::nullopt;
}

Complaint attribute(Item item, const Environment&) {
    if (item.name.empty()) return "has no name (write NAME: VALUE)";
    return std::nullopt;
}

Complaint preset_name(Item item, const Environment&) {
    if (!is_plain_name(item.text))
        return "is not a name for a preset (letters, digits, '.', '_' and '-', no dot in front, at most 64)";
    return std::nullopt;
}

Complaint parameter(Item item, const Environment&) {
    const bool is_word = std::all_of(item.name.begin(), item.name.end(),
                                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
    if (item.name.empty() || !is_word) return "is not a name for a parameter (letters, digits and _)";
    std::vector<Placeholder> taken(std::begin(kPlaceholders), std::end(kPlaceholders));
    taken.insert(taken.end(), {kExecutablePlaceholder, kPidPlaceholder});
    for (const Placeholder& own : taken)
        if (own.name.substr(1, own.name.size() - 2) == item.name)
            return "is the name of a placeholder of opampd's own (give another one)";
    return std::nullopt;
}

Complaint uuid(Item item, const Environment&) {
    const auto id = base::Uuid::parse(item.text);
    if (!id) return "is not a UUID (write one like 01890a5d-ac96-774b-bcce-b302099a8057, or leave the key out)";
    item.text = id->text();
    return std::nullopt;
}

Complaint reload_signal(Item item, const Environment&) {
    const auto number = parse_signal(item.text);
    for (const int fatal : {SIGKILL, SIGSTOP})
        if (number == fatal) return "cannot be handled by a process (write SIGHUP, SIGUSR1 or none)";
    return std::nullopt;
}

Complaint stop_step(Item item, const Environment& environment) {
    const auto step = parse_stop_step(item.text);
    if (!step) return "is not a signal and a time (write SIGTERM 10s)";
    std::string signal = item.text.substr(0, item.text.find(' '));
    return ending_signal({"", signal}, environment);
}

Complaint ending_signal(Item item, const Environment&) {
    const auto number = parse_signal(item.text);
    if (number == 0) return "ends no process (write SIGTERM, SIGINT or SIGQUIT)";
    for (const int suspending : {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU})
        if (number == suspending) return "suspends a process instead of ending it (write SIGTERM, SIGINT or SIGQUIT)";
    return std::nullopt;
}

Complaint sampler(Item item, const Environment&) {
    const auto parsed = telemetry::parse_sampler(item.text);
    if (!parsed) return "is no sampler: " + parsed.error().text();
    return std::nullopt;
}

Complaint listen_address(Item item, const Environment&) {
    if (base::parse_address(item.text)) return std::nullopt;
    return "is not an address and a port (write 127.0.0.1:13134 or [::1]:13134)";
}

std::optional<Statuses> parse_statuses(std::string_view text) {
    const std::size_t dash = std::min(text.find('-'), text.size());
    const auto first = base::parse_number<unsigned>(text.substr(0, dash));
    const auto last = dash == text.size() ? first : base::parse_number<unsigned>(text.substr(dash + 1));
    if (!first || !last || *first < 100 || *last > 599 || *first > *last) return std::nullopt;
    return Statuses{*first, *last};
}

Complaint status_range(Item item, const Environment&) {
    if (!parse_statuses(item.text)) return "is no HTTP status and no range of them (write 401 or 200-299)";
    return std::nullopt;
}

/// Protobuf counts in int, and a message is copied now and then.
Complaint message_size(Item item, const Environment&) {
    constexpr std::uint64_t kLeast = 1u << 10, kMost = 1u << 30;
    const auto bytes = base::parse_size(item.text);
    if (bytes && *bytes < kLeast) return "is too small (at least 1KiB)";
    if (bytes && *bytes > kMost) return "is too large (at most 1GiB)";
    return std::nullopt;
}

Complaint tls_version(Item item, const Environment&) {
    if (item.text != "1.2" && item.text != "1.3") return "is not a TLS version that opampd speaks (write 1.2 or 1.3)";
    return std::nullopt;
}

Complaint output_size(Item item, const Environment&) {
    const auto bytes = base::parse_size(item.text);
    if (bytes && (*bytes < 1 || *bytes > kMostOutput)) return "is not between 1 and 16MiB";
    return std::nullopt;
}

bool is_plain_name(std::string_view name) {
    const auto fits = [](unsigned char c) {
        return std::isalnum(c) != 0 || std::string_view("._-").find(static_cast<char>(c)) != std::string_view::npos;
    };
    return !name.empty() && name.size() <= kLongestPlainName && name[0] != '.' &&
           std::all_of(name.begin(), name.end(), fits);
}

bool is_capability_name(std::string_view name) {
    const std::size_t slash = std::min(name.find('/'), name.size());
    const std::string_view version = name.substr(slash);
    const auto is_label = [](std::string_view label) {
        return !label.empty() && label.front() != '-' && label.back() != '-' &&
               std::all_of(label.begin(), label.end(),
                           [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
    };
    int labels = 0;
    for (std::string_view rest = name.substr(0, slash);; ++labels) {
        const std::size_t dot = std::min(rest.find('.'), rest.size());
        if (!is_label(rest.substr(0, dot))) return false;
        if (dot == rest.size()) break;
        rest.remove_prefix(dot + 1);
    }
    // Two labels of a domain, and the short name.
    return labels >= 2 && name.size() <= kLongestCapabilityName &&
           (version.empty() || (version.size() > 1 && is_token(version.substr(1))));
}

Complaint token_parameter(Item item, const Environment&) {
    for (const std::string_view own : {"grant_type", "scope", "client_id", "client_secret"})
        if (item.name == own) return "is a parameter that opampd sets itself (remove it)";
    if (item.name.empty()) return "has no name (write NAME: VALUE)";
    return std::nullopt;
}

Complaint pem_certificate(Item item, const Environment&) {
    if (item.text.find("-----BEGIN CERTIFICATE-----") == std::string::npos)
        return "has no PEM certificate in it (write the text that begins with -----BEGIN CERTIFICATE-----)";
    return std::nullopt;
}

}  // namespace settings

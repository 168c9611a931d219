#include "settings/signal_name.hpp"
#include "base/number.hpp"

#include <cctype>
#include <csignal>
#include <cstring>

namespace settings {
namespace {

constexpr std::string_view kNone = "NONE";

/// The C library keeps the numbers between the standard and the real-time signals for itself.
bool is_signal(int number) {
    return (number >= 1 && sigabbrev_np(number) != nullptr) || (number >= SIGRTMIN && number <= SIGRTMAX);
}

std::optional<int> parse_named(std::string_view name) {
    for (int number = 1; number < SIGRTMIN; ++number)
        if (const char* known = sigabbrev_np(number); known && name == known) return number;
    if (name == "RTMIN") return SIGRTMIN;
    if (name.starts_with("RTMIN+"))
        if (const auto offset = base::parse_number<int>(name.substr(6)); offset && *offset <= SIGRTMAX - SIGRTMIN)
            return SIGRTMIN + *offset;
    return std::nullopt;
}

}  // namespace

std::optional<int> parse_signal(std::string_view text) {
    std::string upper;
    for (const char c : text) upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    std::string_view name = upper;
    if (name == kNone) return 0;
    auto number = base::parse_number<int>(name);
    if (!number) {
        if (name.starts_with("SIG")) name.remove_prefix(3);
        number = parse_named(name);
    }
    return number && is_signal(*number) ? number : std::nullopt;
}

std::string signal_name(int number) {
    if (number == 0) return "none";
    if (const char* name = sigabbrev_np(number)) return "SIG" + std::string(name);
    if (number >= SIGRTMIN && number <= SIGRTMAX) return "SIGRTMIN+" + std::to_string(number - SIGRTMIN);
    return std::to_string(number);
}

}  // namespace settings

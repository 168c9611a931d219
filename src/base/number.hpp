// Numbers as text.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace base {

/// Of all of `text`: decimal digits, with a minus in front where the type has a sign; for fractions also with a point
/// and an exponent. Nothing if it is anything else.
template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace base

// Attributes of spans, log records, metrics and resources: names of OpenTelemetry's semantic conventions, and values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace telemetry {

using Value = std::variant<std::string, bool, std::int64_t, double>;
using Attribute = std::pair<std::string, Value>;
/// In the order in which they were set; a name is there once.
using Attributes = std::vector<Attribute>;

/// Whatever a caller has, as a value: whole numbers become int64, texts are copied.
template <typename T>
Value to_value(T&& from) {
    using Plain = std::remove_cvref_t<T>;
    if constexpr (std::is_same_v<Plain, bool>)
        return from;
    else if constexpr (std::is_integral_v<Plain>)
        return static_cast<std::int64_t>(from);
    else if constexpr (std::is_floating_point_v<Plain>)
        return static_cast<double>(from);
    else
        return Value(std::in_place_type<std::string>, std::forward<T>(from));
}

/// The value of `name` is `value` from now on.
void set(Attributes& attributes, std::string_view name, Value value);
/// Nothing if there is none of that name.
const Value* find(const Attributes& attributes, std::string_view name);

}  // namespace telemetry

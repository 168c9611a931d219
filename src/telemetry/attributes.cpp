#include "telemetry/attributes.hpp"

#include <algorithm>

namespace telemetry {

void set(Attributes& attributes, std::string_view name, Value value) {
    const auto known = std::ranges::find(attributes, name, &Attribute::first);
    if (known != attributes.end())
        known->second = std::move(value);
    else
        attributes.emplace_back(name, std::move(value));
}

const Value* find(const Attributes& attributes, std::string_view name) {
    const auto known = std::ranges::find(attributes, name, &Attribute::first);
    return known == attributes.end() ? nullptr : &known->second;
}

}  // namespace telemetry

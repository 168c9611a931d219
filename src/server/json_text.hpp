// JSON put together as text, for answers that are made of many rows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/units.hpp"

namespace server {

class JsonObject {
public:
    JsonObject& text(std::string_view name, std::string_view value) { return json(name, base::json_string(value)); }
    JsonObject& number(std::string_view name, std::int64_t value) { return json(name, std::to_string(value)); }
    /// Nanoseconds since the epoch, told to the microsecond.
    JsonObject& time(std::string_view name, std::int64_t value) { return text(name, base::format_time(value, 6)); }
    JsonObject& flag(std::string_view name, bool value) { return json(name, value ? "true" : "false"); }
    /// `value` is JSON.
    JsonObject& json(std::string_view name, std::string_view value) {
        if (text_.size() > 1) text_ += ',';
        text_.append(base::json_string(name)).append(":").append(value);
        return *this;
    }
    std::size_t size() const { return text_.size(); }
    std::string done() const { return text_ + "}"; }

private:
    std::string text_ = "{";
};

class JsonArray {
public:
    /// `value` is JSON.
    JsonArray& add(std::string_view value) {
        if (text_.size() > 1) text_ += ',';
        text_.append(value);
        return *this;
    }
    std::size_t size() const { return text_.size(); }
    std::string done() const { return text_ + "]"; }

private:
    std::string text_ = "[";
};

/// The shortest text of that number; JSON has no infinities, which are texts.
std::string json_number(double value);

}  // namespace server

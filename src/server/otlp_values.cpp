#include "server/otlp_values.hpp"

#include "base/bytes.hpp"
#include "server/json_text.hpp"

namespace server {
namespace {

constexpr std::int64_t kExact = std::int64_t{1} << 53;

/// Appends until `room` is used up, and says so. The parser has bounded the depth.
class Writer {
public:
    explicit Writer(std::size_t room) : room_(room) {}

    bool value(const otlp::AnyValue& value) {
        switch (value.value_case()) {
        case otlp::AnyValue::kStringValue:
            return put(base::json_string(base::shortened(value.string_value(), kMostTextBytes)));
        case otlp::AnyValue::kBoolValue: return put(value.bool_value() ? "true" : "false");
        case otlp::AnyValue::kIntValue: return integer(value.int_value());
        case otlp::AnyValue::kDoubleValue: return put(json_number(value.double_value()));
        case otlp::AnyValue::kArrayValue: return list(value.array_value());
        case otlp::AnyValue::kKvlistValue: return map(value.kvlist_value());
        case otlp::AnyValue::kBytesValue:
            return put(base::json_string(base::to_base64(value.bytes_value().substr(0, kMostTextBytes))));
        case otlp::AnyValue::VALUE_NOT_SET: break;
        }
        return put("null");
    }
    std::string take() { return std::move(text_); }

private:
    bool put(std::string_view piece) {
        if (text_.size() + piece.size() > room_) return false;
        text_ += piece;
        return true;
    }
    bool integer(std::int64_t number) {
        const std::string text = std::to_string(number);
        return put(number > kExact || number < -kExact ? '"' + text + '"' : text);
    }
    bool list(const otlp::ArrayValue& array) {
        if (!put("[")) return false;
        bool is_first = true;
        for (const otlp::AnyValue& item : array.values()) {
            if (!std::exchange(is_first, false) && !put(",")) return false;
            if (!value(item)) return false;
        }
        return put("]");
    }
    bool map(const otlp::KeyValueList& list) {
        if (!put("{")) return false;
        bool is_first = true;
        for (const otlp::KeyValue& item : list.values()) {
            if (!std::exchange(is_first, false) && !put(",")) return false;
            if (!put(base::json_string(base::shortened(item.key(), kMostTextBytes)) + ":") || !value(item.value()))
                return false;
        }
        return put("}");
    }

    std::size_t room_;
    std::string text_;
};

}  // namespace

std::string json_of(const otlp::AnyValue& value) {
    Writer writer(kMostAttributesBytes);
    return writer.value(value) ? writer.take() : "\"(too large to be kept)\"";
}

std::string json_of(const google::protobuf::RepeatedPtrField<otlp::KeyValue>& attributes, std::int64_t& dropped) {
    JsonObject object;
    std::size_t kept = 0;
    for (const otlp::KeyValue& attribute : attributes) {
        Writer writer(kMostAttributesBytes);
        const bool fits =
            kept < kMostAttributes && attribute.key().size() <= kMostTextBytes && writer.value(attribute.value());
        const std::string json = writer.take();
        if (!fits || object.size() + attribute.key().size() + json.size() > kMostAttributesBytes) {
            ++dropped;
            continue;
        }
        object.json(attribute.key(), json);
        ++kept;
    }
    return object.done();
}

std::string_view text_of(const google::protobuf::RepeatedPtrField<otlp::KeyValue>& attributes, std::string_view key) {
    for (const otlp::KeyValue& attribute : attributes)
        if (attribute.key() == key) return attribute.value().string_value();
    return {};
}

}  // namespace server

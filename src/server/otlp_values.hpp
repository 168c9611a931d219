// Values of OTLP as JSON, cut where they are longer than anybody reads.
#pragma once

#include <otlp/v1/otlp.pb.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace server {

namespace otlp = ::otlp::v1;

/// What is kept of one span, record or point.
constexpr std::size_t kMostAttributes = 128;
constexpr std::size_t kMostTextBytes = 4u << 10;         ///< Of one text; a longer one ends with "…".
constexpr std::size_t kMostAttributesBytes = 16u << 10;  ///< Of all attributes of one thing, as JSON.

/// A number beyond 2^53 is a text, because a page would round it.
std::string json_of(const otlp::AnyValue& value);

/// An object; `dropped` grows by what did not fit.
std::string json_of(const google::protobuf::RepeatedPtrField<otlp::KeyValue>& attributes, std::int64_t& dropped);

/// The text of that attribute; empty if there is none.
std::string_view text_of(const google::protobuf::RepeatedPtrField<otlp::KeyValue>& attributes, std::string_view key);

}  // namespace server

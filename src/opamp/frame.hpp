// The WebSocket message format: a varint header of value 0, then the serialized message.
// Spec: "WebSocket Message Format".
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace opamp {

/// `payload` with the header in front.
std::string encode_frame(std::string_view payload);
/// The same in place: a large message is moved by one byte, and not held twice.
std::string encode_frame(std::string&& payload);

/// The message behind the header, as a view into `frame`; empty is valid. An overlong zero is a zero.
/// Errors: invalid (no header, a header that does not end within 10 bytes, a value other than 0).
base::Result<std::string_view> decode_frame(std::string_view frame);

}  // namespace opamp

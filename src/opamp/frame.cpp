#include "opamp/frame.hpp"

#include <cstdint>
#include <utility>

namespace opamp {

std::string encode_frame(std::string_view payload) {
    std::string frame;
    frame.reserve(payload.size() + 1);
    frame += '\0';
    frame += payload;
    return frame;
}

std::string encode_frame(std::string&& payload) {
    payload.insert(payload.begin(), '\0');
    return std::move(payload);
}

base::Result<std::string_view> decode_frame(std::string_view frame) {
    constexpr std::size_t kLongestVarint = 10;
    bool is_zero = true;
    for (std::size_t i = 0; i < frame.size() && i < kLongestVarint; ++i) {
        const auto byte = static_cast<std::uint8_t>(frame[i]);
        is_zero = is_zero && (byte & 0x7F) == 0;
        if ((byte & 0x80) != 0) continue;
        if (!is_zero) return base::Error(base::Kind::invalid, "the message's header is not 0");
        return frame.substr(i + 1);
    }
    return base::Error(base::Kind::invalid, "the message has no complete header");
}

}  // namespace opamp

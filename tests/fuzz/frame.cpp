// The frame codec: any bytes are refused, or are a header and a payload that makes the same frame again.
#include "opamp/frame.hpp"

#include <string>

#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using fuzz::must;
    const std::string_view frame(reinterpret_cast<const char*>(data), size);
    const auto payload = opamp::decode_frame(frame);
    if (!payload) {
        must(!payload.error().text().empty(), "a refusal says why");
        return 0;
    }
    must(payload->size() < frame.size() && payload->size() + 10 >= frame.size(), "a header has 1 to 10 bytes");
    must(frame.substr(frame.size() - payload->size()) == *payload, "the payload is the end of the frame");
    const std::string again = opamp::encode_frame(*payload);
    must(opamp::encode_frame(std::string(*payload)) == again, "both ways of encoding agree");
    const auto back = opamp::decode_frame(again);
    must(back && *back == *payload, "what was encoded is decoded");
    return 0;
}

// What the fuzz targets share: an assertion, and a story read from the fuzzer's bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace fuzz {

/// Ends the run, so that the input is kept.
inline void must(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

/// One step: what happens, and the bytes that it happens with.
struct Event {
    std::uint8_t kind = 0;
    std::string_view bytes;
};

/// The fuzzer's bytes as steps: a byte that says what happens, two bytes of length (low byte first), and as many bytes.
class Story {
public:
    Story(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

    std::optional<Event> next() {
        if (rest_.size() < 3) return std::nullopt;
        const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(rest_[i]); };
        const Event event{byte(0), rest_.substr(3, byte(1) | byte(2) << 8)};
        rest_.remove_prefix(3 + event.bytes.size());
        return event;
    }

private:
    std::string_view rest_;
};

}  // namespace fuzz

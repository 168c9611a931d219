// Fields of a message written by hand. A message is the sequence of its fields, so a part that is serialized already is
// appended as it is: a large config is not parsed and serialized again for each report. Only for the .cpp files of this
// folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace opamp {

inline std::size_t varint_size(std::uint64_t number) {
    std::size_t size = 1;
    for (; number >= 0x80; number >>= 7) ++size;
    return size;
}

inline void append_varint(std::string& out, std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
    out += static_cast<char>(number);
}

/// What a string, bytes or message field begins with: its number and its length.
inline void append_field_head(std::string& out, int field, std::size_t length) {
    constexpr std::uint64_t kLengthDelimited = 2;
    append_varint(out, static_cast<std::uint64_t>(field) << 3 | kLengthDelimited);
    append_varint(out, length);
}

inline void append_field(std::string& out, int field, std::string_view bytes) {
    append_field_head(out, field, bytes.size());
    out += bytes;
}

/// The bytes that `append_field` adds for a field with a number below 16.
inline std::size_t field_size(std::size_t length) {
    return 1 + varint_size(length) + length;
}

}  // namespace opamp

// Bytes for people: hexadecimal and base64 text, valid UTF-8, digests.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace base {

std::string to_hex(std::string_view bytes);
/// Enough of it to recognise a hash in a log line.
std::string short_hex(std::string_view bytes);
/// Nothing if `text` is not an even number of hexadecimal digits.
std::optional<std::string> from_hex(std::string_view text);

/// RFC 4648, section 4: the standard alphabet, with padding.
std::string to_base64(std::string_view bytes);
/// Nothing if `text` is not exactly what `to_base64` makes of some bytes: no blank, no missing padding, no stray bit.
std::optional<std::string> from_base64(std::string_view text);

/// SHA-256 as 32 raw bytes.
std::string sha256(std::string_view bytes);

/// `text` with each byte that is not part of valid UTF-8 replaced by U+FFFD: a protobuf string must be UTF-8.
std::string to_valid_utf8(std::string_view text);

/// `text` in double quotes where it holds anything but plain characters; control characters are escaped.
std::string quoted_if_needed(std::string_view text);
/// The same, always in quotes: a string of JSON.
std::string json_string(std::string_view text);

/// `text` without those of `blanks` that it begins and ends with.
std::string_view trimmed(std::string_view text, std::string_view blanks = " \t");

/// At most `bytes` bytes of `text`, cut at a character's boundary, with "…" where something was left out.
std::string shortened(std::string_view text, std::size_t bytes);

}  // namespace base

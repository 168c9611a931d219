// Where a scalar of YAML stands in its text. Pure; private to this folder.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace config {

struct Source {
    enum class Style { none, plain, single_quoted, double_quoted, block };
    Style style = Style::none;   ///< none: an empty scalar that was not written.
    std::size_t begin = 0;       ///< Of the quote, the block's indicator, the first character.
    std::size_t end = 0;         ///< Behind the last character that counts, or the closing quote.
    std::size_t header_end = 0;  ///< Of a block: behind the indicators.
    std::size_t body = 0;        ///< Of a block: the first line below the header.
};

/// The text and the parser do not agree.
struct Mismatch {};

/// The scalar whose node, with tag and anchor, begins at `at` and was parsed as `value`.
/// Throws Mismatch.
Source locate(std::string_view text, std::size_t at, const std::string& value);

}  // namespace config

// Patterns of key paths, matched segment by segment on the way down a YAML tree.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/glob.hpp"
#include "base/result.hpp"

namespace config {

using base::matches_glob;

/// `key` as the most tolerant reader takes it: ASCII letters in lower case, no white space, no byte order mark.
std::string folded(std::string_view key);

/// A path such as `exporters.file*.path`: segments separated by `.` (or `::`), `*` and `?` within one, `**` for any
/// number of them.
class KeyPattern {
public:
    /// How far the segments so far have come: a bit for each place in the pattern. 0: nothing below can match.
    using Places = std::uint64_t;

    /// Errors: invalid (empty, an empty segment, more than 60 segments).
    static base::Result<KeyPattern> parse(const std::string& text);

    /// For rules that deny: folded, and `x.*` matches `x` as well.
    KeyPattern widened() const;

    Places begin() const { return with_skips(1); }
    Places step(Places places, std::string_view segment) const;
    bool is_match(Places places) const { return (places >> segments_.size() & 1) != 0; }
    const std::string& text() const { return text_; }

private:
    Places with_skips(Places places) const;

    std::string text_;  ///< As written.
    std::vector<std::string> segments_;
};

}  // namespace config

#include "config/key_pattern.hpp"

#include <algorithm>
#include <array>

#include "base/bytes.hpp"

namespace config {
namespace {

constexpr std::size_t kMostSegments = 60;  // each is a bit of Places
constexpr std::string_view kAnyNumber = "**";

/// Other spellings of nothing or of an ASCII letter: white space as Unicode has it, the byte order mark, and the two
/// letters that fold to ASCII.
struct Spelling {
    std::string_view written, meant;
};
constexpr std::array<Spelling, 22> kSpellings{{
    {"\xC2\x85", ""},     {"\xC2\xA0", ""},      {"\xE1\x9A\x80", ""}, {"\xE2\x80\x80", ""}, {"\xE2\x80\x81", ""},
    {"\xE2\x80\x82", ""}, {"\xE2\x80\x83", ""},  {"\xE2\x80\x84", ""}, {"\xE2\x80\x85", ""}, {"\xE2\x80\x86", ""},
    {"\xE2\x80\x87", ""}, {"\xE2\x80\x88", ""},  {"\xE2\x80\x89", ""}, {"\xE2\x80\x8A", ""}, {"\xE2\x80\xA8", ""},
    {"\xE2\x80\xA9", ""}, {"\xE2\x80\xAF", ""},  {"\xE2\x81\x9F", ""}, {"\xE3\x80\x80", ""}, {"\xEF\xBB\xBF", ""},
    {"\xC5\xBF", "s"},    {"\xE2\x84\xAA", "k"},
}};

}  // namespace

std::string folded(std::string_view key) {
    std::string result;
    while (!key.empty()) {
        const char c = key.front();
        const auto* spelling = std::find_if(kSpellings.begin(), kSpellings.end(),
                                            [&](const Spelling& s) { return key.starts_with(s.written); });
        if (static_cast<unsigned char>(c) >= 0x80 && spelling != kSpellings.end()) {
            result += spelling->meant;
            key.remove_prefix(spelling->written.size());
            continue;
        }
        if (c >= 'A' && c <= 'Z')
            result += static_cast<char>(c + ('a' - 'A'));
        else if (c != ' ' && (c < '\t' || c > '\r'))
            result += c;
        key.remove_prefix(1);
    }
    return result;
}

base::Result<KeyPattern> KeyPattern::parse(const std::string& text) {
    KeyPattern pattern;
    pattern.text_ = text;
    std::string rest = text;
    for (std::size_t at = 0; (at = rest.find("::", at)) != std::string::npos;) rest.replace(at, 2, ".");
    for (std::size_t begin = 0; begin <= rest.size();) {
        const std::size_t end = std::min(rest.find('.', begin), rest.size());
        pattern.segments_.push_back(rest.substr(begin, end - begin));
        begin = end + 1;
    }
    const bool has_empty = std::any_of(pattern.segments_.begin(), pattern.segments_.end(),
                                       [](const auto& s) { return folded(s).empty(); });
    if (has_empty || pattern.segments_.size() > kMostSegments)
        return base::Error(base::Kind::invalid, base::json_string(text) + " is not a pattern of keys")
            .hint(
                "1 to 60 segments separated by '.', none of them empty, with * and ? in a segment, ** for any number");
    return pattern;
}

KeyPattern KeyPattern::widened() const {
    KeyPattern wide = *this;
    if (wide.segments_.size() > 1 && wide.segments_.back() == "*") wide.segments_.pop_back();
    for (std::string& segment : wide.segments_) segment = folded(segment);
    return wide;
}

KeyPattern::Places KeyPattern::step(Places places, std::string_view segment) const {
    Places next = 0;
    for (std::size_t i = 0; i < segments_.size(); ++i) {
        if ((places >> i & 1) == 0) continue;
        if (segments_[i] == kAnyNumber)
            next |= Places(1) << i;
        else if (matches_glob(segments_[i], segment))
            next |= Places(1) << (i + 1);
    }
    return with_skips(next);
}

/// `**` stands for no segment as well.
KeyPattern::Places KeyPattern::with_skips(Places places) const {
    for (std::size_t i = 0; i < segments_.size(); ++i)
        if ((places >> i & 1) != 0 && segments_[i] == kAnyNumber) places |= Places(1) << (i + 1);
    return places;
}

}  // namespace config

#include "base/glob.hpp"

#include <algorithm>

#include "base/bytes.hpp"

namespace base {
namespace {

bool continues_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view text) {
    std::size_t p = 0, t = 0;
    std::size_t star = std::string_view::npos, star_end = 0;  // the last `*`, and up to where it has eaten
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            star_end = t;
        } else if (p < pattern.size() && pattern[p] == '?') {
            ++p, ++t;
            while (t < text.size() && continues_character(text[t])) ++t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p, ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++star_end;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool has_line(std::string_view text, std::string_view pattern) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        if (matches_glob(pattern, trimmed(text.substr(0, end), "\r"))) return true;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return false;
}

}  // namespace base

#include "config/redact_source.hpp"

#include <algorithm>

namespace config {
namespace {

constexpr auto kNone = std::string_view::npos;
constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kTag = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-!#;/?:@&=+$_.~*'()%";

std::size_t skip(std::string_view text, std::size_t at, std::string_view what) {
    return std::min(text.find_first_not_of(what, at), text.size());
}

std::size_t find(std::string_view text, std::size_t at, std::string_view what) {
    return std::min(text.find_first_of(what, at), text.size());
}

/// Past tag, anchor, and the space and comments behind them.
std::size_t skip_properties(std::string_view text, std::size_t at) {
    while (at < text.size()) {
        if (text[at] == '&')
            at = find(text, at, " \t\r\n[]{},");
        else if (text.substr(at, 2) == "!<")
            at = std::min(find(text, at, ">") + 1, text.size());
        else if (text[at] == '!')
            at = skip(text, at, kTag);
        else
            return at;
        at = skip(text, at, kSpace);
        while (at < text.size() && text[at] == '#') at = skip(text, find(text, at, "\n"), kSpace);
    }
    return at;
}

/// Behind the last of the characters of `value`, which stand in `text` from `at` with other space between them.
std::size_t end_of(std::string_view text, std::size_t at, std::string_view value) {
    std::size_t end = at;
    for (const char c : value) {
        if (kSpace.find(c) != kNone) continue;
        at = skip(text, at, kSpace);
        if (at == text.size() || text[at] != c) throw Mismatch{};
        end = ++at;
    }
    return end;
}

std::size_t closing(std::string_view text, std::size_t begin) {
    const bool escapes = text[begin] == '"';
    for (std::size_t at = begin + 1; at < text.size(); ++at) {
        if (escapes && text[at] == '\\') {
            ++at;
        } else if (text[at] == text[begin]) {
            if (escapes || at + 1 == text.size() || text[at + 1] != '\'') return at + 1;
            ++at;
        }
    }
    throw Mismatch{};
}

}  // namespace

Source locate(std::string_view text, std::size_t at, const std::string& value) {
    if (at > text.size()) throw Mismatch{};
    at = skip_properties(text, at);
    const char first = at < text.size() ? text[at] : '\0';
    Source source{Source::Style::plain, at, at, at, at};
    if (first == '"' || first == '\'') {
        source.style = first == '"' ? Source::Style::double_quoted : Source::Style::single_quoted;
        source.end = closing(text, at);
        const std::string_view inner = text.substr(at + 1, source.end - at - 2);
        const bool written = inner.find_first_not_of(" \t\r\n\\") != kNone;
        return value.empty() && written ? Source{} : source;
    }
    if (first == '|' || first == '>') {
        source.style = Source::Style::block;
        source.header_end = skip(text, at + 1, "+-0123456789");
        source.body = std::min(find(text, source.header_end, "\n") + 1, text.size());
        source.end = std::max(source.header_end, end_of(text, source.body, value));
        if (source.end <= source.body) source.end = source.header_end;
        return source;
    }
    if (value.empty()) return {};
    source.end = end_of(text, at, value);
    return source;
}

}  // namespace config

#include "base/literal_secrets.hpp"

#include <algorithm>

#include "base/bytes.hpp"

namespace base {
namespace {

constexpr std::size_t kShortest = 4, kMost = 64u << 10;

}  // namespace

void LiteralSecrets::add(std::string_view content) {
    while (!content.empty()) {
        const std::size_t end = std::min(content.find('\n'), content.size());
        const std::string_view line = trimmed(content.substr(0, end), " \t\r");
        content.remove_prefix(std::min(end + 1, content.size()));
        if (line.size() < kShortest || line.size() > kMost - bytes_) continue;
        bytes_ += line.size();
        const auto place = std::ranges::upper_bound(lines_, line.size(), std::greater(), &std::string::size);
        lines_.emplace(place, line);
    }
}

std::string LiteralSecrets::redact(std::string text) const {
    for (const std::string& secret : lines_)
        for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
            text.replace(at, secret.size(), kRedacted);
            at += kRedacted.size();
        }
    return text;
}

}  // namespace base

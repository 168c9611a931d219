#include "net/proxy_answer.hpp"

#include <charconv>
#include <optional>

#include "base/bytes.hpp"
#include "base/units.hpp"

namespace net {
namespace {

using base::Error;
using base::Kind;
using base::Result;

constexpr std::size_t kLongestAnswer = 16 << 10;
constexpr std::size_t kLongestReason = 100;
constexpr std::string_view kEndOfHead = "\r\n\r\n";

struct StatusLine {
    unsigned status = 0;
    std::string words;  ///< "407 Proxy Authentication Required"
};

/// Nothing where `head` does not begin like an answer of HTTP/1.
std::optional<StatusLine> parse_status_line(std::string_view head) {
    constexpr std::string_view kVersion = "HTTP/1.";
    const std::string_view line = head.substr(0, head.find("\r\n"));
    if (line.size() < 12 || !line.starts_with(kVersion) || line[8] != ' ') return std::nullopt;
    StatusLine parsed;
    const auto [end, error] = std::from_chars(line.data() + 9, line.data() + 12, parsed.status);
    const bool is_number = error == std::errc{} && end == line.data() + 12 && parsed.status >= 100;
    if (!is_number || (line.size() > 12 && line[12] != ' ')) return std::nullopt;
    parsed.words = base::shortened(base::to_valid_utf8(line.substr(9)), kLongestReason);
    return parsed;
}

Error refusal(const StatusLine& line) {
    Error error(Kind::refused, "refused the connection: HTTP " + line.words);
    if (line.status == 407) return std::move(error).hint("give the proxy's user and password in its URL");
    return error;
}

bool is_interim(std::string_view head) {
    return head.starts_with("HTTP/1.") && head.size() > 9 && head.substr(8, 2) == " 1";
}

}  // namespace

Result<void> ProxyAnswer::add(std::string_view bytes) {
    bytes_.append(bytes);
    for (;;) {
        const auto end = bytes_.find(kEndOfHead, final_);
        if (end == std::string::npos) break;
        is_complete_ = !is_interim(std::string_view(bytes_).substr(final_));
        if (is_complete_) return {};
        final_ = end + kEndOfHead.size();
    }
    if (bytes_.size() > kLongestAnswer)
        return Error(Kind::too_large, "an answer of more than " + base::format_size(kLongestAnswer));
    return {};
}

Result<void> ProxyAnswer::verdict() const {
    const auto answer = std::string_view(bytes_).substr(final_);
    const auto line = parse_status_line(answer);
    if (!line) return Error(Kind::invalid, "the answer is not HTTP");
    if (line->status < 200 || line->status > 299) return refusal(*line);
    if (answer.find(kEndOfHead) + kEndOfHead.size() != answer.size())
        return Error(Kind::invalid, "the answer has a body of its own");
    return {};
}

}  // namespace net

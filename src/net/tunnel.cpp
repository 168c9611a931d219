#include "net/tunnel.hpp"

#include <charconv>

#include "base/bytes.hpp"
#include "base/units.hpp"
#include "net/errors.hpp"
#include "net/user_agent.hpp"

namespace net {
namespace {

namespace asio = async::asio;
using base::Error;
using base::Kind;
using base::Result;

constexpr std::size_t kLongestAnswer = 16 << 10;
constexpr std::size_t kLongestReason = 100;
constexpr std::string_view kEndOfHead = "\r\n\r\n";

std::string connect_request(const Proxy& proxy, const std::string& target) {
    std::string request = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
    const auto add = [&](std::string_view name, std::string_view value) {
        request.append(name).append(": ").append(value).append("\r\n");
    };
    if (find_header(proxy.connect_headers, "User-Agent").empty()) add("User-Agent", kUserAgent);
    for (const auto& [name, value] : proxy.connect_headers)
        if (!is_same_token(name, "Host")) add(name, value);
    return request + "\r\n";
}

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

/// The head of the proxy's final answer, without those that may come before it (RFC 9110, 15.2).
async::Task<Result<std::string>> read_final_head(Stream& stream) {
    std::string answer;
    std::string room(2 << 10, '\0');
    for (std::size_t before = 0;;) {
        if (const auto end = answer.find(kEndOfHead, before); end != std::string::npos) {
            const bool is_interim =
                answer.compare(before, 7, "HTTP/1.") == 0 && answer.compare(before + 8, 2, " 1") == 0;
            if (!is_interim) co_return answer.substr(before);
            before = end + kEndOfHead.size();
            continue;
        }
        if (answer.size() > kLongestAnswer)
            co_return Error(Kind::too_large, "an answer of more than " + base::format_size(kLongestAnswer));
        const auto [code, bytes] = co_await stream.async_read_some(asio::buffer(room), async::as_result);
        if (code) co_return network_error(code);
        answer.append(room, 0, bytes);
    }
}

Error refusal(const StatusLine& line) {
    Error error(Kind::refused, "refused the connection: HTTP " + line.words);
    if (line.status == 407) return std::move(error).hint("give the proxy's user and password in its URL");
    return error;
}

}  // namespace

async::Task<Result<Stream>> open_tunnel(Stream stream, const Proxy& proxy, const std::string& target) {
    if (auto checked = check_headers(proxy.connect_headers); !checked) co_return std::move(checked).error();
    const std::string request = connect_request(proxy, target);
    // What cannot be written may still have been answered.
    co_await asio::async_write(stream, asio::buffer(request), async::as_result);
    const auto head = co_await read_final_head(stream);
    if (!head) co_return head.error();
    const auto line = parse_status_line(*head);
    if (!line) co_return Error(Kind::invalid, "the answer is not HTTP");
    if (line->status < 200 || line->status > 299) co_return refusal(*line);
    if (head->find(kEndOfHead) + kEndOfHead.size() != head->size())
        co_return Error(Kind::invalid, "the answer has a body of its own");
    co_return stream;
}

}  // namespace net

#include "net/tunnel.hpp"

#include "net/errors.hpp"
#include "net/proxy_answer.hpp"
#include "net/user_agent.hpp"

namespace net {
namespace {

namespace asio = async::asio;
using base::Result;

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

async::Task<Result<void>> read_answer(Stream& stream) {
    ProxyAnswer answer;
    std::string room(2 << 10, '\0');
    while (!answer.is_complete()) {
        const auto [code, bytes] = co_await stream.async_read_some(asio::buffer(room), async::as_result);
        if (code) co_return network_error(code);
        if (auto added = answer.add(std::string_view(room).substr(0, bytes)); !added) co_return added;
    }
    co_return answer.verdict();
}

}  // namespace

async::Task<Result<Stream>> open_tunnel(Stream stream, const Proxy& proxy, const std::string& target) {
    if (auto checked = check_headers(proxy.connect_headers); !checked) co_return std::move(checked).error();
    const std::string request = connect_request(proxy, target);
    // What cannot be written may still have been answered.
    co_await asio::async_write(stream, asio::buffer(request), async::as_result);
    if (auto answered = co_await read_answer(stream); !answered) co_return std::move(answered).error();
    co_return stream;
}

}  // namespace net

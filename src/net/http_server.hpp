// A small HTTP/1.1 server whose connections may become WebSockets.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/task.hpp"
#include "async/task_group.hpp"
#include "base/result.hpp"
#include "net/limits.hpp"
#include "net/websocket.hpp"

namespace net {

struct Header {
    std::string name;
    std::string value;
    friend bool operator==(const Header&, const Header&) = default;
};

struct HttpRequest {
    std::string method;
    std::string target;  ///< Path and query as sent.
    std::vector<Header> headers;
    std::string body;
    std::string peer;  ///< "127.0.0.1:54321"

    /// The first header of that name in any case, or empty.
    std::string_view header(std::string_view name) const;
    /// `target` without the query.
    std::string_view path() const;
};

struct HttpResponse {
    unsigned status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
    std::vector<Header> headers;
};

/// What a server does with what arrives. Must outlive the server's `run`.
class HttpHandler {
public:
    virtual ~HttpHandler() = default;
    virtual async::Task<HttpResponse> respond(HttpRequest request) = 0;
    /// Whether this upgrade request is accepted; if not, `respond` answers it.
    virtual bool accepts_websocket(const HttpRequest& request) const { return request.method.empty(); }
    /// The whole life of an accepted WebSocket; the connection ends when this returns.
    virtual async::Task<> talk(HttpRequest request, std::unique_ptr<WebSocket> socket);
};

/// Listens on one address. Keep-alive, request time limits, a bound on header and body sizes and on open connections.
class HttpServer {
public:
    HttpServer(async::asio::any_io_executor executor, HttpHandler& handler, Limits limits = {});

    /// `address` is "127.0.0.1:4320", "[::1]:0"; port 0 takes a free one. Errors: invalid (address), io (port in use).
    base::Result<std::uint16_t> listen(const std::string& address);
    /// Serves until cancelled; then ends every connection and returns. WebSockets get Close 1001 from their `talk`.
    async::Task<> run();

private:
    async::Task<> serve(async::asio::ip::tcp::socket socket);

    HttpHandler& handler_;
    Limits limits_;
    async::asio::ip::tcp::acceptor acceptor_;
    async::TaskGroup connections_;
};

}  // namespace net

// A small HTTP/1.1 server whose connections may become WebSockets.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "async/task.hpp"
#include "async/task_group.hpp"
#include "base/result.hpp"
#include "net/http.hpp"
#include "net/limits.hpp"
#include "net/websocket.hpp"

namespace net {

/// What a server does with what arrives. Must outlive the server's `run`.
class HttpHandler {
public:
    virtual ~HttpHandler() = default;
    /// The answer to a request whose body is inflated already. A body over Limits::send_bytes is logged and answered
    /// with 500, and so is what this throws.
    virtual async::Task<HttpResponse> respond(HttpRequest request) = 0;
    /// Whether this upgrade request is accepted; if not, `respond` answers it.
    virtual bool accepts_websocket(const HttpRequest& request) const { return request.method.empty(); }
    /// The whole life of an accepted WebSocket; the connection ends when this returns.
    /// Cancel  when the server ends. In this coroutine cancellation does not throw: `read` and `write` return an error
    /// of
    ///         Kind cancelled, and `close(CloseCode::going_away, …)` still works.
    virtual async::Task<> talk(HttpRequest request, std::unique_ptr<WebSocket> socket);
};

/// Listens on one address. Keep-alive; time limits on requests; bounds on the sizes of head and body and on open
/// connections.
class HttpServer {
public:
    HttpServer(async::asio::any_io_executor executor, HttpHandler& handler, Limits limits = {});

    /// `address` is "127.0.0.1:4320", "[::1]:0", "localhost:80"; port 0 takes a free one. The port that was bound.
    /// Errors: invalid (address), io (port in use).
    base::Result<std::uint16_t> listen(const std::string& address);
    /// Serves until cancelled; then answers what has begun to arrive, ends every connection and returns when the last
    /// is gone.
    async::Task<> run();

private:
    async::Task<> accept_until_cancelled();

    HttpHandler& handler_;
    Limits limits_;
    async::asio::ip::tcp::acceptor acceptor_;
    async::TaskGroup connections_;
};

}  // namespace net

// A WebSocket connection, client's or server's side, over TCP or TLS.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "async/task.hpp"
#include "base/result.hpp"
#include "net/limits.hpp"

namespace net {

enum class CloseCode : std::uint16_t { normal = 1000, going_away = 1001, protocol_error = 1002, policy = 1008, too_big = 1009 };

/// One reader and one writer at a time, on the executor it was made with.
class WebSocket {
public:
    virtual ~WebSocket() = default;

    /// The next binary message, whole.
    /// Errors  refused (the peer closed: its code and reason are in the text), invalid (a text message), too_large,
    ///         io (connection lost).
    /// Cancel  the connection is unusable afterwards.
    virtual async::Task<base::Result<std::string>> read() = 0;

    /// Sends `message` as one binary message. Errors: too_large (nothing was sent), io.
    virtual async::Task<base::Result<void>> write(std::string_view message) = 0;
    /// The same as one text message, for the page.
    virtual async::Task<base::Result<void>> write_text(std::string_view message) = 0;

    /// The closing handshake, within Limits::close; then the connection is gone whatever the peer did.
    virtual async::Task<> close(CloseCode code, std::string_view reason) = 0;
};

/// Server's side. `already_read` is what came over `socket` so far: the upgrade request and perhaps more.
/// Errors: invalid (not a valid upgrade), timeout, io.
async::Task<base::Result<std::unique_ptr<WebSocket>>> accept_websocket(async::asio::ip::tcp::socket socket,
                                                                      std::string already_read, Limits limits);

}  // namespace net

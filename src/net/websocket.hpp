// A WebSocket connection, client's or server's side, over TCP or TLS.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "async/task.hpp"
#include "base/result.hpp"
#include "net/http.hpp"
#include "net/limits.hpp"

namespace net {

enum class CloseCode : std::uint16_t {
    normal = 1000,
    going_away = 1001,
    protocol_error = 1002,
    unsupported_data = 1003,
    policy = 1008,
    too_big = 1009,
};

/// One reader and one writer at a time, on the executor it was made with. Pings are answered while somebody reads.
///
/// Ends    the destructor drops the connection without a word: `close` says goodbye first.
class WebSocket {
public:
    virtual ~WebSocket() = default;

    /// The next binary message, whole.
    /// Errors  refused (the peer closed: its code and reason are in the text), invalid (a text message, a broken
    /// frame),
    ///         too_large (the peer is told with 1009), io (connection lost), cancelled.
    /// Cancel  ends the wait, quietly: nothing is lost, and the connection can still be read, written and closed.
    virtual async::Task<base::Result<std::string>> read() = 0;

    /// Sends `message` as one binary message. Errors: too_large (nothing was sent), io, cancelled.
    /// Cancel  in the middle of a message the connection is unusable afterwards.
    virtual async::Task<base::Result<void>> write(std::string_view message) = 0;
    /// The same as one text message, for the page.
    virtual async::Task<base::Result<void>> write_text(std::string_view message) = 0;

    /// The closing handshake, within Limits::close; then the connection is gone whatever the peer did. A `read` that
    /// was cancelled before is no obstacle. `reason` is cut to what the protocol allows. Cancel  has no effect. A
    /// coroutine that is cancelled already must reset its cancellation state to get here.
    virtual async::Task<> close(CloseCode code, std::string_view reason) = 0;
};

/// Server's side: answers the upgrade request that was read from `socket`. Nothing may have been read after it.
/// Errors: invalid (not a valid upgrade; the peer has been told with 400 or 426), timeout, io.
async::Task<base::Result<std::unique_ptr<WebSocket>>> accept_websocket(async::asio::ip::tcp::socket socket,
                                                                       const HttpRequest& request, Limits limits);

}  // namespace net

#include "net/errors.hpp"
#include "net/open.hpp"
#include "net/upgrade.hpp"

namespace net {

using base::Result;
using Connected = Result<std::unique_ptr<WebSocket>>;

async::Task<Connected> connect_websocket(const ClientOptions& options, Refusal& refusal) {
    const auto until = async::SteadyClock::now() + options.limits.handshake;
    auto stream = co_await open_stream(options, until);
    if (!stream) co_return std::move(stream).error();
    auto upgraded = upgrade(std::move(*stream), options, refusal);
    co_return co_await async::with_timeout(left_until(until), std::move(upgraded));
}

async::Task<Result<void>> try_connection(const ClientOptions& options, Refusal& refusal) {
    if (options.url.is_websocket()) {
        auto socket = co_await connect_websocket(options, refusal);
        if (!socket) co_return std::move(socket).error();
        co_await (*socket)->close(CloseCode::normal, "");
        co_return Result<void>();
    }
    auto stream = co_await open_stream(options, async::SteadyClock::now() + options.limits.handshake);
    if (!stream) co_return std::move(stream).error();
    // Under TLS 1.3 the handshake is over for us before the server has seen what we are.
    const auto said = co_await stream->end(options.limits.close);
    if (said && network_error(said).kind() == base::Kind::refused) co_return network_error(said);
    co_return Result<void>();
}

}  // namespace net

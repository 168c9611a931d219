#include "net/client.hpp"
#include "net/dial.hpp"
#include "net/tls.hpp"
#include "net/upgrade.hpp"

namespace net {
namespace {

using base::Result;
using Connected = Result<std::unique_ptr<WebSocket>>;

async::Task<Connected> dial_and_upgrade(const ClientOptions& options, Refusal& refusal) {
    auto socket = co_await dial(options.url, options.limits.handshake);
    if (!socket) co_return std::move(socket).error();
    if (!options.url.is_tls()) co_return co_await upgrade(std::move(*socket), options, refusal);
    auto stream = co_await start_tls(std::move(*socket), options.tls, options.url.host);
    if (!stream) co_return std::move(stream).error();
    co_return co_await upgrade(std::move(*stream), options, refusal);
}

}  // namespace

async::Task<Connected> connect_websocket(const ClientOptions& options, Refusal& refusal) {
    if (auto checked = check_headers(options.headers); !checked) co_return std::move(checked).error();
    co_return co_await async::with_timeout(options.limits.handshake, dial_and_upgrade(options, refusal));
}

}  // namespace net

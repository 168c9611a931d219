#include "net/open.hpp"

#include "net/tls.hpp"
#include "net/tunnel.hpp"

namespace net {
namespace {

using base::Result;

async::Task<Result<Stream>> dial_stream(const Url& url, async::SteadyClock::duration limit) {
    auto socket = co_await dial(url, limit);
    if (!socket) co_return std::move(socket).error();
    co_return Stream(std::move(*socket));
}

/// Spec: "TLS towards the proxy uses the settings of the connection it serves". A name to expect is the server's own.
TlsOptions towards_proxy(TlsOptions tls) {
    tls.server_name_override.clear();
    return tls;
}

async::Task<Result<Stream>> reach_through(const Proxy& proxy, const ClientOptions& options,
                                          async::SteadyClock::duration limit) {
    auto stream = co_await dial_stream(proxy.url, limit);
    if (!stream) co_return std::move(stream).error();
    if (proxy.url.is_tls()) {
        const TlsOptions tls = towards_proxy(options.tls);
        stream = co_await start_tls(std::move(*stream), tls, proxy.url.host);
        if (!stream) co_return std::move(stream).error();
    }
    co_return co_await open_tunnel(std::move(*stream), proxy, options.url.authority());
}

async::Task<Result<Stream>> reach(const ClientOptions& options, async::SteadyClock::time_point until) {
    const auto limit = left_until(until);
    if (!options.proxy) co_return co_await async::with_timeout(limit, dial_stream(options.url, limit));
    auto stream = co_await async::with_timeout(limit, reach_through(*options.proxy, options, limit));
    if (!stream) co_return std::move(stream).error().within("proxy '" + options.proxy->url.authority() + "'");
    co_return std::move(*stream);
}

}  // namespace

async::Task<Result<Stream>> open_stream(const ClientOptions& options, async::SteadyClock::time_point until) {
    if (auto checked = check_headers(options.headers); !checked) co_return std::move(checked).error();
    auto stream = co_await reach(options, until);
    if (!stream || !options.url.is_tls()) co_return stream;
    auto tls = start_tls(std::move(*stream), options.tls, options.url.host);
    co_return co_await async::with_timeout(left_until(until), std::move(tls));
}

}  // namespace net

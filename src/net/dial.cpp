#include "net/dial.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>

#include <vector>

#include "net/errors.hpp"

namespace net {
namespace {

namespace asio = async::asio;
using base::Error;
using base::Kind;
using base::Result;
using Endpoints = std::vector<Tcp::endpoint>;
using boost::system::error_code;

constexpr int kPatienceMs = 2 * 60 * 1000;  // as long as the probes of a connection at rest

async::Task<Result<Endpoints>> endpoints_of(const Url& url) {
    error_code not_literal;
    const auto address = asio::ip::make_address(url.host, not_literal);
    if (!not_literal) co_return Endpoints(1, Tcp::endpoint(address, url.port));
    if (url.host == "localhost") {
        Endpoints loopback;
        loopback.emplace_back(asio::ip::address_v4::loopback(), url.port);
        loopback.emplace_back(asio::ip::address_v6::loopback(), url.port);
        co_return loopback;
    }
    Tcp::resolver resolver(co_await asio::this_coro::executor);
    const auto [code, found] = co_await resolver.async_resolve(url.host, std::to_string(url.port),
                                                               Tcp::resolver::numeric_service, async::as_result);
    if (code) co_return network_error(code);
    co_return Endpoints(found.begin(), found.end());
}

async::Task<Result<Tcp::socket>> connect(Tcp::endpoint endpoint) {
    Tcp::socket socket(co_await asio::this_coro::executor);
    error_code code;
    socket.open(endpoint.protocol(), code);
    if (code) co_return network_error(code);
    set_options(socket);
    const auto [failure] = co_await socket.async_connect(endpoint, async::as_result);
    if (failure) co_return network_error(failure);
    co_return socket;
}

}  // namespace

void set_close_on_exec(int fd) {
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void set_options(Tcp::socket& socket) {
    using Idle = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPIDLE>;
    using Interval = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPINTVL>;
    using Count = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPCNT>;
    using Patience = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;
    set_close_on_exec(socket.native_handle());
    error_code ignored;  // each of them only makes things better
    socket.set_option(Tcp::no_delay(true), ignored);
    socket.set_option(Tcp::socket::keep_alive(true), ignored);
    socket.set_option(Idle(60), ignored);
    socket.set_option(Interval(15), ignored);
    socket.set_option(Count(4), ignored);
    // The probes are for a connection at rest. Without this, one with a message under way is sent to for a quarter of
    // an hour.
    socket.set_option(Patience(kPatienceMs), ignored);
}

async::Task<Result<Tcp::socket>> dial(const Url& url, async::SteadyClock::duration limit) {
    auto endpoints = co_await endpoints_of(url);
    if (!endpoints) co_return std::move(endpoints).error();
    const auto share = limit / std::max<std::ptrdiff_t>(1, std::ssize(*endpoints));
    std::optional<Error> first_error;
    for (const auto& endpoint : *endpoints) {
        auto socket = co_await async::with_timeout(share, connect(endpoint));
        if (socket) co_return std::move(*socket);
        if (!first_error) first_error = std::move(socket).error();
    }
    co_return first_error.value_or(Error(Kind::io, "the name has no address"));
}

}  // namespace net

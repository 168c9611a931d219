// TLS servers of our own, and clients that ask them.
#pragma once

#include <boost/asio/ssl.hpp>

#include "certificates.hpp"
#include "rig.hpp"
#include "support/temp_folder.hpp"

namespace net_test {

namespace ssl = asio::ssl;

using Stream = ssl::stream<Tcp::socket>;

inline std::shared_ptr<ssl::context> server_context(const Identity& identity) {
    auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
    context->use_certificate_chain(asio::buffer(identity.certificate));
    context->use_private_key(asio::buffer(identity.key), ssl::context::pem);
    return context;
}

/// The TLS handshake, and whether it went well; what follows a failure is read, so that our alert arrives.
inline async::Task<bool> handshake(Stream& stream) {
    const auto [code] = co_await stream.async_handshake(ssl::stream_base::server, async::as_result);
    if (!code) co_return true;
    stream.next_layer().shutdown(Tcp::socket::shutdown_send);
    co_await read_all(stream.next_layer());
    co_return false;
}

inline async::Task<std::string> read_head_over(Stream& stream) {
    std::string head;
    co_await asio::async_read_until(stream, asio::dynamic_buffer(head), "\r\n\r\n", async::as_result);
    co_return head;
}

inline async::Task<> greet(Tcp::socket socket, std::shared_ptr<ssl::context> context) {
    Stream stream(std::move(socket), *context);
    if (!co_await handshake(stream)) co_return;
    co_await read_head_over(stream);
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    co_await asio::async_write(stream, asio::buffer(answer), async::as_result);
    co_await stream.async_shutdown(async::as_result);
}

inline Script greets(std::shared_ptr<ssl::context> context) {
    return [context](Tcp::socket socket) { return greet(std::move(socket), context); };
}

/// http_get from a server with this identity, trusting `authority`, as `host`.
inline base::Result<net::HttpResponse> get(const Identity& identity, net::TlsOptions tls,
                                           const std::string& host = "127.0.0.1") {
    Peer peer(greets(server_context(identity)));
    auto options = peer.options("https");
    options.url.host = host;
    options.tls = std::move(tls);
    return run(peer.io, net::http_get(options));
}

inline net::TlsOptions trusting(const Identity& authority) {
    net::TlsOptions tls;
    tls.ca_pem = authority.certificate;
    return tls;
}

/// The error's text, or the body.
inline std::string outcome(const base::Result<net::HttpResponse>& result) {
    return result ? result->body : result.error().message();
}

struct Folder : support::TempFolder {
    std::string add(const std::string& name, const std::string& content) const {
        const auto file = *this / name;
        support::write(file, content);
        return file.string();
    }
};

inline const Identity& authority() {
    static const Identity identity = make_authority("an authority");
    return identity;
}

}  // namespace net_test

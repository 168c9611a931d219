#include "rig.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

namespace net_test {

using async::operator||;

async::Task<net::HttpResponse> Handler::respond(net::HttpRequest request) {
    last_request = request;
    net::HttpResponse response;
    if (request.path() == "/throws") throw std::runtime_error("a bug");
    if (request.path() == "/hello") {
        response.body = "hello";
    } else if (request.path() == "/packable") {
        response.body = "packable";
        response.may_be_compressed = true;
    } else if (request.path() == "/large") {
        response.body.assign((1 << 20) + 1, 'x');
        response.may_be_compressed = true;
    } else if (request.method == "POST") {
        response.content_type = std::string(request.header("Content-Type"));
        response.body = request.body;
    } else {
        response.status = 404;
    }
    co_return response;
}

async::Task<> Handler::talk(net::HttpRequest request, std::unique_ptr<net::WebSocket> socket) {
    last_request = std::move(request);
    ++talks;
    for (;;) {
        auto message = co_await socket->read();
        if (!message) {
            end_of_talk = message.error();
            break;
        }
        if (*message == "go away") co_return co_await socket->close(CloseCode::going_away, "as you wish");
        if (!co_await socket->write(*message)) co_return;
    }
    if (end_of_talk->kind() == Kind::cancelled) co_await socket->close(CloseCode::going_away, "the server ends");
}

Server::Server(net::Limits limits) : http(io.get_executor(), handler, limits), tasks(io.get_executor()) {
    const auto bound = http.listen("127.0.0.1:0");
    REQUIRE(bound);
    port = *bound;
    tasks.spawn("server", http.run());
}

void Server::stop() {
    if (std::exchange(has_ended, true)) return;
    run(io, ended(tasks));
}

net::Url Server::url(const std::string& scheme, const std::string& target) const {
    return {scheme, "127.0.0.1", port, target};
}

net::ClientOptions Server::options(const std::string& target, net::Limits limits) const {
    return {url(target == "/echo" ? "ws" : "http", target), {}, {}, limits};
}

Peer::Peer(Script script)
    : script_(std::move(script)),
      acceptor_(io, Tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
      tasks_(io.get_executor()) {
    port = acceptor_.local_endpoint().port();
    tasks_.spawn("peer", accept());
}

Peer::~Peer() {
    run(io, ended(tasks_));
}

net::ClientOptions Peer::options(const std::string& scheme, net::Limits limits) const {
    return {{scheme, "127.0.0.1", port, "/"}, {}, {}, limits};
}

async::Task<> Peer::accept() {
    for (;;) {
        auto [code, socket] = co_await acceptor_.async_accept(async::as_result);
        if (code) co_return;
        tasks_.spawn("script", script_(std::move(socket)));
    }
}

async::Task<std::string> read_head(Tcp::socket& socket) {
    std::string head;
    co_await asio::async_read_until(socket, asio::dynamic_buffer(head), "\r\n\r\n", async::as_result);
    co_return head;
}

async::Task<> send(Tcp::socket& socket, std::string_view bytes) {
    co_await asio::async_write(socket, asio::buffer(bytes), async::as_result);
}

async::Task<std::optional<std::string>> read_all(Tcp::socket& socket, std::chrono::nanoseconds limit) {
    std::string all;
    const auto end =
        co_await (asio::async_read(socket, asio::dynamic_buffer(all), async::as_result) || async::sleep_for(limit));
    if (end.index() == 1) co_return std::nullopt;
    co_return all;
}

async::Task<Tcp::socket> connect_raw(std::uint16_t port) {
    Tcp::socket socket(co_await asio::this_coro::executor);
    const Tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port);
    co_await socket.async_connect(endpoint, asio::use_awaitable);
    co_return socket;
}

std::string upgrade_answer(const std::string& head) {
    static constexpr std::string_view kName = "Sec-WebSocket-Key: ";
    const auto start = head.find(kName) + kName.size();
    const auto key = head.substr(start, head.find('\r', start) - start) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[SHA_DIGEST_LENGTH];
    unsigned char text[32];
    SHA1(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest);
    EVP_EncodeBlock(text, digest, sizeof digest);
    const std::string accept(reinterpret_cast<const char*>(text));
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Accept: " +
           accept + "\r\n\r\n";
}

async::Task<> accept_upgrade(Tcp::socket& socket) {
    const auto head = co_await read_head(socket);
    co_await send(socket, upgrade_answer(head));
}

Script answers(std::string answer) {
    return [answer](Tcp::socket socket) {
        return [](Tcp::socket held, std::string text) -> async::Task<> {
            co_await read_head(held);
            co_await send(held, text);
        }(std::move(socket), answer);
    };
}

std::string frame(int first, std::string_view payload) {
    std::string bytes(1, static_cast<char>(first));
    if (payload.size() < 126) {
        bytes += static_cast<char>(payload.size());
    } else {
        bytes += static_cast<char>(126);
        bytes += static_cast<char>(payload.size() >> 8);
        bytes += static_cast<char>(payload.size());
    }
    return bytes.append(payload);
}

std::string masked_frame(int first, std::string_view payload) {
    std::string bytes = frame(first, payload);
    const std::size_t head = bytes.size() - payload.size();
    bytes[1] = static_cast<char>(bytes[1] | 0x80);
    return bytes.insert(head, 4, '\0');
}

async::Task<base::Result<std::unique_ptr<net::WebSocket>>> connect(const net::ClientOptions& options) {
    net::Refusal ignored;
    co_return co_await net::connect_websocket(options, ignored);
}

}  // namespace net_test

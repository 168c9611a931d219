#include "net/stream.hpp"

namespace net {
namespace {

namespace asio = async::asio;
using async::operator||;
using boost::system::error_code;

class TcpLayer final : public Layer {
public:
    explicit TcpLayer(Tcp::socket socket) : socket_(std::move(socket)) {}

    Tcp::socket& tcp() override { return socket_; }
    void read_some(const Room& room, Completion done) override { socket_.async_read_some(room, std::move(done)); }
    void write_some(const Pieces& pieces, Completion done) override {
        socket_.async_write_some(pieces, std::move(done));
    }
    async::Task<error_code> shut_down() override {
        error_code ignored;
        socket_.shutdown(Tcp::socket::shutdown_send, ignored);
        co_return error_code();
    }

private:
    Tcp::socket socket_;
};

async::Task<error_code> shut_down_and_wait(Layer& layer) {
    const error_code said = co_await layer.shut_down();
    char rest[2048];
    for (;;) {
        const auto [code, bytes] = co_await layer.tcp().async_read_some(asio::buffer(rest), async::as_result);
        if (code) co_return said;
    }
}

}  // namespace

Stream::Stream(Tcp::socket socket) : layer_(std::make_unique<TcpLayer>(std::move(socket))) {}

async::Task<error_code> Stream::end(std::chrono::nanoseconds patience) {
    const auto ended = co_await (shut_down_and_wait(*layer_) || async::sleep_for(patience));
    error_code ignored;
    tcp().close(ignored);
    co_return ended.index() == 0 ? std::get<0>(ended) : error_code();
}

}  // namespace net

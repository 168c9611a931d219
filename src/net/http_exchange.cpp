#include "net/http_exchange.hpp"

#include <boost/asio/ssl/error.hpp>

#include "net/errors.hpp"

namespace net {
namespace {

namespace asio = async::asio;
using base::Result;
using boost::system::error_code;

constexpr std::size_t kReadBytes = 16 << 10;

struct Transferred {
    error_code code;
    std::size_t bytes;
};

async::Task<Result<Transferred>> read_some(Stream& stream, std::string& room) {
    const auto [code, bytes] = co_await stream.async_read_some(asio::buffer(room), async::as_result);
    co_return Transferred{code, bytes};
}

async::Task<> write(Stream& stream, const Exchange& exchange, Progress& progress) {
    const bool was_sent_before = std::exchange(progress.was_sent, true);
    std::array<asio::const_buffer, 2> pieces{asio::buffer(exchange.head), asio::buffer(exchange.body)};
    const auto [code, bytes] = co_await asio::async_write(stream, pieces, async::as_result);
    progress.was_sent = was_sent_before || bytes > 0;
}

}  // namespace

async::Task<Result<Answered>> exchange_over(Stream& stream, const Exchange& exchange, Progress& progress) {
    // What cannot be written may still have been answered: a server can refuse a body before its end.
    co_await write(stream, exchange, progress);
    HttpAnswer answer(exchange.answer);
    std::string room(kReadBytes, '\0');
    while (!answer.is_complete()) {
        const auto read = co_await async::with_timeout(exchange.silence, read_some(stream, room));
        if (!read) co_return read.error();
        progress.has_begun = progress.has_begun || read->bytes > 0;
        const bool has_ended = read->code == asio::error::eof || read->code == asio::ssl::error::stream_truncated;
        if (read->code && !has_ended) co_return network_error(read->code);
        auto taken = has_ended ? answer.end() : answer.add(std::string_view(room).substr(0, read->bytes));
        if (!taken && answer.is_failure_status()) break;
        if (!taken) co_return std::move(taken).error();
    }
    co_return answer.take();
}

}  // namespace net

// One connection as a stream of bytes, whatever lies beneath: TCP, TLS over it, or TLS over the TLS to a proxy. A
// single type, so that Beast and Asio's composed operations are compiled once.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "net/dial.hpp"

namespace net {

/// A completion handler of any type, with the executor and the cancellation slot that it came with.
class Completion {
public:
    using executor_type = async::asio::any_io_executor;
    using cancellation_slot_type = async::asio::cancellation_slot;

    template <typename Handler>
    Completion(Handler handler, const executor_type& fallback)
        : executor_(async::asio::get_associated_executor(handler, fallback)),
          slot_(async::asio::get_associated_cancellation_slot(handler)),
          held_(std::make_unique<Held<Handler>>(std::move(handler))) {}

    executor_type get_executor() const noexcept { return executor_; }
    cancellation_slot_type get_cancellation_slot() const noexcept { return slot_; }
    void operator()(boost::system::error_code code, std::size_t bytes) {
        held_->complete(std::move(held_), code, bytes);
    }

private:
    struct Base {
        virtual ~Base() = default;
        virtual void complete(std::unique_ptr<Base> self, boost::system::error_code code, std::size_t bytes) = 0;
    };
    template <typename Handler>
    struct Held final : Base {
        explicit Held(Handler given) : handler(std::move(given)) {}
        /// Frees this first: the handler may start the next operation.
        void complete(std::unique_ptr<Base> self, boost::system::error_code code, std::size_t bytes) override {
            Handler taken = std::move(handler);
            self.reset();
            std::move(taken)(code, bytes);
        }
        Handler handler;
    };

    executor_type executor_;
    cancellation_slot_type slot_;
    std::unique_ptr<Base> held_;
};

/// The first few buffers of a sequence of any type: a head and what follows it leave in one system call.
template <typename Buffer>
class FewBuffers {
public:
    template <typename Buffers>
    explicit FewBuffers(const Buffers& buffers) {
        const auto end = async::asio::buffer_sequence_end(buffers);
        for (auto at = async::asio::buffer_sequence_begin(buffers); at != end && count_ < held_.size(); ++at)
            if (const Buffer buffer(*at); buffer.size() > 0) held_[count_++] = buffer;
    }

    using value_type = Buffer;
    const Buffer* begin() const { return held_.data(); }
    const Buffer* end() const { return held_.data() + count_; }

private:
    std::array<Buffer, 4> held_{};
    std::size_t count_ = 0;
};
using Room = FewBuffers<async::asio::mutable_buffer>;
using Pieces = FewBuffers<async::asio::const_buffer>;

/// What a Stream is made of.
class Layer {
public:
    virtual ~Layer() = default;
    virtual Tcp::socket& tcp() = 0;
    virtual void read_some(const Room& room, Completion done) = 0;
    virtual void write_some(const Pieces& pieces, Completion done) = 0;
    /// Tells the peer that nothing more will come; what it says instead of the same, if it does.
    virtual async::Task<boost::system::error_code> shut_down() = 0;
};

/// Owns the connection: the destructor drops it without a word. What Asio calls an AsyncReadStream and
/// AsyncWriteStream.
class Stream {
public:
    explicit Stream(Tcp::socket socket);
    explicit Stream(std::unique_ptr<Layer> layer) : layer_(std::move(layer)) {}

    using executor_type = Tcp::socket::executor_type;
    using lowest_layer_type = Tcp::socket::lowest_layer_type;
    using next_layer_type = Tcp::socket;
    executor_type get_executor() { return tcp().get_executor(); }
    lowest_layer_type& lowest_layer() { return tcp().lowest_layer(); }
    const lowest_layer_type& lowest_layer() const { return layer_->tcp().lowest_layer(); }
    next_layer_type& next_layer() { return tcp(); }
    Tcp::socket& tcp() { return layer_->tcp(); }

    template <typename Buffers, typename Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        return async::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
            [this](auto handler, const Room& room) {
                layer_->read_some(room, Completion(std::move(handler), get_executor()));
            },
            token, Room(buffers));
    }
    template <typename Buffers, typename Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        return async::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
            [this](auto handler, const Pieces& pieces) {
                layer_->write_some(pieces, Completion(std::move(handler), get_executor()));
            },
            token, Pieces(buffers));
    }

    /// See Layer.
    async::Task<boost::system::error_code> shut_down() { return layer_->shut_down(); }
    /// Ends our side in order, and waits at most `patience` for the peer to end its own, so that what was sent last
    /// arrives: a close over unread bytes would take it back. Then closes. What the peer says instead of its end.
    async::Task<boost::system::error_code> end(std::chrono::nanoseconds patience);

private:
    std::unique_ptr<Layer> layer_;
};

}  // namespace net

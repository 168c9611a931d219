// Limits of the transports (specification: "WebSocket Message Size Limits", "Plain HTTP Message Size Limits").
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace net {

struct Limits {
    std::uint64_t receive_bytes = 64u << 20;  ///< A message over it is refused; the connection is closed with 1009.
    std::uint64_t send_bytes = 64u << 20;     ///< A message over it is not sent.
    std::chrono::nanoseconds handshake{std::chrono::seconds(10)};  ///< From TCP connect to the end of the upgrade.
    std::chrono::nanoseconds close{std::chrono::seconds(2)};       ///< For the closing handshake.
    std::chrono::nanoseconds idle{
        std::chrono::seconds(30)};  ///< The patience for a request's head, or for the peer's next bytes.
    std::chrono::nanoseconds exchange{
        std::chrono::minutes(5)};    ///< A client's, from a request to the end of its answer.
    std::size_t connections = 4096;  ///< Of one server; further ones are closed at once.
    friend bool operator==(const Limits&, const Limits&) = default;
};

}  // namespace net

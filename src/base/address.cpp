#include "base/address.hpp"

#include <arpa/inet.h>

#include "base/number.hpp"

namespace base {
namespace {

/// An IPv6 address may name the interface that it is of: "fe80::1%eth0".
bool is_ip(int family, const std::string& text) {
    const std::string ip = family == AF_INET6 ? text.substr(0, text.find('%')) : text;
    unsigned char bytes[sizeof(in6_addr)];
    return ip.find('\0') == std::string::npos && ::inet_pton(family, ip.c_str(), bytes) == 1;
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
    std::string ip(text.substr(0, colon));
    const bool is_bracketed = ip.size() > 2 && ip.front() == '[' && ip.back() == ']';
    if (is_bracketed) ip = ip.substr(1, ip.size() - 2);
    if (ip == "localhost" && !is_bracketed) ip = "127.0.0.1";
    if (!port || !is_ip(is_bracketed ? AF_INET6 : AF_INET, ip)) return std::nullopt;
    return Address{std::move(ip), *port};
}

}  // namespace base

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include "net/proxy.hpp"

namespace net {
namespace {

namespace ip = boost::asio::ip;
using boost::system::error_code;

std::optional<ip::address> address_of(std::string_view host) {
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    error_code code;
    const auto address = ip::make_address(std::string(host), code);
    return code ? std::nullopt : std::optional(address);
}

bool ends_with_token(std::string_view host, std::string_view suffix) {
    return host.size() > suffix.size() && is_same_token(host.substr(host.size() - suffix.size()), suffix);
}

bool is_this_machine(const std::string& host) {
    const auto address = address_of(host);
    return address ? address->is_loopback() : is_same_token(host, "localhost") || ends_with_token(host, ".localhost");
}

template <typename Network, typename Address>
bool contains(const Network& network, const Address& address) {
    return Network(address, network.prefix_length()).canonical() == network.canonical();
}

bool is_in_network(const ip::address& address, const std::string& network) {
    error_code code;
    if (address.is_v4()) {
        const auto parsed = ip::make_network_v4(network, code);
        return !code && contains(parsed, address.to_v4());
    }
    const auto parsed = ip::make_network_v6(network, code);
    return !code && contains(parsed, address.to_v6());
}

bool excepts_host(std::string_view entry, const std::string& host) {
    const auto address = address_of(host);
    if (address && entry.find('/') != std::string_view::npos) return is_in_network(*address, std::string(entry));
    if (const auto excepted = address_of(entry)) return address == excepted;
    if (entry.starts_with("*.")) entry.remove_prefix(1);
    if (entry.starts_with('.')) return ends_with_token(host, entry);
    return is_same_token(host, entry) || ends_with_token(host, "." + std::string(entry));
}

/// The port at the end of "host:port" or "[address]:port", as written.
std::string_view port_of(std::string_view entry) {
    const auto colon = entry.rfind(':');
    if (colon == std::string_view::npos || address_of(entry) || entry.find('/') != std::string_view::npos) return {};
    return entry.substr(colon + 1);
}

bool excepts(std::string_view entry, const Url& target) {
    if (entry == "*") return true;
    const auto port = port_of(entry);
    if (port.empty()) return excepts_host(entry, target.host);
    entry.remove_suffix(port.size() + 1);
    return port == std::to_string(target.port) && excepts_host(entry, target.host);
}

bool is_excepted(std::string_view list, const Url& target) {
    while (!list.empty()) {
        const auto end = std::min(list.find_first_of(", \t"), list.size());
        if (end > 0 && excepts(list.substr(0, end), target)) return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

std::string either(const Variable& variable, const char* capitals, const char* small) {
    auto value = variable(capitals);
    return value.empty() ? variable(small) : value;
}

}  // namespace

bool is_reached_directly(const Url& target, const Variable& variable) {
    return is_this_machine(target.host) || is_excepted(either(variable, "NO_PROXY", "no_proxy"), target);
}

std::optional<std::string> proxy_from_environment(const Url& target, const Variable& variable) {
    const auto proxy =
        target.is_tls() ? either(variable, "HTTPS_PROXY", "https_proxy") : either(variable, "HTTP_PROXY", "http_proxy");
    if (proxy.empty() || is_reached_directly(target, variable)) return std::nullopt;
    return proxy;
}

}  // namespace net

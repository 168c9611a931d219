#include "server/same_origin.hpp"

#include <boost/asio/ip/address.hpp>

namespace server {
namespace {

bool is_own_host(std::string_view host, std::string_view listen_host) {
    if (host == "localhost" || host == listen_host) return !host.empty();
    boost::system::error_code not_an_address;
    const auto address = boost::asio::ip::make_address(std::string(host), not_an_address);
    if (not_an_address) return false;
    return address.is_loopback() || listen_host == "0.0.0.0" || listen_host == "::";
}

bool is_harmless(const net::HttpRequest& request) {
    return (request.method == "GET" || request.method == "HEAD") && request.header("Upgrade").empty();
}

}  // namespace

std::string_view host_of(std::string_view authority) {
    if (authority.starts_with('[')) return authority.substr(1, authority.find(']') - 1);
    return authority.substr(0, authority.rfind(':'));
}

base::Result<void> check_origin(const net::HttpRequest& request, std::string_view listen) {
    const std::string_view host = request.header("Host");
    if (!is_own_host(host_of(host), host_of(listen)))
        return base::Error(base::Kind::refused, "the Host '" + std::string(host) + "' is not this server");
    const std::string_view origin = request.header("Origin");
    if (is_harmless(request) || origin.empty() || origin == "http://" + std::string(host)) return {};
    return base::Error(base::Kind::refused, "the Origin '" + std::string(origin) + "' is not this server's page");
}

}  // namespace server

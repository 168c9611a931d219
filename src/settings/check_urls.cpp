#include <boost/url/parse.hpp>

#include <cctype>

#include "base/number.hpp"
#include "settings/checks.hpp"

namespace settings {
namespace {

namespace urls = boost::urls;

bool is_port(std::string_view text) {
    return base::parse_number<std::uint16_t>(text).value_or(0) != 0;
}

/// What holds for every URL here. `example` is what to write instead.
Complaint good_url(const urls::url_view& url, const std::string& example) {
    if (!url.has_authority() || url.encoded_host().empty()) return "has no host (write " + example + ")";
    if (url.has_port() && !is_port({url.port().data(), url.port().size()}))
        return "has a bad port (write one from 1 to 65535)";
    if (url.has_fragment()) return "has a fragment, '#…' (remove it)";
    return std::nullopt;
}

std::string scheme_of(std::string_view text) {
    const auto end = text.find("://");
    std::string scheme;
    if (end == std::string_view::npos) return scheme;
    for (const char c : text.substr(0, end)) scheme += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return scheme;
}

Complaint parsed_url(std::string_view text, const std::string& example) {
    const auto url = urls::parse_uri({text.data(), text.size()});
    if (!url) return "is not a URL (write " + example + ")";
    if (url->has_userinfo())
        return "has a user name or password in it (remove it; what the OpAMP server wants goes into server.headers)";
    return good_url(*url, example);
}

bool is_this_machine(std::string_view text) {
    const auto url = urls::parse_uri({text.data(), text.size()});
    if (!url) return false;
    if (url->host_type() == urls::host_type::ipv4) return url->host_ipv4_address().is_loopback();
    if (url->host_type() == urls::host_type::ipv6) return url->host_ipv6_address().is_loopback();
    const std::string host = url->host();
    return host == "localhost";
}

/// Of an agent: it need not be there yet.
Complaint socket_to_ask(Item item, const Environment& environment) {
    constexpr std::size_t kLongest = 107;  // of sockaddr_un
    item.text = absolute(item.text, environment).string();
    if (item.text.size() > kLongest) return "is too long for a socket (at most " + std::to_string(kLongest) + " bytes)";
    return std::nullopt;
}

}  // namespace

Complaint opamp_url(Item item, const Environment&) {
    const std::string example = "ws://HOST:PORT/v1/opamp";
    const std::string scheme = scheme_of(item.text);
    if (scheme.empty()) return "does not begin with a scheme (write " + example + ")";
    if (scheme != "ws" && scheme != "wss" && scheme != "http" && scheme != "https")
        return "does not begin with ws://, wss://, http:// or https:// (write " + example + ")";
    return parsed_url(item.text, example);
}

Complaint http_url(Item item, const Environment&) {
    const std::string example = "http://127.0.0.1:PORT/PATH";
    const std::string scheme = scheme_of(item.text);
    if (scheme != "http" && scheme != "https") return "does not begin with http:// or https:// (write " + example + ")";
    return parsed_url(item.text, example);
}

EndpointShape shape_of_endpoint(std::string_view text) {
    if (text.find("://") != std::string_view::npos) return EndpointShape::url;
    if (text.starts_with('@') || text.find('/') != std::string_view::npos) return EndpointShape::socket;
    const std::size_t colon = text.rfind(':');
    const std::string_view host = text.substr(0, colon);
    const bool is_bare_ipv6 = host.find(':') != std::string_view::npos && !(host.front() == '[' && host.back() == ']');
    const bool is_address = colon != std::string_view::npos && !host.empty() && !is_bare_ipv6;
    return is_address && is_port(text.substr(colon + 1)) ? EndpointShape::address : EndpointShape::other;
}

/// Which of them it has to be is said by the probe's type.
Complaint probe_endpoint(Item item, const Environment& environment) {
    switch (shape_of_endpoint(item.text)) {
    case EndpointShape::url: return http_url(item, environment);
    case EndpointShape::socket: return item.text.starts_with('@') ? std::nullopt : socket_to_ask(item, environment);
    case EndpointShape::address: return std::nullopt;
    case EndpointShape::other: break;
    }
    return "is not a URL, an address or a socket (write http://127.0.0.1:PORT/PATH, 127.0.0.1:PORT or /PATH)";
}

/// A user name and password may stand in it: they are for the proxy.
Complaint proxy_url(Item item, const Environment&) {
    const std::string example = "http://HOST:PORT";
    const std::string whole = item.text.find("://") == std::string::npos ? "http://" + item.text : item.text;
    const std::string scheme = scheme_of(whole);
    if (scheme != "http" && scheme != "https") return "does not begin with http:// or https:// (write " + example + ")";
    const auto url = urls::parse_uri(whole);
    if (!url) return "is not a URL (write " + example + ")";
    return good_url(*url, example);
}

Complaint token_url(Item item, const Environment&) {
    const std::string example = "https://HOST/PATH";
    const std::string scheme = scheme_of(item.text);
    if (scheme != "http" && scheme != "https") return "does not begin with https:// (write " + example + ")";
    if (auto complaint = parsed_url(item.text, example)) return complaint;
    if (scheme == "http" && !is_this_machine(item.text))
        return "would send the client's secret readable for everyone (write " + example + ")";
    return std::nullopt;
}

}  // namespace settings

#include "net/url.hpp"

#include <algorithm>
#include <boost/url.hpp>
#include <cctype>
#include <optional>

#include "base/bytes.hpp"
#include "base/number.hpp"

namespace net {
namespace {

using base::Error;
using base::Kind;

Error invalid(std::string message) {
    return {Kind::invalid, std::move(message)};
}

/// For an error: without what may be a secret, before an '@' or after a '?'.
std::string in_quotes(std::string_view text) {
    const auto scheme_end = text.find("://");
    const std::size_t rest = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
    std::string shown(text.substr(0, text.find('?')));
    if (shown.size() != text.size()) shown += "?…";
    if (const auto at = shown.rfind('@'); at != std::string::npos && at > rest) shown.replace(rest, at - rest, "…");
    return "'" + base::shortened(shown, 200) + "'";
}

std::uint16_t default_port(std::string_view scheme) {
    return scheme == "wss" || scheme == "https" ? 443 : 80;
}

bool is_supported(std::string_view scheme) {
    return scheme == "ws" || scheme == "wss" || scheme == "http" || scheme == "https";
}

std::string bracketed(const std::string& host) {
    return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

std::string lower_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

/// 0 where `digits` is no port.
std::uint16_t parse_port(std::string_view digits) {
    return base::parse_number<std::uint16_t>(digits).value_or(0);
}

/// Of what was percent-encoded: a line end must not get into the lines in which the host is named to servers and
/// proxies.
bool is_host(std::string_view host) {
    constexpr std::string_view kOthers = "-._~!$&'()*+,;=:";  // RFC 3986, 3.2.2, and the colons of IPv6
    return std::all_of(host.begin(), host.end(), [&](unsigned char c) {
        return c < 0x80 && (std::isalnum(c) != 0 || kOthers.find(static_cast<char>(c)) != std::string_view::npos);
    });
}

/// A part that an endpoint must not have.
std::optional<Error> superfluous_part(const boost::urls::url_view& url) {
    if (url.has_userinfo())
        return invalid("a user name in the URL is not supported").hint("send an Authorization header instead");
    if (url.has_fragment()) return invalid("a fragment ('#...') in the URL is not supported");
    return std::nullopt;
}

}  // namespace

std::string Url::authority() const {
    return bracketed(host) + ":" + std::to_string(port);
}

std::string Url::host_header() const {
    return port == default_port(scheme) ? bracketed(host) : authority();
}

base::Result<Url> parse_url(std::string_view text) {
    if (text.find("://") == std::string_view::npos)
        return invalid(in_quotes(text) + " has no scheme").hint("write ws://HOST:PORT/PATH, or wss, http, https");
    const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
    if (!parsed) return invalid(in_quotes(text) + " is not a URL");
    if (auto error = superfluous_part(*parsed)) return std::move(*error);

    Url url;
    url.scheme = lower_case(parsed->scheme());
    if (!is_supported(url.scheme))
        return invalid("the scheme " + in_quotes(url.scheme) + " is not supported")
            .hint("write ws, wss, http or https");
    url.host = parsed->host_address();
    if (url.host.empty()) return invalid(in_quotes(text) + " has no host");
    if (!is_host(url.host))
        return invalid(in_quotes(text) + " has characters in its host that no name has")
            .hint("write it in ASCII (xn--…)");
    url.target = parsed->encoded_target();
    // The library takes what is not a digit for the beginning of the path.
    const bool has_path = url.target.empty() || url.target.front() == '/' || url.target.front() == '?';
    const std::string_view port = parsed->port();
    url.port = port.empty() ? default_port(url.scheme) : parse_port(port);
    if (!has_path || url.port == 0)
        return invalid("the port in " + in_quotes(text) + " is not a number from 1 to 65535");
    if (url.target.empty() || url.target.front() != '/') url.target.insert(0, "/");
    return url;
}

}  // namespace net

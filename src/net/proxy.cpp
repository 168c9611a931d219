#include "net/proxy.hpp"

#include <boost/url.hpp>

#include "base/bytes.hpp"

namespace net {
namespace {

using base::Error;
using base::Kind;
using base::Result;

struct Parts {
    std::string without_credentials;
    std::string credentials;  ///< As written: percent-encoded.
};

/// Takes the credentials out first, so that no error about the rest can show them.
Parts take_apart(std::string_view text) {
    const auto scheme_end = text.find("://");
    const auto start = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
    const auto at = text.rfind('@', text.find_first_of("/?#", start));
    const bool has_credentials = at != std::string_view::npos && at >= start;
    Parts parts;
    if (has_credentials) parts.credentials = text.substr(start, at - start);
    const std::string_view scheme = start == 0 ? "http://" : text.substr(0, start);
    parts.without_credentials = std::string(scheme).append(text.substr(has_credentials ? at + 1 : start));
    return parts;
}

/// Spec: RFC 7617.
Result<Header> basic_authorization(const std::string& credentials) {
    const auto view = boost::urls::make_pct_string_view({credentials.data(), credentials.size()});
    if (!view) return Error(Kind::invalid, "the proxy's user or password is not percent-encoded");
    const auto colon = credentials.find(':');
    const auto decoded = [](std::string_view part) {
        std::string out;
        boost::urls::pct_string_view(boost::urls::string_view(part.data(), part.size()))
            .decode({}, boost::urls::string_token::assign_to(out));
        return out;
    };
    const std::string user = decoded(std::string_view(credentials).substr(0, colon));
    const std::string password =
        colon == std::string::npos ? "" : decoded(std::string_view(credentials).substr(colon + 1));
    return Header{"Proxy-Authorization", "Basic " + base::to_base64(user + ":" + password)};
}

}  // namespace

Result<Proxy> parse_proxy(std::string_view text) {
    if (text.empty()) return Error(Kind::invalid, "the URL of the proxy is empty");
    const Parts parts = take_apart(text);
    auto url = parse_url(parts.without_credentials);
    if (!url) return std::move(url).error().within("proxy");
    if (url->is_websocket())
        return Error(Kind::invalid, "a proxy of the scheme '" + url->scheme + "' is not supported")
            .hint("write http or https");
    if (url->target != "/") return Error(Kind::invalid, "the URL of a proxy has no path");
    Proxy proxy{std::move(*url), {}};
    if (parts.credentials.empty()) return proxy;
    auto header = basic_authorization(parts.credentials);
    if (!header) return std::move(header).error();
    proxy.connect_headers.push_back(std::move(*header));
    return proxy;
}

}  // namespace net

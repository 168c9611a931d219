#include "health/http_probe.hpp"

#include <algorithm>

#include "base/glob.hpp"

namespace health {
namespace {

using base::Error;
using base::Kind;

bool is_good(unsigned status, const std::vector<StatusRange>& good) {
    return std::ranges::any_of(good,
                               [&](const StatusRange& range) { return status >= range.first && status <= range.last; });
}

/// Without the query, which may be a secret.
std::string text_of(const net::Url& url) {
    return url.authority() + url.target.substr(0, url.target.find('?'));
}

}  // namespace

async::Task<base::Result<net::HttpResponse>> get(const HttpProbe& probe, std::size_t most_of_body) {
    net::ClientOptions options;
    options.url = probe.url;
    options.tls = probe.tls;
    options.limits.handshake = probe.timeout;
    auto response = co_await net::http_get(options, most_of_body);
    if (response && !is_good(response->status, probe.good))
        co_return Error(Kind::refused, "HTTP " + std::to_string(response->status) + " from " + text_of(probe.url));
    co_return response;
}

async::Task<base::Result<void>> ask(const HttpProbe& probe) {
    auto response = co_await get(probe, net::kProbeBody);
    if (!response) co_return std::move(response).error();
    if (!probe.body.empty() && !base::has_line(response->body, probe.body))
        co_return Error(Kind::not_found, "no line from " + text_of(probe.url) + " matches '" + probe.body + "'");
    co_return base::Result<void>();
}

}  // namespace health

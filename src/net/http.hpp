// Requests and responses of HTTP as values.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace net {

struct Header {
    std::string name;
    std::string value;
    friend bool operator==(const Header&, const Header&) = default;
};

/// The first header of that name in any case, or empty.
std::string_view find_header(const std::vector<Header>& headers, std::string_view name);

/// Whether names and values are such that they cannot break out of their line. Errors: invalid, naming the header.
base::Result<void> check_headers(const std::vector<Header>& headers);

struct HttpRequest {
    std::string method;
    std::string target;  ///< Path and query as sent.
    std::vector<Header> headers;
    std::string body;
    std::string peer;  ///< "127.0.0.1:54321"

    std::string_view header(std::string_view name) const { return find_header(headers, name); }
    /// `target` without the query.
    std::string_view path() const;
};

struct HttpResponse {
    unsigned status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
    std::vector<Header> headers;
    bool may_be_compressed = false;  ///< By a server, where the client accepts it; up to 1 MiB.

    std::string_view header(std::string_view name) const { return find_header(headers, name); }
};

/// Whether these headers of a request say that its answer may be gzipped. Spec: RFC 9110, 12.5.3.
bool accepts_gzip(const std::vector<Header>& headers);

/// The value of Retry-After, seconds or an HTTP date, as the time left from `now`; at most ten years.
/// Spec    RFC 9110, 10.2.3 and 5.6.7 with the two obsolete forms of a date.
std::optional<std::chrono::nanoseconds> parse_retry_after(std::string_view value,
                                                          std::chrono::system_clock::time_point now);

/// Whether two tokens of HTTP are the same, whatever their case.
bool is_same_token(std::string_view a, std::string_view b);

}  // namespace net

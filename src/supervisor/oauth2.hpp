// OAuth 2.0 client credentials (RFC 6749, 4.4) as texts: the request for a token, its answer, and how long that is
// good. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"

namespace supervisor::oauth2 {

struct Client {
    std::string id;
    std::string secret;
};

/// The body of the request, application/x-www-form-urlencoded. `params` may hold an audience and the like.
std::string request_body(const std::vector<std::string>& scopes, const std::map<std::string, std::string>& params);
/// The value of the request's Authorization header. Spec: RFC 6749, 2.3.1: both halves are encoded as in a form first.
std::string basic_authorization(const Client& client);

struct Token {
    std::string value;
    std::optional<base::Duration> lifetime;  ///< Not known: good until it is refused.
};

/// Errors: refused (400, 401 and other refusals, with the server's own words as far as they do not repeat the secret),
/// io (the server failed), invalid (not the answer that the RFC describes).
base::Result<Token> read_answer(unsigned http_status, std::string_view body, const Client& client);

/// How long after it was asked for the token is to be replaced: after 90 % of its lifetime, but 10 s before its end
/// where that is earlier.
base::Duration refresh_after(base::Duration lifetime);

/// Whether `text` may stand behind "Bearer " in a header. Spec: RFC 6750, 2.1, and what is found in the wild: any
/// visible ASCII.
bool is_bearer_token(std::string_view text);

}  // namespace supervisor::oauth2

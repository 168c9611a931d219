#include "supervisor/credentials.hpp"

#include "base/files.hpp"
#include "net/url.hpp"
#include "supervisor/connection_options.hpp"

namespace supervisor {
namespace {

using base::Error;
using base::Kind;
using base::Result;

constexpr std::uint64_t kMostTokenBytes = 64u << 10;

/// The file's text without blanks around it: editors and `echo` leave a line end.
Result<std::string> read_secret(const std::string& file) {
    auto text = base::read_file(file, kMostTokenBytes);
    if (!text) return std::move(text).error();
    constexpr std::string_view kBlanks = " \t\r\n";
    const std::size_t begin = text->find_first_not_of(kBlanks);
    if (begin == std::string::npos) return Error(Kind::invalid, "'" + file + "' is empty");
    return text->substr(begin, text->find_last_not_of(kBlanks) + 1 - begin);
}

}  // namespace

async::Task<Result<std::vector<net::Header>>> Credentials::headers() {
    std::vector<net::Header> headers;
    const bool is_none = options_.auth.bearer_token_file.empty() && options_.auth.oauth2.token_url.empty();
    if (is_none) co_return headers;
    if (refusals_ >= 2) {
        refusals_ = 1;  // the next attempt has one fresh token
        co_return Error(Kind::refused, "the server refused the token, and a fresh one too");
    }
    auto value = co_await token();
    if (!value) co_return std::move(value).error();
    headers.push_back({"Authorization", "Bearer " + *value});
    co_return headers;
}

bool Credentials::refused() {
    token_.clear();
    refresh_at_.reset();
    return ++refusals_ < 2;
}

async::Task<Result<std::string>> Credentials::token() {
    if (!options_.auth.bearer_token_file.empty()) co_return token_from_file();
    const bool is_due = refresh_at_ && options_.now() >= *refresh_at_;
    if (!token_.empty() && !is_due) co_return token_;
    auto fresh = co_await token_from_server();
    const bool is_still_good = !token_.empty() && ends_at_ && options_.now() < *ends_at_;
    if (!fresh && is_still_good) co_return token_;
    if (!fresh) co_return std::move(fresh).error().within("asking for a token");
    co_return fresh;
}

Result<std::string> Credentials::token_from_file() const {
    auto token = read_secret(options_.auth.bearer_token_file);
    if (!token) return std::move(token).error().within("reading the bearer token");
    if (!oauth2::is_bearer_token(*token))
        return Error(Kind::invalid, "'" + options_.auth.bearer_token_file + "' has more in it than one token");
    return token;
}

Result<std::string> Credentials::client_secret() const {
    const settings::OAuth2& wanted = options_.auth.oauth2;
    return wanted.client_secret_file.empty() ? Result<std::string>(wanted.client_secret)
                                             : read_secret(wanted.client_secret_file);
}

async::Task<Result<std::string>> Credentials::token_from_server() {
    const settings::OAuth2& wanted = options_.auth.oauth2;
    auto secret = client_secret();
    if (!secret) co_return std::move(secret).error();
    auto url = net::parse_url(wanted.token_url);
    if (!url) co_return std::move(url).error();
    const oauth2::Client client{wanted.client_id, *std::move(secret)};

    net::ClientOptions request;
    request.url = *std::move(url);
    auto proxy = proxy_beside(options_.proxy, request.url, options_.variable);
    if (!proxy) co_return std::move(proxy).error();
    request.proxy = *std::move(proxy);
    request.tls = options_.tls;
    request.limits = options_.limits;
    request.headers.push_back({"Authorization", oauth2::basic_authorization(client)});
    request.headers.push_back({"Accept", "application/json"});
    const std::string body = oauth2::request_body(wanted.scopes, wanted.endpoint_params);
    const std::string content_type = "application/x-www-form-urlencoded";
    // The lifetime is counted from before the request: it must not seem longer than it is.
    const auto asked_at = options_.now();
    auto response = co_await net::http_post(request, content_type, body);
    if (!response) co_return std::move(response).error().within(request.url.authority());
    auto token = oauth2::read_answer(response->status, response->body, client);
    if (!token) co_return std::move(token).error();
    token_ = std::move(token->value);
    refresh_at_.reset();
    ends_at_.reset();
    if (token->lifetime) {
        refresh_at_ = asked_at + oauth2::refresh_after(*token->lifetime);
        ends_at_ = asked_at + *token->lifetime;
    }
    co_return token_;
}

Credentials::Options credentials_options(const settings::Server& server) {
    Credentials::Options options;
    options.auth = server.auth;
    options.proxy = server.proxy;
    options.variable = environment_variable;
    options.tls.ca_file = server.tls.ca_file;
    options.tls.ca_pem = server.tls.ca_pem;
    options.tls.include_system_ca_certs_pool = server.tls.include_system_ca_certs_pool;
    return options;
}

}  // namespace supervisor

#include "supervisor/credentials.hpp"

#include <catch2/catch.hpp>

#include "net/http_server.hpp"
#include "support/run.hpp"
#include "support/temp_folder.hpp"

using base::Kind;
using supervisor::Credentials;
using namespace std::chrono_literals;

namespace {

/// A token server that gives out token-1, token-2, …, unless it is told what to answer.
class TokenServer : public net::HttpHandler {
public:
    async::Task<net::HttpResponse> respond(net::HttpRequest request) override {
        requests.push_back(std::move(request));
        net::HttpResponse response;
        response.status = status;
        response.content_type = "application/json";
        response.body = body.empty() ? "{\"access_token\": \"token-" + std::to_string(requests.size()) +
                                           "\", \"token_type\": \"bearer\"" + lifetime + "}"
                                     : body;
        co_return response;
    }
    std::vector<net::HttpRequest> requests;
    unsigned status = 200;
    std::string body;
    std::string lifetime = ", \"expires_in\": 3600";
};

struct Rig {
    Rig() {
        port = server.listen("127.0.0.1:0").value();
        tasks.spawn("server", server.run());
        auth.oauth2.token_url = "http://127.0.0.1:" + std::to_string(port) + "/token";
        auth.oauth2.client_id = "me";
        auth.oauth2.client_secret = "s3cret";
    }
    ~Rig() { support::run(context, support::ended(tasks)); }

    Credentials credentials() {
        Credentials::Options options;
        options.auth = auth;
        options.now = [this] { return now; };
        return Credentials(std::move(options));
    }
    /// The value of Authorization, or "error: …".
    std::string ask(Credentials& credentials) {
        const auto headers = support::run(context, credentials.headers());
        if (!headers) return "error: " + headers.error().text();
        return headers->empty() ? "" : headers->front().name + ": " + headers->front().value;
    }

    support::TempFolder folder;
    async::asio::io_context context;
    TokenServer handler;
    net::HttpServer server{context.get_executor(), handler};
    async::TaskGroup tasks{context.get_executor()};
    std::uint16_t port = 0;
    settings::Auth auth;
    async::SteadyClock::time_point now{1000h};
};

}  // namespace

TEST_CASE("without a kind there are no headers", "[supervisor][credentials]") {
    Rig rig;
    rig.auth = {};
    Credentials credentials = rig.credentials();
    CHECK(rig.ask(credentials) == "");
    CHECK(credentials.refused());
    CHECK_FALSE(credentials.refused());
    CHECK(rig.ask(credentials) == "");
}

TEST_CASE("a bearer token's file counts as it is now", "[supervisor][credentials]") {
    Rig rig;
    rig.auth = {};
    const auto file = rig.folder / "token";
    rig.auth.bearer_token_file = file.string();
    Credentials credentials = rig.credentials();
    CHECK(rig.ask(credentials).starts_with("error: reading the bearer token: "));
    support::write(file, "first\n");
    CHECK(rig.ask(credentials) == "Authorization: Bearer first");
    support::write(file, " second\r\n");
    CHECK(rig.ask(credentials) == "Authorization: Bearer second");
    support::write(file, "\n");
    CHECK(rig.ask(credentials) == "error: reading the bearer token: '" + file.string() + "' is empty");
    support::write(file, "s3cret\nX-Other: 1");
    CHECK(rig.ask(credentials) == "error: '" + file.string() + "' has more in it than one token");
}

TEST_CASE("a token is asked for once, as the RFC says", "[supervisor][credentials]") {
    Rig rig;
    rig.auth.oauth2.scopes = {"a", "b"};
    rig.auth.oauth2.endpoint_params = {{"audience", "x&y"}};
    Credentials credentials = rig.credentials();
    CHECK(rig.ask(credentials) == "Authorization: Bearer token-1");
    CHECK(rig.ask(credentials) == "Authorization: Bearer token-1");
    REQUIRE(rig.handler.requests.size() == 1);
    const net::HttpRequest& request = rig.handler.requests[0];
    CHECK(request.method == "POST");
    CHECK(request.target == "/token");
    CHECK(request.header("Content-Type") == "application/x-www-form-urlencoded");
    CHECK(request.header("Authorization") == "Basic bWU6czNjcmV0");
    CHECK(request.body == "grant_type=client_credentials&scope=a+b&audience=x%26y");
}

TEST_CASE("the client's secret may stand in a file, read for each token", "[supervisor][credentials]") {
    Rig rig;
    rig.auth.oauth2.client_secret.clear();
    rig.auth.oauth2.client_secret_file = (rig.folder / "secret").string();
    Credentials credentials = rig.credentials();
    CHECK(rig.ask(credentials).starts_with("error: asking for a token: "));
    support::write(rig.folder / "secret", "s3cret\n");
    CHECK(rig.ask(credentials) == "Authorization: Bearer token-1");
    CHECK(rig.handler.requests[0].header("Authorization") == "Basic bWU6czNjcmV0");
}

TEST_CASE("a token is replaced at nine tenths of its lifetime", "[supervisor][credentials]") {
    Rig rig;
    Credentials credentials = rig.credentials();
    CHECK(rig.ask(credentials) == "Authorization: Bearer token-1");
    rig.now += 54min - 1ns;
    CHECK(rig.ask(credentials) == "Authorization: Bearer token-1");
    rig.now += 1ns;
    CHECK(rig.ask(credentials) == "Authorization: Bearer token-2");
}

TEST_CASE("a token server that fails does not take away a token that is still good", "[supervisor][credentials]") {
    Rig rig;
    Credentials credentials = rig.credentials();
    CHECK(rig.ask(credentials) == "Authorization: Bearer token-1");
    rig.handler.status = 503;
    rig.now += 1h - 1ns;
    CHECK(rig.ask(credentials) == "Authorization: Bearer token-1");
    rig.now += 1ns;
    CHECK(rig.ask(credentials) == "error: asking for a token: the token server answered 503");
}

TEST_CASE("a token of unknown lifetime is used until it is refused", "[supervisor][credentials]") {
    Rig rig;
    rig.handler.lifetime = "";
    Credentials credentials = rig.credentials();
    CHECK(rig.ask(credentials) == "Authorization: Bearer token-1");
    rig.now += 10000h;
    CHECK(rig.ask(credentials) == "Authorization: Bearer token-1");
    CHECK(credentials.refused());
    CHECK(rig.ask(credentials) == "Authorization: Bearer token-2");
}

TEST_CASE("a second refusal in a row is an error, and then there is one more try", "[supervisor][credentials]") {
    Rig rig;
    const std::string error = "error: the server refused the token, and a fresh one too";
    Credentials credentials = rig.credentials();
    CHECK(rig.ask(credentials) == "Authorization: Bearer token-1");
    CHECK(credentials.refused());
    CHECK(rig.ask(credentials) == "Authorization: Bearer token-2");
    CHECK_FALSE(credentials.refused());
    CHECK(rig.ask(credentials) == error);
    CHECK(rig.ask(credentials) == "Authorization: Bearer token-3");
    CHECK_FALSE(credentials.refused());
    CHECK(rig.ask(credentials) == error);
    CHECK(rig.ask(credentials) == "Authorization: Bearer token-4");
    credentials.accepted();
    CHECK(credentials.refused());
    CHECK(rig.ask(credentials) == "Authorization: Bearer token-5");
}

TEST_CASE("a refusal of the token server is told without the secret", "[supervisor][credentials][secrets]") {
    Rig rig;
    rig.handler.status = 401;
    rig.handler.body = "{\"error\": \"invalid_client\", \"error_description\": \"unknown\"}";
    Credentials credentials = rig.credentials();
    CHECK(rig.ask(credentials) == "error: asking for a token: the token server answered 401, invalid_client: unknown");
}

TEST_CASE("an answer of the token server is bounded", "[supervisor][credentials]") {
    Rig rig;
    rig.handler.body.assign(1u << 20, ' ');
    Credentials credentials = rig.credentials();
    const auto headers = support::run(rig.context, credentials.headers());
    REQUIRE_FALSE(headers);
    CHECK(headers.error().kind() == Kind::too_large);
}

TEST_CASE("a token server that cannot be reached is an error", "[supervisor][credentials]") {
    Rig rig;
    rig.auth.oauth2.token_url = "http://127.0.0.1:1/token";
    Credentials credentials = rig.credentials();
    CHECK(rig.ask(credentials).starts_with("error: asking for a token: 127.0.0.1:1: "));
}

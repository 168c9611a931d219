#include "supervisor/oauth2.hpp"

#include <catch2/catch.hpp>

namespace oauth2 = supervisor::oauth2;
using base::Kind;
using namespace std::chrono_literals;

namespace {

const oauth2::Client kClient{"name", "s3cret"};

std::string refused_with(unsigned status, const std::string& body) {
    const auto token = oauth2::read_answer(status, body, kClient);
    REQUIRE_FALSE(token);
    return token.error().text();
}

}  // namespace

TEST_CASE("a token is asked for in the words of the RFC", "[supervisor][oauth2]") {
    CHECK(oauth2::request_body({}, {}) == "grant_type=client_credentials");
    CHECK(oauth2::request_body({"read", "a/b"}, {{"audience", "https://x/?a=1&b"}, {"r\xc3\xa9", "+"}}) ==
          "grant_type=client_credentials&scope=read+a%2Fb&audience=https%3A%2F%2Fx%2F%3Fa%3D1%26b&r%C3%A9=%2B");
    // RFC 6749, 2.3.1: its example; and what a colon in a name would break without the encoding.
    CHECK(oauth2::basic_authorization({"s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw"}) ==
          "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3");
    CHECK(oauth2::basic_authorization({"a:b", "c d"}) == "Basic YSUzQWI6Yytk");
    CHECK(oauth2::basic_authorization({"a", "b"}) == "Basic YTpi");
    CHECK(oauth2::basic_authorization({"a", "bc"}) == "Basic YTpiYw==");
}

TEST_CASE("a token and its lifetime are read", "[supervisor][oauth2]") {
    const auto full = oauth2::read_answer(
        200, "{\"access_token\":\"abc.def\",\"token_type\":\"BEARER\",\"expires_in\":3600,\"scope\":[\"x\"]}", kClient);
    REQUIRE(full);
    CHECK(full->value == "abc.def");
    CHECK(full->lifetime == std::optional<base::Duration>(1h));
    const auto bare =
        oauth2::read_answer(200, "\n{\n\t\"token_type\" : \"Bearer\" ,\n\t\"access_token\" : \"t\"\n}\n", kClient);
    REQUIRE(bare);
    CHECK_FALSE(bare->lifetime);
    const auto lifetime = [](const std::string& number) {
        const std::string body =
            "{\"access_token\": \"t\", \"token_type\": \"bearer\", \"expires_in\": " + number + "}";
        const auto token = oauth2::read_answer(200, body, kClient);
        return token ? token->lifetime : std::optional<base::Duration>(-1s);
    };
    CHECK(lifetime("\"60\"") == std::optional<base::Duration>(60s));
    CHECK(lifetime("59.9") == std::optional<base::Duration>(59s));
    CHECK(lifetime("0") == std::optional<base::Duration>(0s));
    CHECK_FALSE(lifetime("null"));
    CHECK(lifetime("1e300") == std::optional<base::Duration>(87600h));
    for (const char* bad : {"-1", "nan", "soon", "\"\"", "[1]"})
        CHECK(lifetime(bad) == std::optional<base::Duration>(-1s));
}

TEST_CASE("an answer that is none is told from a refusal", "[supervisor][oauth2]") {
    const std::string start = "the token server's answer cannot be used: ";
    CHECK(refused_with(200, "") == start + "it is not a JSON object");
    CHECK(refused_with(200, "access_token: x") == start + "it is not a JSON object");
    CHECK(refused_with(200, "{\"access_token\": \"x\"") == start + "it is not JSON");
    CHECK(refused_with(200, "{\"token_type\": \"Bearer\"}") == start + "it has no access_token");
    CHECK(refused_with(200, "{\"access_token\": 17, \"token_type\": \"Bearer\"}") == start + "it has no access_token");
    CHECK(refused_with(200, "{\"access_token\": \"x\"}") == start + "it has no token_type");
    CHECK(refused_with(200, "{\"access_token\": \"x\", \"token_type\": \"mac\"}") ==
          start + "its token_type is not Bearer, the only one that opampd knows");
    CHECK(refused_with(200, "{\"access_token\": \"a\\r\\nX: b\", \"token_type\": \"Bearer\"}") ==
          start + "its access_token has characters that no header may have");
}

TEST_CASE("a refusal is told in the server's words, never with the secret", "[supervisor][oauth2][secrets]") {
    CHECK(refused_with(401, "{\"error\":\"invalid_client\",\"error_description\":\"no such\\nclient\"}") ==
          "the token server answered 401, invalid_client: no such client");
    CHECK(refused_with(400, "{\"error\":\"invalid_scope\"}") == "the token server answered 400, invalid_scope");
    CHECK(refused_with(403, "<html>") == "the token server answered 403");
    CHECK(refused_with(401, "{\"error\":\"invalid_client\",\"error_description\":\"not s3cret\"}") ==
          "the token server answered 401, invalid_client");
    CHECK(oauth2::read_answer(401, "", kClient).error().kind() == Kind::refused);
    CHECK(oauth2::read_answer(503, "", kClient).error().kind() == Kind::io);
    CHECK(oauth2::read_answer(302, "", kClient).error().kind() == Kind::refused);
}

TEST_CASE("a token is replaced in good time before its end", "[supervisor][oauth2]") {
    CHECK(oauth2::refresh_after(1h) == 54min);
    CHECK(oauth2::refresh_after(100s) == 90s);
    CHECK(oauth2::refresh_after(60s) == 50s);
    CHECK(oauth2::refresh_after(10s) == 0s);
    CHECK(oauth2::refresh_after(0s) == 0s);
}

#include "supervisor/connection_options.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using opamp::OpampConnectionSettings;
using supervisor::client_options;
using supervisor::laid_over;

namespace {

std::string no_variable(const char*) {
    return "";
}

settings::Server from_file() {
    settings::Server server;
    server.endpoint = "wss://first:4320/v1/opamp";
    server.headers = {{"Authorization", "Bearer bootstrap"}, {"X-Tenant", "a"}};
    server.tls.ca_file = "/etc/ca.pem";
    server.tls.cert_file = "/etc/client.pem";
    server.tls.key_file = "/etc/client.key";
    server.proxy.url = "http://proxy:3128";
    return server;
}

OpampConnectionSettings offer(const std::string& endpoint) {
    OpampConnectionSettings settings;
    settings.destination_endpoint = endpoint;
    return settings;
}

net::ClientOptions options_with(const OpampConnectionSettings& accepted) {
    const auto options = client_options(from_file(), accepted, no_variable);
    INFO((options ? "" : options.error().text()));
    REQUIRE(options);
    return *options;
}

std::string header(const net::ClientOptions& options, const char* name) {
    return std::string(net::find_header(options.headers, name));
}

std::string failure_of(const OpampConnectionSettings& accepted) {
    const auto options = client_options(from_file(), accepted, no_variable);
    return options ? "accepted" : options.error().text();
}

}  // namespace

TEST_CASE("without an offer the settings file counts", "[supervisor][connection_settings]") {
    const auto options = client_options(from_file(), std::nullopt, no_variable);
    REQUIRE(options);
    CHECK(options->url.host == "first");
    CHECK(header(*options, "Authorization") == "Bearer bootstrap");
    CHECK(options->tls.cert_file == "/etc/client.pem");
    REQUIRE(options->proxy);
    CHECK(options->proxy->url.host == "proxy");
}

TEST_CASE("an offer names another server, and what it leaves out stays",
          "[supervisor][connection_settings][CONN-14][CONN-20][CONN-28]") {
    const auto options = options_with(offer("http://second:8080/x"));
    CHECK(options.url.scheme == "http");
    CHECK(options.url.authority() == "second:8080");
    CHECK(options.tls.ca_file == "/etc/ca.pem");
    REQUIRE(options.proxy);
    CHECK(options.proxy->url.host == "proxy");
    CHECK(options_with(offer("")).url.host == "first");  // GAP-5
}

TEST_CASE("offered headers replace those of the same name", "[supervisor][connection_settings][CONN-15][CONN-37]") {
    auto settings = offer("");
    settings.headers = opamp::Headers{{"authorization", "Bearer new"}};
    const auto options = options_with(settings);
    CHECK(header(options, "Authorization") == "Bearer new");
    CHECK(header(options, "X-Tenant") == "a");
    CHECK(options.headers.size() == 2);
}

TEST_CASE("an offer without a certificate means none", "[supervisor][connection_settings][CONN-16][CONN-18]") {
    CHECK(options_with(offer("")).tls.cert_file.empty());
    CHECK(options_with(offer("")).tls.cert_pem.empty());
    auto settings = offer("");
    settings.certificate = opamp::TlsCertificate{"CERT", "KEY", ""};
    CHECK(options_with(settings).tls.cert_pem == "CERT");
    CHECK(options_with(settings).tls.key_pem == "KEY");
    CHECK(options_with(settings).tls.cert_file.empty());
}

TEST_CASE("the CA beside a certificate is no authority for servers", "[supervisor][connection_settings][CONN-33]") {
    auto settings = offer("");
    settings.certificate = opamp::TlsCertificate{"CERT", "KEY", "CA"};
    CHECK(options_with(settings).tls.ca_pem.empty());
}

TEST_CASE("offered TLS settings take the place of all earlier ones", "[supervisor][connection_settings][CONN-19]") {
    auto settings = offer("");
    settings.tls.emplace();
    settings.tls->ca_pem_contents = "CA B";
    settings.tls->min_version = "1.3";
    const auto options = options_with(settings);
    CHECK(options.tls.ca_file.empty());
    CHECK(options.tls.ca_pem == "CA B");
    CHECK(options.tls.min_version == "1.3");
    settings.tls->min_version.clear();
    CHECK(options_with(settings).tls.min_version == "1.2");
}

TEST_CASE("an offered proxy replaces the earlier one", "[supervisor][connection_settings][CONN-27][CONN-30][CONN-31]") {
    auto settings = offer("");
    settings.proxy = opamp::ProxySettings{"other:8080", {{"X-Pass", "1"}}};
    const auto options = options_with(settings);
    REQUIRE(options.proxy);
    CHECK(options.proxy->url.host == "other");
    CHECK(net::find_header(options.proxy->connect_headers, "X-Pass") == "1");
    CHECK(net::find_header(options.headers, "X-Pass").empty());
}

TEST_CASE("a proxy of the environment is used where nothing else names one", "[supervisor][connection_settings]") {
    auto server = from_file();
    server.proxy.url.clear();
    const auto variable = [](const char* name) {
        return std::string_view(name) == "HTTPS_PROXY" ? std::string("http://env:1") : std::string();
    };
    const auto options = client_options(server, std::nullopt, variable);
    REQUIRE(options);
    REQUIRE(options->proxy);
    CHECK(options->proxy->url.host == "env");
    server.proxy.from_environment = false;
    CHECK_FALSE(client_options(server, std::nullopt, variable)->proxy);
}

TEST_CASE("what cannot be connected with is refused with the part at fault",
          "[supervisor][connection_settings][CONN-14][CONN-30][CONN-32][SEC-1]") {
    CHECK_THAT(failure_of(offer("ftp://x")), Catch::Contains("destination_endpoint"));
    CHECK_THAT(failure_of(offer("garbage")), Catch::Contains("destination_endpoint"));
    auto settings = offer("");
    settings.headers = opamp::Headers{{"Bad Name", "x"}};
    CHECK_THAT(failure_of(settings), Catch::Contains("Bad Name"));
    settings = offer("");
    settings.headers = opamp::Headers{{"X", "secret\r\nEvil: 1"}};
    CHECK_THAT(failure_of(settings), Catch::Contains("control characters") && !Catch::Contains("secret"));
    settings = offer("");
    settings.proxy = opamp::ProxySettings{"", {}};
    CHECK_THAT(failure_of(settings), Catch::Contains("proxy"));
    settings = offer("");
    settings.certificate = opamp::TlsCertificate{"CERT", "", ""};
    CHECK_THAT(failure_of(settings), Catch::Contains("private_key"));
    settings.certificate = opamp::TlsCertificate{"", "KEY", ""};
    CHECK_THAT(failure_of(settings), Catch::Contains("`cert`"));
}

TEST_CASE("a later offer keeps what an earlier one set and it leaves out",
          "[supervisor][connection_settings][CONN-17][CONN-20][CONN-28]") {
    auto before = offer("wss://second/");
    before.headers = opamp::Headers{{"A", "1"}};
    before.tls.emplace();
    before.tls->ca_pem_contents = "CA";
    before.proxy = opamp::ProxySettings{"p:1", {}};
    before.certificate = opamp::TlsCertificate{"C", "K", ""};
    const auto after = laid_over(before, offer(""));
    CHECK(after.destination_endpoint == "wss://second/");
    CHECK(after.headers == before.headers);
    CHECK(after.tls == before.tls);
    CHECK(after.proxy == before.proxy);
    CHECK_FALSE(after.certificate);
    CHECK(laid_over(std::nullopt, before) == before);
}

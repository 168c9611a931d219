#include "supervisor/own_telemetry_environment.hpp"

#include <catch2/catch.hpp>

using base::Kind;
using config::Variables;
using supervisor::make_own_telemetry;
using supervisor::OwnTelemetryOffers;

namespace {

constexpr const char* kPem = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n";

opamp::TelemetryConnectionSettings to(const std::string& endpoint) {
    opamp::TelemetryConnectionSettings settings;
    settings.destination_endpoint = endpoint;
    return settings;
}

opamp::TelemetryConnectionSettings with_headers(opamp::Headers headers) {
    auto settings = to("http://127.0.0.1:4318/v1/traces");
    settings.headers = std::move(headers);
    return settings;
}

std::string header_variable(opamp::Headers headers) {
    const auto made = make_own_telemetry({with_headers(std::move(headers)), {}, {}});
    REQUIRE(made);
    const auto& variables = made->own_telemetry.variables;
    const auto found = variables.find("OTEL_EXPORTER_OTLP_TRACES_HEADERS");
    return found == variables.end() ? "none" : found->second;
}

}  // namespace

TEST_CASE("each offered signal has its own variables, and the others have none", "[supervisor][own_telemetry]") {
    const auto made = make_own_telemetry({to("https://t/v1/traces"), std::nullopt, to("http://l:4318/x?a=b")});
    REQUIRE(made);
    CHECK(made->own_telemetry.variables == Variables{{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://t/v1/traces"},
                                                     {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"},
                                                     {"OTEL_TRACES_EXPORTER", "otlp"},
                                                     {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://l:4318/x?a=b"},
                                                     {"OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "http/protobuf"},
                                                     {"OTEL_LOGS_EXPORTER", "otlp"}});
    CHECK(made->own_telemetry.files.empty());
    CHECK(made->not_handed_on.empty());
    CHECK(make_own_telemetry({})->own_telemetry.empty());
    CHECK(make_own_telemetry({{}, to("http://m/"), {}})
              ->own_telemetry.variables.contains("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"));
}

TEST_CASE("headers are percent-encoded, several of a name are one", "[supervisor][own_telemetry]") {
    struct Row {
        const char* name;
        opamp::Headers headers;
        const char* variable;
    };
    const auto row = GENERATE(values<Row>({
        {"none", {}, "none"},
        {"plain", {{"x-tenant", "a-1._~"}}, "x-tenant=a-1._~"},
        {"what would end a value or a list",
         {{"Authorization", "Basic YTpi+/=="}, {"B", "1,2;3 \"4\" 5%6"}},
         "Authorization=Basic%20YTpi%2B%2F%3D%3D,B=1%2C2%3B3%20%224%22%205%256"},
        {"UTF-8", {{"B", "\xC3\xA4"}}, "B=%C3%A4"},
        {"an empty value", {{"B", ""}}, "B="},
        {"several values, in any case", {{"b", "1"}, {"C", "x"}, {"B", "2"}}, "b=1%2C%202,C=x"},
        {"cookies, which are no list", {{"Cookie", "a=1"}, {"cookie", "b=2"}}, "Cookie=a%3D1%3B%20b%3D2"},
    }));
    DYNAMIC_SECTION(row.name) {
        CHECK(header_variable(row.headers) == row.variable);
    }
}

TEST_CASE("certificates become files", "[supervisor][own_telemetry]") {
    auto settings = to("https://t/");
    settings.tls.emplace().ca_pem_contents = std::string(kPem) + "ca";
    settings.certificate = opamp::TlsCertificate{std::string(kPem) + "cert", std::string(kPem) + "key", ""};
    const auto made = make_own_telemetry({{}, settings, {}});
    REQUIRE(made);
    CHECK(made->own_telemetry.files ==
          Variables{{"OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE", std::string(kPem) + "ca"},
                    {"OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE", std::string(kPem) + "cert"},
                    {"OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY", std::string(kPem) + "key"}});
}

TEST_CASE("what no variable says is named", "[supervisor][own_telemetry]") {
    auto settings = to("https://t/");
    settings.proxy = opamp::ProxySettings{"http://user:secret@p:3128", {}};
    settings.tls = opamp::TlsSettings{kPem, true, true, "1.2", "1.3", {"X"}};
    const auto made = make_own_telemetry({settings, {}, {}});
    REQUIRE(made);
    CHECK(made->not_handed_on == std::vector<std::string>{"own_traces: proxy", "own_traces: tls.insecure_skip_verify",
                                                          "own_traces: tls.min_version", "own_traces: tls.max_version",
                                                          "own_traces: tls.cipher_suites",
                                                          "own_traces: tls.include_system_ca_certs_pool"});
    settings.proxy->url.clear();
    settings.tls = opamp::TlsSettings{"", true, false, "", "", {}};
    CHECK(make_own_telemetry({settings, {}, {}})->not_handed_on.empty());
}

TEST_CASE("an offer that cannot be variables is refused, without its secrets", "[supervisor][own_telemetry]") {
    struct Row {
        const char* name;
        opamp::TelemetryConnectionSettings settings;
        const char* part;
        Kind kind = Kind::invalid;
    };
    auto no_key = to("https://t/"), no_pem = to("https://t/"), large_pem = to("https://t/");
    no_key.certificate = opamp::TlsCertificate{kPem, "", ""};
    no_pem.tls.emplace().ca_pem_contents = "secret";
    large_pem.tls.emplace().ca_pem_contents = std::string(kPem) + std::string(2u << 20, 'x');
    const std::vector<Row> rows{
        {"no endpoint", to(""), "there is no destination_endpoint"},
        {"not a URL", to("nowhere"), "destination_endpoint"},
        {"a WebSocket", to("wss://t/"), "OTLP over HTTP"},
        {"a line break", to("http://t/\nX=secret"), "destination_endpoint"},
        {"a blank", to("http://t/ secret"), "destination_endpoint"},
        {"a header's name", with_headers({{"a b", "secret"}}), "name of a header"},
        {"a header's value", with_headers({{"a", "secret\r\nb: c"}}), "control characters"},
        {"too many headers", with_headers({{"a", "secret" + std::string(70'000, 'x')}}), "HEADERS", Kind::too_large},
        {"a certificate without a key", no_key, "private_key"},
        {"no PEM", no_pem, "not PEM"},
        {"a large PEM", large_pem, "1 MiB", Kind::too_large},
    };
    for (const Row& row : rows) {
        INFO(row.name);
        const auto made = make_own_telemetry({{}, {}, row.settings});
        REQUIRE_FALSE(made);
        CHECK(made.error().kind() == row.kind);
        CHECK(made.error().text().starts_with("own_logs: "));
        CHECK(made.error().text().find(row.part) != std::string::npos);
        CHECK(made.error().text().find("secret") == std::string::npos);
    }
}

TEST_CASE("the description becomes resource attributes", "[supervisor][own_telemetry]") {
    const auto variables = supervisor::resource_variables(
        {{{"service.name", "a shop"}, {"service.instance.id", "01-2"}}, {{"os,x=y", "Debian \"12\", 100%"}}});
    CHECK(variables == Variables{{"OTEL_SERVICE_NAME", "a shop"},
                                 {"OTEL_RESOURCE_ATTRIBUTES",
                                  "service.name=a%20shop,service.instance.id=01-2,"
                                  "os%2Cx%3Dy=Debian%20%2212%22%2C%20100%25"}});
}

TEST_CASE("nothing that was meant for another destination goes to an offered one", "[supervisor][own_telemetry]") {
    const auto offered = make_own_telemetry({to("https://t/"), {}, {}})->own_telemetry.variables;
    const Variables ours{
        {"OTEL_EXPORTER_OTLP_HEADERS", "a=secret"},     {"OTEL_EXPORTER_OTLP_CLIENT_KEY", "/k"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://ours"}, {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "b=secret"},
        {"OTEL_EXPORTER_OTLP_LOGS_HEADERS", "c=3"},     {"PATH", "/bin"}};
    CHECK(supervisor::without_offered_signals(ours, offered) ==
          Variables{{"OTEL_EXPORTER_OTLP_METRICS_HEADERS", "a=secret"},
                    {"OTEL_EXPORTER_OTLP_LOGS_HEADERS", "c=3"},
                    {"OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY", "/k"},
                    {"OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY", "/k"},
                    {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://ours"},
                    {"PATH", "/bin"}});
    CHECK(supervisor::without_offered_signals(ours, {}) == ours);
}

TEST_CASE("a file of variables is read by a shell as it was meant", "[supervisor][own_telemetry]") {
    const std::string text = supervisor::environment_file({{"A", "a \"b\" $c `d` \\e"}, {"B", ""}});
    CHECK(text.starts_with("# "));
    CHECK(text.ends_with("\nA=\"a \\\"b\\\" \\$c \\`d\\` \\\\e\"\nB=\"\"\n"));
}

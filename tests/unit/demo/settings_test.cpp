#include "demo/settings.hpp"

#include <catch2/catch.hpp>

#include "base/files.hpp"

namespace {

demo::Settings parsed(const char* yaml) {
    auto settings = demo::parse_settings(yaml);
    if (!settings) FAIL(settings.error().text());
    return *settings;
}

std::string url(const std::optional<telemetry::Destination>& destination) {
    const net::Url& url = destination.value().client.url;
    return url.scheme + "://" + url.authority() + url.target;
}

}  // namespace

TEST_CASE("the demo service traces when its file says so, and only then", "[demo]") {
    CHECK(parsed("instrument: true\n").instrument);
    CHECK(parsed("other: 1\ninstrument: true\n").instrument);
    CHECK_FALSE(parsed("instrument: false\n").instrument);
    CHECK_FALSE(parsed("other: 1\n").instrument);
    CHECK_FALSE(parsed("# nothing yet\n").instrument);
    CHECK_FALSE(demo::load_settings("/nowhere/effective.yaml")->instrument);
}

TEST_CASE("a sampler is a name, or a map with what it needs", "[demo]") {
    struct Row {
        const char* yaml;
        const char* sampler;
    };
    const auto row = GENERATE(values<Row>({
        {"", "parentbased_always_on"},
        {"sampler: always_off", "always_off"},
        {"sampler: parentbased_always_on", "parentbased_always_on"},
        {"sampler: traceidratio", "traceidratio 1"},
        {"sampler: {type: traceidratio, ratio: 0.25}", "traceidratio 0.25"},
        {"sampler: {type: always_on, ratio: 0.25, per_second: 5}", "always_on"},
        {"sampler: {type: rate_limited, ratio: 0.25, per_second: 5}", "rate_limited 5"},
        {"sampler: {type: parentbased_rate_limited, per_second: 0.5}", "parentbased_rate_limited 0.5"},
    }));
    CAPTURE(row.yaml);
    CHECK(to_text(parsed(row.yaml).sampler) == row.sampler);
}

TEST_CASE("spans go to the console, over OTLP, to both or nowhere", "[demo]") {
    CHECK(parsed("").console);
    CHECK_FALSE(parsed("").traces);
    CHECK_FALSE(parsed("exporter: {console: false}").console);

    const auto both = parsed("exporter: {otlp: {endpoint: 'http://collector:4318', headers: {x-tenant: a b}}}");
    CHECK(both.console);
    CHECK(url(both.traces) == "http://collector:4318/v1/traces");
    CHECK(url(both.metrics) == "http://collector:4318/v1/metrics");
    CHECK(both.traces->client.headers == std::vector<net::Header>{{"x-tenant", "a b"}});
    CHECK(both.metrics->client.headers == both.traces->client.headers);
    CHECK(both.traces->compresses);

    const auto below = parsed("exporter: {otlp: {endpoint: 'https://collector/otlp/', compression: none}}");
    CHECK(url(below.traces) == "https://collector:443/otlp/v1/traces");
    CHECK_FALSE(below.traces->compresses);
}

TEST_CASE("the settings that docs/demo-service.md shows are good ones", "[demo]") {
    const std::string page = base::read_file(OPAMPD_SOURCE_DIR "/docs/demo-service.md").value();
    const std::size_t begin = page.find("```yaml\n") + 8;
    const auto settings = parsed(page.substr(begin, page.find("```", begin) - begin).c_str());
    CHECK(to_text(settings.sampler) == "rate_limited 5");
    CHECK(url(settings.traces) == "http://127.0.0.1:4318/v1/traces");
}

TEST_CASE("what a file does not say is as it was before, and it can say none", "[demo]") {
    const auto before = parsed("{instrument: true, sampler: always_off, exporter: {otlp: {endpoint: 'http://a:1'}}}");
    CHECK(demo::parse_settings("other: 1", before).value() == before);
    const auto after = demo::parse_settings("exporter: {console: false, otlp: }", before);
    REQUIRE(after);
    CHECK((!after->traces && !after->metrics && !after->console && after->instrument));
}

TEST_CASE("what may be a secret is neither shown nor complained about in words", "[demo]") {
    auto settings = parsed("exporter: {otlp: {endpoint: 'http://a:1', headers: {authorization: hunter2}}}");
    settings.traces->client.url.target += "?key=hunter2";
    const std::string text = demo::describe(settings);
    CHECK_THAT(text, Catch::Contains("\"http://a:1/v1/traces?…\"") && Catch::Contains("[authorization]"));
    CHECK_THAT(text, !Catch::Contains("hunter2"));
    const auto wrong = demo::parse_settings("exporter: {otlp: {endpoint: 'http://a:1', headers: 'token=hunter2'}}");
    REQUIRE_FALSE(wrong);
    CHECK_THAT(wrong.error().text(), !Catch::Contains("hunter2"));
}

TEST_CASE("a config that the demo service cannot use is refused in words", "[demo]") {
    struct Row {
        const char* yaml;
        const char* text;
    };
    const auto row = GENERATE(values<Row>({
        {"instrument: maybe\n", "line 1: instrument must be true or false, not 'maybe'"},
        {"other: 1\ninstrument: \"true\"\n", "line 2: instrument must be true or false, not 'true'"},
        {"instrument: 1\n", "line 1: instrument must be true or false, not '1'"},
        {"instrument:\n", "instrument must be true or false, not nothing"},
        {"instrument: [true]\n", "line 1: instrument must be true or false, not a structure"},
        {"- instrument\n", "the config must be a map of keys and values"},
        {"instrument", "the config must be a map of keys and values"},
        {"instrument: [", "not valid YAML"},
        {"sampler: sometimes", "line 1: sampler: there is no sampler 'sometimes' (always_on"},
        {"sampler: [always_on]",
         "line 1: sampler must be a map with the keys type, ratio, per_second, not a structure"},
        {"sampler: {ratio: 1}", "line 1: sampler.type must be the name of a sampler, not a structure"},
        {"sampler: {type: always_on, rato: 1}", "line 1: sampler has no key 'rato' (type, ratio, per_second)"},
        {"sampler:\n  type: traceidratio\n  ratio: 1.5\n", "line 3: sampler.ratio: '1.5' is not a ratio"},
        {"sampler: {type: always_on, ratio: }", "sampler.ratio must be a number, not nothing"},
        {"sampler: {type: rate_limited, per_second: -1}", "line 1: sampler.per_second: '-1' is not a rate"},
        {"sampler: rate_limited", "line 1: sampler: 'rate_limited' needs per_second (write {type: rate_limited"},
        {"exporter: console", "line 1: exporter must be a map with the keys console, otlp, not 'console'"},
        {"exporter: {zipkin: 1}", "line 1: exporter has no key 'zipkin' (console, otlp)"},
        {"exporter: {console: yes please}", "line 1: exporter.console must be true or false, not 'yes please'"},
        {"exporter:\n  otlp: {headers: {}}\n", "line 2: exporter.otlp needs an endpoint (http://127.0.0.1:4318)"},
        {"exporter: {otlp: {endpoint: }}", "exporter.otlp.endpoint must be a URL, not nothing"},
        {"exporter: {otlp: {endpoint: 'ws://a:1'}}", "line 1: exporter.otlp.endpoint: 'ws://a:1' is no URL of HTTP"},
        {"exporter: {otlp: {endpoint: 'http://a:1?k=v'}}", "line 1: exporter.otlp.endpoint: a query"},
        {"exporter: {otlp: {endpoint: 'http://a:1/v1/traces'}}",
         "line 1: exporter.otlp.endpoint: 'http://a:1/v1/traces' has /v1/traces, which is added to it (write "
         "http://a:1)"},
        {"exporter: {otlp: {endpoint: a}}", "line 1: exporter.otlp.endpoint: "},
        {"exporter: {otlp: {endpoint: 'http://a:1', headers: [a]}}",
         "line 1: exporter.otlp.headers must be a map of names and values"},
        {"exporter: {otlp: {endpoint: 'http://a:1', headers: {a: [b]}}}",
         "line 1: exporter.otlp.headers: the value of 'a' is no text"},
        {"exporter: {otlp: {endpoint: 'http://a:1', headers: {a b: c}}}",
         "line 1: exporter.otlp.headers: 'a b' is not the name of a header"},
        {"exporter: {otlp: {endpoint: 'http://a:1', compression: zip}}",
         "line 1: exporter.otlp.compression must be gzip or none, not 'zip'"},
    }));
    CAPTURE(row.yaml);
    const auto settings = demo::parse_settings(row.yaml);
    REQUIRE_FALSE(settings);
    CHECK_THAT(settings.error().text(), Catch::StartsWith(row.text));
}

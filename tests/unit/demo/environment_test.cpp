#include "demo/environment.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "demo/resource.hpp"

namespace {

telemetry::Environment with(std::map<std::string, std::string> variables) {
    return telemetry::read_environment([&](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::string() : found->second;
    });
}

}  // namespace

TEST_CASE("without variables the demo service has its own defaults", "[demo]") {
    CHECK(demo::settings_from(with({})) == demo::Settings{});
}

TEST_CASE("variables say where telemetry goes and how much of it, until the file does", "[demo]") {
    const auto settings = demo::settings_from(with({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318"},
                                                    {"OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=blue"},
                                                    {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
                                                    {"OTEL_TRACES_SAMPLER", "traceidratio"},
                                                    {"OTEL_TRACES_SAMPLER_ARG", "0.5"}}));
    REQUIRE((settings.traces && settings.metrics));
    CHECK(settings.traces->client.url.target == "/v1/traces");
    CHECK(settings.metrics->client.url.target == "/v1/metrics");
    CHECK(settings.traces->client.headers == std::vector<net::Header>{{"x-tenant", "blue"}});
    CHECK(settings.traces->compresses);
    CHECK(to_text(settings.sampler) == "traceidratio 0.5");

    const auto over =
        demo::parse_settings("{sampler: always_on, exporter: {otlp: {endpoint: 'http://a:1'}}}", settings);
    REQUIRE(over);
    CHECK(over->traces->client.url.host == "a");
    CHECK(over->traces->client.headers.empty());
    CHECK(to_text(over->sampler) == "always_on");
}

TEST_CASE("variables say how spans are batched", "[demo]") {
    const auto options = demo::options_from(with({{"OTEL_BSP_SCHEDULE_DELAY", "250"},
                                                  {"OTEL_BSP_MAX_QUEUE_SIZE", "100"},
                                                  {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10"},
                                                  {"OTEL_METRIC_EXPORT_INTERVAL", "2000"}}));
    CHECK(options.spans.schedule_delay == std::chrono::milliseconds(250));
    CHECK(options.spans.queue.records == 100);
    CHECK(options.spans.batch == 10);
    CHECK(options.metrics.interval == std::chrono::seconds(2));
}

TEST_CASE("who the telemetry is about can be said by variables", "[demo]") {
    const auto source = demo::this_service(
        with({{"OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"}, {"OTEL_SERVICE_NAME", "shop"}})
            .resource);
    CHECK(*telemetry::find(source.resource, "service.name") == telemetry::Value("shop"));
    CHECK(*telemetry::find(source.resource, "deployment.environment.name") == telemetry::Value("test"));
    CHECK(telemetry::find(source.resource, "service.instance.id"));
}

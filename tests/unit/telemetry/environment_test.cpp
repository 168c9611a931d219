#include "telemetry/environment.hpp"

#include <catch2/catch.hpp>
#include <map>

using telemetry::Attributes;
using telemetry::Destination;
using telemetry::Environment;
using telemetry::SamplerSettings;
using telemetry::Signal;
using namespace std::chrono_literals;
using Variables = std::map<std::string, std::string>;
using Notes = std::vector<std::string>;

namespace {

constexpr const char* kEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

Environment read(const Variables& variables) {
    return telemetry::read_environment([&](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::string() : found->second;
    });
}

Variables with_endpoint(Variables variables) {
    variables.emplace(kEndpoint, "http://collector:4318");
    return variables;
}

/// Nothing where the signal goes nowhere.
const Destination* find(const Environment& environment, Signal signal) {
    const auto found = environment.destinations.find(signal);
    return found == environment.destinations.end() ? nullptr : &found->second;
}

std::string url_of(const Destination& destination) {
    const net::Url& url = destination.client.url;
    return url.scheme + "://" + url.host_header() + url.target;
}

}  // namespace

TEST_CASE("without variables nothing is exported, and nothing is said", "[telemetry][environment]") {
    const Environment nothing = read({});
    CHECK(nothing.destinations.empty());
    CHECK_FALSE(nothing.is_disabled);
    CHECK_FALSE(nothing.sampler);
    CHECK(nothing.resource.empty());
    for (const auto& batch : {nothing.span_batches, nothing.log_batches}) {
        CHECK_FALSE(batch.schedule_delay);
        CHECK_FALSE(batch.max_queue_size);
        CHECK_FALSE(batch.max_export_batch_size);
        CHECK_FALSE(batch.export_timeout);
    }
    CHECK_FALSE(nothing.metric_interval);
    CHECK_FALSE(nothing.metric_timeout);
    CHECK(nothing.notes.empty());
}

TEST_CASE("the endpoint of all signals gets each one's path, and one signal's is taken as it is",
          "[telemetry][environment]") {
    struct Row {
        const char* all;
        const char* traces;
        const char* of_traces;
        const char* of_logs;
    };
    const auto row = GENERATE(values<Row>({
        {"http://c:4318", "", "http://c:4318/v1/traces", "http://c:4318/v1/logs"},
        {"http://c:4318/", "", "http://c:4318/v1/traces", "http://c:4318/v1/logs"},
        {"https://c/otlp", "", "https://c/otlp/v1/traces", "https://c/otlp/v1/logs"},
        {"https://c/otlp/?k=a/b", "", "https://c/otlp/v1/traces?k=a/b", "https://c/otlp/v1/logs?k=a/b"},
        {"http://c:4318", "http://t:1/x", "http://t:1/x", "http://c:4318/v1/logs"},
        {"", "http://t:1", "http://t:1/", nullptr},
        {"", "http://t:1/", "http://t:1/", nullptr},
    }));
    CAPTURE(row.all, row.traces);
    const Environment environment = read({{kEndpoint, row.all}, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", row.traces}});
    REQUIRE(find(environment, Signal::traces));
    CHECK(url_of(*find(environment, Signal::traces)) == row.of_traces);
    CHECK((find(environment, Signal::logs) != nullptr) == (row.of_logs != nullptr));
    CHECK((find(environment, Signal::metrics) != nullptr) == (row.of_logs != nullptr));
    if (row.of_logs) CHECK(url_of(*find(environment, Signal::logs)) == row.of_logs);
    CHECK(environment.notes.empty());
}

TEST_CASE("what a signal's own variable says is stronger than what all signals' says", "[telemetry][environment]") {
    Variables variables = with_endpoint({});
    const auto set = [&](const std::string& what, const std::string& all, const std::string& own) {
        variables["OTEL_EXPORTER_OTLP_" + what] = all;
        variables["OTEL_EXPORTER_OTLP_METRICS_" + what] = own;
    };
    set("HEADERS", "api-key=all,x-tenant=t", "api-key=own%2C%20too");
    set("COMPRESSION", "gzip", "none");
    set("TIMEOUT", "2500", "100");
    set("CERTIFICATE", "/ca.pem", "/own-ca.pem");
    set("CLIENT_CERTIFICATE", "/cert.pem", "/own-cert.pem");
    set("CLIENT_KEY", "/key.pem", "/own-key.pem");
    set("PROTOCOL", "http/protobuf", "http/protobuf");
    const Environment environment = read(variables);
    CHECK(environment.notes.empty());
    REQUIRE(find(environment, Signal::logs));
    CHECK(find(environment, Signal::logs)->client.headers ==
          std::vector<net::Header>{{"api-key", "all"}, {"x-tenant", "t"}});
    CHECK(find(environment, Signal::logs)->compresses);
    CHECK(find(environment, Signal::logs)->timeout == 2500ms);
    CHECK(find(environment, Signal::logs)->client.tls.ca_file == "/ca.pem");
    CHECK(find(environment, Signal::logs)->client.tls.cert_file == "/cert.pem");
    CHECK(find(environment, Signal::logs)->client.tls.key_file == "/key.pem");
    REQUIRE(find(environment, Signal::metrics));
    CHECK(find(environment, Signal::metrics)->client.headers == std::vector<net::Header>{{"api-key", "own, too"}});
    CHECK_FALSE(find(environment, Signal::metrics)->compresses);
    CHECK(find(environment, Signal::metrics)->timeout == 100ms);
    CHECK(find(environment, Signal::metrics)->client.tls.ca_file == "/own-ca.pem");
    CHECK(find(environment, Signal::metrics)->client.tls.cert_file == "/own-cert.pem");
    CHECK(find(environment, Signal::metrics)->client.tls.key_file == "/own-key.pem");
}

TEST_CASE("a signal is switched off by itself, or all of them are", "[telemetry][environment]") {
    const Environment none = read(with_endpoint({{"OTEL_LOGS_EXPORTER", "none"}, {"OTEL_TRACES_EXPORTER", "otlp"}}));
    CHECK(find(none, Signal::traces));
    CHECK(find(none, Signal::metrics));
    CHECK_FALSE(find(none, Signal::logs));
    CHECK(none.notes.empty());

    const Environment other = read(with_endpoint({{"OTEL_METRICS_EXPORTER", "prometheus"}}));
    CHECK_FALSE(find(other, Signal::metrics));
    CHECK(find(other, Signal::traces));
    CHECK(other.notes == Notes{"OTEL_METRICS_EXPORTER: 'prometheus' is neither otlp nor none, taken as none"});

    const auto disabled = GENERATE(values<std::string>({"true", "True", "TRUE"}));
    const Environment all = read(with_endpoint({{"OTEL_SDK_DISABLED", disabled}}));
    CHECK(all.is_disabled);
    CHECK_FALSE(find(all, Signal::traces));
    CHECK_FALSE(find(all, Signal::metrics));
    CHECK_FALSE(find(all, Signal::logs));
    CHECK_FALSE(read({{"OTEL_SDK_DISABLED", "false"}}).is_disabled);
}

TEST_CASE("attributes of the resource are decoded, and the service's name has its own variable",
          "[telemetry][environment]") {
    struct Row {
        const char* list;
        const char* service;
        Attributes attributes;
    };
    const auto row = GENERATE(values<Row>({
        {"a=1", "", {{"a", "1"}}},
        {" a = 1 ,\tb=x y,", "", {{"a", "1"}, {"b", "x y"}}},
        {"a=1%2C2%3D3%25", "", {{"a", "1,2=3%"}}},
        {"a%2Eb=%C3%A9", "", {{"a.b", "é"}}},
        {"a=b=c", "", {{"a", "b=c"}}},
        {"a=", "", {{"a", ""}}},
        {"a=1,a=2", "", {{"a", "2"}}},
        {"service.name=list", "", {{"service.name", "list"}}},
        {"service.name=list,b=2", "own", {{"service.name", "own"}, {"b", "2"}}},
        {"", "own", {{"service.name", "own"}}},
    }));
    CAPTURE(row.list);
    const Environment environment = read({{"OTEL_RESOURCE_ATTRIBUTES", row.list}, {"OTEL_SERVICE_NAME", row.service}});
    CHECK(environment.resource == row.attributes);
    CHECK(environment.notes.empty());
}

TEST_CASE("a bad member spoils all attributes of the resource, but not the service's name",
          "[telemetry][environment]") {
    const auto list = GENERATE(
        values<std::string>({"a=1,b", "=1", "a=%", "a=%4", "a=%zz", "a=%-1", "%zz=1", "a=%ff", "a=1,%20 %41"}));
    CAPTURE(list);
    const Environment environment = read({{"OTEL_RESOURCE_ATTRIBUTES", list}, {"OTEL_SERVICE_NAME", "own"}});
    CHECK(environment.resource == Attributes{{"service.name", "own"}});
    CHECK(environment.notes == Notes{"OTEL_RESOURCE_ATTRIBUTES: '" + list +
                                     "' is not a list of NAME=VALUE with commas between and other characters as "
                                     "%XX, ignored"});
}

TEST_CASE("the sampler is the one that is named", "[telemetry][environment]") {
    const Environment ratio =
        read({{"OTEL_TRACES_SAMPLER", "parentbased_traceidratio"}, {"OTEL_TRACES_SAMPLER_ARG", "0.25"}});
    REQUIRE(ratio.sampler);
    CHECK(*ratio.sampler == SamplerSettings{SamplerSettings::Kind::ratio, 0.25, 0, true});
    const Environment bad = read({{"OTEL_TRACES_SAMPLER", "traceidratio"}, {"OTEL_TRACES_SAMPLER_ARG", "half"}});
    CHECK_FALSE(bad.sampler);
    CHECK(bad.notes == Notes{"OTEL_TRACES_SAMPLER: 'half' is not a ratio (0 to 1), ignored"});
    CHECK_FALSE(read({{"OTEL_TRACES_SAMPLER_ARG", "0.25"}}).sampler);
}

TEST_CASE("batches and intervals are read in milliseconds", "[telemetry][environment]") {
    const Environment environment = read({{"OTEL_BSP_SCHEDULE_DELAY", "100"},
                                          {"OTEL_BSP_MAX_QUEUE_SIZE", "64"},
                                          {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "16"},
                                          {"OTEL_BSP_EXPORT_TIMEOUT", "200"},
                                          {"OTEL_BLRP_SCHEDULE_DELAY", "300"},
                                          {"OTEL_BLRP_MAX_QUEUE_SIZE", "100"},
                                          {"OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "100"},
                                          {"OTEL_BLRP_EXPORT_TIMEOUT", "400"},
                                          {"OTEL_METRIC_EXPORT_INTERVAL", "500"},
                                          {"OTEL_METRIC_EXPORT_TIMEOUT", "600"}});
    CHECK(environment.span_batches.schedule_delay == 100ms);
    CHECK(environment.span_batches.max_queue_size == 64);
    CHECK(environment.span_batches.max_export_batch_size == 16);
    CHECK(environment.span_batches.export_timeout == 200ms);
    CHECK(environment.log_batches.schedule_delay == 300ms);
    CHECK(environment.log_batches.max_queue_size == 100);
    CHECK(environment.log_batches.max_export_batch_size == 100);
    CHECK(environment.log_batches.export_timeout == 400ms);
    CHECK(environment.metric_interval == 500ms);
    CHECK(environment.metric_timeout == 600ms);
    CHECK(environment.notes.empty());
}

TEST_CASE("a bad variable is noted with its value, once, and passed over", "[telemetry][environment]") {
    struct Row {
        const char* name;
        const char* value;
        const char* note;
    };
    const auto row = GENERATE(values<Row>({
        {"OTEL_SDK_DISABLED", "1", "'1' is neither true nor false, taken as false"},
        {"OTEL_BSP_SCHEDULE_DELAY", "5s", "'5s' is not a number from 1 to 86400000, ignored"},
        {"OTEL_BSP_SCHEDULE_DELAY", "0", "'0' is not a number from 1 to 86400000, ignored"},
        {"OTEL_BLRP_SCHEDULE_DELAY", "-1", "'-1' is not a number from 1 to 86400000, ignored"},
        {"OTEL_BSP_MAX_QUEUE_SIZE", "1000001", "'1000001' is not a number from 1 to 1000000, ignored"},
        {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096", "4096 is more than the queue holds, 2048 is used"},
        {"OTEL_METRIC_EXPORT_INTERVAL", "99999999999999999999",
         "'99999999999999999999' is not a number from 1 to 86400000, ignored"},
        {"OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "'10s' is not a number from 1 to 86400000, ignored"},
        {"OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "'zstd' is neither gzip nor none, taken as none"},
        {"OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "GZIP", "'GZIP' is neither gzip nor none, taken as none"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "'grpc' is not spoken here, http/protobuf is used"},
        {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json", "'http/json' is not spoken here, http/protobuf is used"},
        {"OTEL_TRACES_SAMPLER", "xray",
         "there is no sampler 'xray' (always_on, always_off, traceidratio or rate_limited, each also with "
         "parentbased_ in front), ignored"},
    }));
    CAPTURE(row.name, row.value);
    const Environment environment = read(with_endpoint({{row.name, row.value}}));
    CHECK(environment.notes == Notes{std::string(row.name) + ": " + row.note});
    REQUIRE(find(environment, Signal::traces));
    REQUIRE(find(environment, Signal::logs));
    CHECK(find(environment, Signal::traces)->timeout == 10s);
    CHECK_FALSE(find(environment, Signal::logs)->compresses);
    CHECK_FALSE(environment.span_batches.schedule_delay);
    CHECK_FALSE(environment.span_batches.max_queue_size);
    CHECK(environment.span_batches.max_export_batch_size.value_or(2048) == 2048);
}

TEST_CASE("to an endpoint that is not one nothing is exported, and no secret of it is told",
          "[telemetry][environment]") {
    struct Row {
        const char* url;
        const char* note;
    };
    const auto row = GENERATE(values<Row>({
        {"collector:4318",
         "'collector:4318' has no scheme (write ws://HOST:PORT/PATH, or wss, http, https), nothing is exported there"},
        {"ws://collector", "the scheme 'ws' is not HTTP (write http or https), nothing is exported there"},
        {"http://user:secret@collector",
         "a user name in the URL is not supported (send an Authorization header instead), nothing is exported there"},
        {"http://c:99999/?key=secret",
         "the port in 'http://c:99999/?…' is not a number from 1 to 65535, nothing is exported there"},
    }));
    CAPTURE(row.url);
    const Environment of_all = read({{kEndpoint, row.url}});
    CHECK_FALSE(find(of_all, Signal::traces));
    CHECK_FALSE(find(of_all, Signal::logs));
    CHECK(of_all.notes == Notes{std::string(kEndpoint) + ": " + row.note});

    const Environment of_one = read(with_endpoint({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", row.url}}));
    CHECK_FALSE(find(of_one, Signal::traces));
    CHECK(find(of_one, Signal::logs));
    CHECK(of_one.notes == Notes{std::string("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: ") + row.note});
}

TEST_CASE("headers that are not well formed are left out, and nothing of them is told", "[telemetry][environment]") {
    const auto list = GENERATE(values<std::string>(
        {"secret", "api-key: secret=1", "a=secret%0d%0aX: 1", "a=%secret", "=secret", "good=1,secret", "a b=secret"}));
    CAPTURE(list);
    const Environment environment = read(with_endpoint({{"OTEL_EXPORTER_OTLP_HEADERS", list}}));
    REQUIRE(find(environment, Signal::traces));
    CHECK(find(environment, Signal::traces)->client.headers.empty());
    CHECK(environment.notes == Notes{"OTEL_EXPORTER_OTLP_HEADERS: not a list of NAME=VALUE with commas between and "
                                     "other characters as %XX, ignored"});
}

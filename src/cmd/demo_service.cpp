// A small HTTP service to supervise: it traces and measures its requests as a YAML file says, which it reads at its
// start and at each SIGHUP.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.hpp"
#include "base/blocked_signals.hpp"
#include "base/number.hpp"
#include "demo/environment.hpp"
#include "demo/instrumentation.hpp"
#include "demo/resource.hpp"
#include "demo/service.hpp"
#include "demo/settings.hpp"
#include "net/http_server.hpp"

namespace {

using namespace async::asio::experimental::awaitable_operators;

constexpr std::string_view kHelp =
    "demo-service: a small HTTP service that can trace its requests\n"
    "\n"
    "usage: demo-service [--config FILE] [--listen ADDRESS:PORT | --port PORT]\n"
    "  --config FILE          YAML, see below (default: effective.yaml); without the file nothing is traced\n"
    "  --listen ADDRESS:PORT  where to serve (default: 127.0.0.1:8080)\n"
    "  --port PORT            the same as --listen 127.0.0.1:PORT\n"
    "  --version, --help      print it and exit\n"
    "\n"
    "GET / answers a line or two, GET /healthz answers ok, GET /config shows the settings in force and how often they\n"
    "have been updated, GET /metrics what has been measured, for Prometheus.\n"
    "\n"
    "The file, all of it optional:\n"
    "  instrument: true               each request is a span and is measured, and its response has a traceparent "
    "header\n"
    "  sampler: always_on             of traces that begin here; with parentbased_ in front (and by default) what a\n"
    "                                 caller has decided is kept\n"
    "  sampler:                       always_on, always_off, traceidratio or rate_limited:\n"
    "    type: rate_limited\n"
    "    ratio: 0.1                   traceidratio: of all traces\n"
    "    per_second: 5                rate_limited: traces\n"
    "  exporter:\n"
    "    console: true                spans as lines of JSON on standard output; true by default\n"
    "    otlp:                        spans, and metrics, as OTLP over HTTP\n"
    "      endpoint: http://127.0.0.1:4318   /v1/traces and /v1/metrics are added to it\n"
    "      headers: {name: value}\n"
    "      compression: gzip          or none\n"
    "\n"
    "Where the file says nothing, the environment does: OTEL_EXPORTER_OTLP_*, OTEL_TRACES_SAMPLER, OTEL_BSP_*; and\n"
    "OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say who it is.\n"
    "\n"
    "SIGHUP: the file is read again, and is in force for the next request; one that is wrong is said to be so, and "
    "what\n"
    "was in force stays. SIGTERM, SIGINT: requests under way are answered, what is recorded is exported, within 3\n"
    "seconds, and the service ends.\n";

constexpr std::string_view kVersion = "demo-service " OPAMPD_VERSION "\n";

constexpr std::chrono::seconds kExportAtEnd{3};

constexpr int kFailure = 1;
constexpr int kUsage = 2;

struct Options {
    std::string config = "effective.yaml";
    std::string listen = "127.0.0.1:8080";
    std::string_view print;  ///< Print this and exit.
};

int complain(const std::string& what, int status) {
    std::fprintf(stderr, "demo-service: %s\n", what.c_str());
    return status;
}

base::Result<std::string> loopback(const std::string& port) {
    if (base::parse_number<std::uint16_t>(port)) return "127.0.0.1:" + port;
    return base::Error(base::Kind::invalid, "--port: '" + port + "' is not a port").hint("0 to 65535");
}

base::Result<void> set_option(Options& options, const std::string& name, const std::string& value) {
    if (name == "--config") {
        options.config = value;
    } else if (name == "--listen") {
        options.listen = value;
    } else {
        auto address = loopback(value);
        if (!address) return std::move(address).error();
        options.listen = *address;
    }
    return {};
}

base::Result<Options> parse(const std::vector<std::string>& arguments) {
    Options options;
    for (auto next = arguments.begin(); next != arguments.end(); ++next) {
        const auto equals = next->find('=');
        const std::string name = next->substr(0, equals);
        if (name == "--help" || name == "--version") {
            options.print = name == "--help" ? kHelp : kVersion;
        } else if (name != "--config" && name != "--listen" && name != "--port") {
            return base::Error(base::Kind::invalid, "unknown argument '" + *next + "'").hint("see --help");
        } else if (equals == std::string::npos && next + 1 == arguments.end()) {
            return base::Error(base::Kind::invalid, name + " needs a value").hint("see --help");
        } else {
            const std::string value = equals == std::string::npos ? *++next : next->substr(equals + 1);
            if (auto set = set_option(options, name, value); !set) return std::move(set).error();
        }
    }
    return options;
}

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

/// Where the settings are, and what they are where it says nothing.
struct Source {
    std::string file;
    demo::Settings defaults;
    base::Result<demo::Settings> load() const { return demo::load_settings(file, defaults); }
};

void reload(const Source& source, demo::Instrumentation& instrumentation) {
    const auto settings = source.load();
    if (!settings) {
        instrumentation.note_failed_update();
        complain("reload: " + settings.error().text() + "; the settings stay as they were", kFailure);
        return;
    }
    instrumentation.update(*settings);
    std::fprintf(stderr, "demo-service: update %llu: settings taken from '%s'\n",
                 static_cast<unsigned long long>(instrumentation.updates().ok), source.file.c_str());
}

/// Returns at SIGTERM or SIGINT.
async::Task<> obey(async::asio::signal_set& signals, const Source& source, demo::Instrumentation& instrumentation) {
    for (;;) {
        const auto [code, number] = co_await signals.async_wait(async::as_result);
        if (code || number != SIGHUP) co_return;
        reload(source, instrumentation);
    }
}

/// Serves until it is to end; then there is a time limit for what is still to be exported.
async::Task<> serve_and_finish(net::HttpServer& server, async::asio::signal_set& signals, const Source& source,
                               demo::Instrumentation& instrumentation) {
    co_await (server.run() || obey(signals, source, instrumentation));
    instrumentation.finish();
    co_await async::sleep_for(kExportAtEnd);
}

async::Task<int> serve(const std::string& address, const telemetry::Environment& environment, const Source& source,
                       const demo::Settings& settings) {
    const auto executor = co_await async::asio::this_coro::executor;
    async::asio::signal_set signals(executor, SIGTERM, SIGINT, SIGHUP);
    demo::Instrumentation instrumentation(executor, demo::this_service(environment.resource), std::cout, settings,
                                          demo::options_from(environment));
    demo::Service service(instrumentation);
    net::HttpServer server(executor, service);
    const auto port = server.listen(address);
    if (!port) co_return complain(port.error().text(), kFailure);
    service.listens_on(*port);
    std::fprintf(stderr, "demo-service: serving on port %u, %s\n", unsigned(*port),
                 settings.instrument ? "tracing each request" : "not tracing");
    co_await (instrumentation.run() || serve_and_finish(server, signals, source, instrumentation));
    base::block_signals();  // they go with their handlers
    co_return 0;
}

int run(const Options& options) {
    const auto environment = telemetry::read_environment(variable);
    for (const std::string& note : environment.notes) complain(note, kFailure);
    const Source source{options.config, demo::settings_from(environment)};
    const auto settings = source.load();
    if (!settings) return complain(settings.error().text(), kFailure);
    async::asio::io_context context(1);
    auto end =
        async::asio::co_spawn(context, serve(options.listen, environment, source, *settings), async::asio::use_future);
    context.run();
    return end.get();
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);  // a reader of the spans that goes away does not end the service
    const auto options = parse({argv + 1, argv + argc});
    if (!options) return complain(options.error().text(), kUsage);
    if (!options->print.empty()) {
        std::cout << options->print;
        return 0;
    }
    try {
        return run(*options);
    } catch (const std::exception& e) {
        return complain(e.what(), kFailure);
    }
}

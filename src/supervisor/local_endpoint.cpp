#include "supervisor/local_endpoint.hpp"

#include "base/number.hpp"
#include "control/messages.hpp"
#include "rules/admission.hpp"
#include "supervisor/revision_answers.hpp"
#include "telemetry/prometheus.hpp"

namespace supervisor {

using namespace std::chrono_literals;
using async::SteadyClock;
using async::Task;

namespace {

/// To collect is to read /proc for all agents: whoever asks all the time must not keep the loop busy with it.
constexpr auto kFresh = 250ms;

net::Limits limits() {
    net::Limits limits;
    limits.receive_bytes = 1 << 10;  // no request needs a body
    limits.idle = 10s;
    limits.close = 1s;
    limits.connections = 32;
    return limits;
}

net::HttpResponse plain(unsigned status, std::string body) {
    net::HttpResponse response;
    response.status = status;
    response.body = std::move(body);
    return response;
}

control::AgentHealth health_of(const AgentSupervisor& agent) {
    const lifecycle::State& state = agent.state();
    const opamp::ComponentHealth& health = agent.health();
    control::AgentHealth told;
    told.name = agent.name();
    told.phase = std::string(to_string(state.phase));
    told.healthy = health.healthy || state.held;
    told.reason = shown(health.last_error, rules::redactor_of(agent.settings()));
    if (state.held)
        told.reason = "stopped by opampctl";
    else if (health.healthy)
        told.reason = state.phase == lifecycle::Phase::down ? "there is no config to run with" : "";
    return told;
}

/// Spec: OpenTelemetry, "Prometheus and OpenMetrics Compatibility", "Resource Attributes".
telemetry::LabelledMetrics target_info() {
    static const telemetry::MetricInfo kInfo{
        "target_info", telemetry::MetricKind::gauge, "", "What these metrics come from.", {}};
    telemetry::MetricPoint point;
    point.attributes = {{"service.name", "opampd"}, {"service.version", OPAMPD_VERSION}};
    point.value = 1;
    return {{}, {{&kInfo, {point}}}};
}

}  // namespace

LocalEndpoint::LocalEndpoint(const async::asio::any_io_executor& executor, const Agents& agents)
    : agents_(agents), server_(executor, *this, limits()) {}

Task<net::HttpResponse> LocalEndpoint::respond(net::HttpRequest request) {
    const auto path = request.path();
    const bool is_health = path == "/health" || path == "/";
    if (!is_health && path != "/metrics") co_return plain(404, "There is /health and /metrics.\n");
    if (request.method != "GET" && request.method != "HEAD") {
        net::HttpResponse refusal = plain(405, "This address takes GET.\n");
        refusal.headers.push_back({"Allow", "GET, HEAD"});
        co_return refusal;
    }
    net::HttpResponse response = is_health ? health() : metrics();
    response.headers.push_back({"Cache-Control", "no-store"});
    response.headers.push_back({"X-Content-Type-Options", "nosniff"});
    co_return response;
}

net::HttpResponse LocalEndpoint::health() const {
    control::Health health;
    for (const auto& agent : agents_) {
        health.agents.push_back(health_of(*agent));
        health.healthy = health.healthy && health.agents.back().healthy;
    }
    net::HttpResponse response = plain(health.healthy ? 200 : 503, to_json(health));
    response.content_type = "application/json";
    return response;
}

net::HttpResponse LocalEndpoint::metrics() {
    if (const auto now = SteadyClock::now(); now >= collect_again_) {
        std::vector<telemetry::LabelledMetrics> all{target_info()};
        for (const auto& agent : agents_)
            all.push_back({{{"agent", agent->name()}}, agent->telemetry().pipeline().meter().collect()});
        exposition_ = telemetry::prometheus_text(all);
        collect_again_ = now + kFresh;
    }
    net::HttpResponse response = plain(200, exposition_);
    response.content_type = telemetry::kPrometheusContentType;
    return response;
}

bool is_wanted(const settings::HealthCheck& healthcheck) {
    const std::string_view endpoint = healthcheck.endpoint;
    if (endpoint.empty()) return false;
    return base::parse_number<std::uint16_t>(endpoint.substr(endpoint.rfind(':') + 1)) != 0;
}

}  // namespace supervisor

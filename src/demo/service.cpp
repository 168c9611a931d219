#include "demo/service.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "telemetry/prometheus.hpp"

namespace demo {
namespace {

constexpr std::string_view kRoutes[] = {"/", "/healthz", "/config", "/metrics"};

bool is_route(std::string_view path) {
    return std::ranges::find(kRoutes, path) != std::end(kRoutes);
}

/// Names that are not in the standard would be an attacker's: a span's method and name come from a short list.
std::string known_method(const std::string& method) {
    constexpr std::string_view kMethods[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                             "CONNECT", "OPTIONS", "TRACE", "PATCH"};
    return std::ranges::find(kMethods, method) != std::end(kMethods) ? method : "_OTHER";
}

std::string span_name(const std::string& method, std::string_view path) {
    const std::string verb = method == "_OTHER" ? "HTTP" : method;
    return is_route(path) ? verb + " " + std::string(path) : verb;
}

/// All that the request has of a header that may be given in parts. Spec: RFC 9110, 5.3.
std::string joined(const net::HttpRequest& request, std::string_view name) {
    std::string all;
    for (const net::Header& header : request.headers)
        if (net::is_same_token(header.name, name)) all += (all.empty() ? "" : ",") + header.value;
    return all;
}

/// The trace that the request belongs to. Two traceparent headers make one that is not valid, and are as good as none.
telemetry::SpanContext incoming_trace(const net::HttpRequest& request) {
    const telemetry::Carrier carrier{joined(request, "traceparent"), joined(request, "tracestate"), {}};
    return telemetry::extract(carrier).value_or(telemetry::SpanContext{});
}

net::HttpResponse plain_text(unsigned status, std::string body) {
    net::HttpResponse response;
    response.status = status;
    response.body = std::move(body);
    return response;
}

/// Spec: OpenTelemetry's semantic conventions, "HTTP Metrics": what there are few values of.
telemetry::Attributes measured(const net::HttpRequest& request, unsigned status) {
    telemetry::Attributes attributes{{"http.request.method", known_method(request.method)},
                                     {"http.response.status_code", std::int64_t(status)}};
    if (is_route(request.path())) attributes.emplace_back("http.route", std::string(request.path()));
    attributes.emplace_back("url.scheme", "http");
    return attributes;
}

}  // namespace

async::Task<net::HttpResponse> Service::respond(net::HttpRequest request) {
    if (!instrumentation_.settings().instrument) co_return answer(request);
    const auto began = async::SteadyClock::now();
    telemetry::Span span;
    if (instrumentation_.is_tracing()) span = span_of(request);
    net::HttpResponse response = answer(request);
    if (span) response.headers.push_back({"traceparent", telemetry::format_traceparent(span.context())});
    span.set("http.response.status_code", response.status);
    span.end();
    const std::chrono::duration<double> lasted = async::SteadyClock::now() - began;
    instrumentation_.note_request(lasted.count(), measured(request, response.status));
    co_return response;
}

net::HttpResponse Service::answer(const net::HttpRequest& request) {
    ++served_;
    if (!is_route(request.path())) return plain_text(404, "not found\n");
    if (request.method != "GET" && request.method != "HEAD") {
        net::HttpResponse refusal = plain_text(405, "only GET and HEAD\n");
        refusal.headers.push_back({"Allow", "GET, HEAD"});
        return refusal;
    }
    if (request.path() == "/metrics") {
        net::HttpResponse metrics = plain_text(200, instrumentation_.prometheus_text());
        metrics.content_type = telemetry::kPrometheusContentType;
        return metrics;
    }
    if (request.path() == "/healthz") return plain_text(200, "ok\n");
    return plain_text(200, request.path() == "/config" ? config() : welcome());
}

std::string Service::welcome() const {
    return "Hello from demo-service.\nrequests served: " + std::to_string(served_) +
           "\npid: " + std::to_string(::getpid()) +
           "\ninstrumented: " + (instrumentation_.settings().instrument ? "yes\n" : "no\n");
}

std::string Service::config() const {
    const Updates& updates = instrumentation_.updates();
    return "updates: " + std::to_string(updates.ok) + "\nfailed_updates: " + std::to_string(updates.failed) + "\n" +
           describe(instrumentation_.settings());
}

telemetry::Span Service::span_of(const net::HttpRequest& request) {
    const std::string method = known_method(request.method);
    telemetry::Span span = instrumentation_.start(span_name(method, request.path()), incoming_trace(request));
    span.set("http.request.method", method);
    span.set("url.scheme", "http");
    span.set("url.path", request.path());
    span.set("server.port", port_);
    span.set("client.address", request.peer.substr(0, request.peer.rfind(':')));
    if (is_route(request.path())) span.set("http.route", request.path());
    return span;
}

}  // namespace demo

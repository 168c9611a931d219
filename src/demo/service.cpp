#include "demo/service.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>

namespace demo {
namespace {

constexpr std::string_view kRoutes[] = {"/", "/healthz"};

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

/// The trace of the one traceparent header; two of them are as good as none.
std::optional<TraceParent> incoming_trace(const net::HttpRequest& request) {
    const auto is_traceparent = [](const net::Header& header) {
        return net::is_same_token(header.name, "traceparent");
    };
    if (std::ranges::count_if(request.headers, is_traceparent) != 1) return std::nullopt;
    return parse_traceparent(request.header("traceparent"));
}

net::HttpResponse plain_text(unsigned status, std::string body) {
    net::HttpResponse response;
    response.status = status;
    response.body = std::move(body);
    return response;
}

std::int64_t unix_nano() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

}  // namespace

async::Task<net::HttpResponse> Service::respond(net::HttpRequest request) {
    if (!settings_.instrument) co_return answer(request);
    Span span = span_of(request);
    net::HttpResponse response = answer(request);
    response.headers.push_back({"traceparent", format_traceparent(span.self)});
    span.attributes.emplace_back("http.response.status_code", std::int64_t(response.status));
    span.end_time_unix_nano = unix_nano();
    spans_ << json_line(span) + "\n" << std::flush;
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
    if (request.path() == "/healthz") return plain_text(200, "ok\n");
    return plain_text(200, "Hello from demo-service.\nrequests served: " + std::to_string(served_) +
                               "\npid: " + std::to_string(::getpid()) +
                               "\ninstrumented: " + (settings_.instrument ? "yes\n" : "no\n"));
}

Span Service::span_of(const net::HttpRequest& request) const {
    const auto incoming = incoming_trace(request);
    const std::string method = known_method(request.method);
    Span span;
    span.start_time_unix_nano = unix_nano();
    span.name = span_name(method, request.path());
    span.self = new_span(incoming);
    if (incoming) span.parent_span_id = incoming->span_id;
    span.attributes = {{"http.request.method", method},
                       {"url.scheme", "http"},
                       {"url.path", std::string(request.path())},
                       {"server.port", std::int64_t(port_)},
                       {"client.address", request.peer.substr(0, request.peer.rfind(':'))}};
    if (is_route(request.path())) span.attributes.emplace_back("http.route", std::string(request.path()));
    return span;
}

}  // namespace demo

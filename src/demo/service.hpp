// What the demo service answers, and what it records about it.
#pragma once

#include <cstdint>

#include "demo/instrumentation.hpp"
#include "net/http_server.hpp"

namespace demo {

/// GET / tells how many requests were served; GET /healthz is for probes; GET /config shows the settings in force;
/// GET /metrics is for Prometheus.
///
/// With `instrument`, each request is measured, and is a span that a traceparent header in the response names.
class Service : public net::HttpHandler {
public:
    /// `instrumentation` outlives the service.
    explicit Service(Instrumentation& instrumentation) : instrumentation_(instrumentation) {}

    void listens_on(std::uint16_t port) { port_ = port; }
    async::Task<net::HttpResponse> respond(net::HttpRequest request) override;

private:
    net::HttpResponse answer(const net::HttpRequest& request);
    std::string welcome() const;
    std::string config() const;
    telemetry::Span span_of(const net::HttpRequest& request);

    Instrumentation& instrumentation_;
    std::uint16_t port_ = 0;
    std::uint64_t served_ = 0;
};

}  // namespace demo

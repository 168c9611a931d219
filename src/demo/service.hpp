// What the demo service answers, and the spans it writes about it.
#pragma once

#include <cstdint>
#include <ostream>

#include "demo/settings.hpp"
#include "demo/span.hpp"
#include "net/http_server.hpp"

namespace demo {

/// GET / tells how many requests were served; GET /healthz is for probes.
///
/// With `settings.instrument`, each request is a span: a line on `spans`, a traceparent header in the response.
class Service : public net::HttpHandler {
public:
    Service(Settings settings, std::ostream& spans) : settings_(settings), spans_(spans) {}

    void listens_on(std::uint16_t port) { port_ = port; }
    async::Task<net::HttpResponse> respond(net::HttpRequest request) override;

private:
    net::HttpResponse answer(const net::HttpRequest& request);
    Span span_of(const net::HttpRequest& request) const;

    Settings settings_;
    std::ostream& spans_;
    std::uint16_t port_ = 0;
    std::uint64_t served_ = 0;
};

}  // namespace demo

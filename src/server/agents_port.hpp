// The agents' address: OpAMP, and OTLP beside it.
#pragma once

#include "server/opamp_endpoint.hpp"
#include "server/otlp_endpoint.hpp"

namespace server {

/// Who may speak OpAMP may send telemetry. A path that was given to OpAMP is OpAMP's.
class AgentsPort : public net::HttpHandler {
public:
    AgentsPort(OpampEndpoint& opamp, OtlpEndpoint& otlp) : opamp_(opamp), otlp_(otlp) {}

    async::Task<net::HttpResponse> respond(net::HttpRequest request) override {
        const auto signal = opamp_.is_own(request) ? std::nullopt : signal_at(request.path());
        if (!signal) co_return co_await opamp_.respond(std::move(request));
        if (auto refused = opamp_.refusal_of_sender(request))
            co_return OtlpEndpoint::refusal(request, std::move(*refused));
        co_return co_await otlp_.respond(std::move(request), *signal);
    }
    bool accepts_websocket(const net::HttpRequest& request) const override { return opamp_.accepts_websocket(request); }
    async::Task<> talk(net::HttpRequest request, std::unique_ptr<net::WebSocket> socket) override {
        co_await opamp_.talk(std::move(request), std::move(socket));
    }

private:
    OpampEndpoint& opamp_;
    OtlpEndpoint& otlp_;
};

}  // namespace server

#include "server/otlp_endpoint.hpp"

#include "base/bytes.hpp"
#include "base/units.hpp"

namespace server {
namespace {

constexpr std::string_view kProtobuf = "application/x-protobuf";
constexpr std::string_view kJson = "application/json";
constexpr std::size_t kMostBytes = 16u << 20;  ///< Of one request; what sends OTLP batches far below it.
constexpr std::size_t kMostTypeBytes = 64;     ///< Of what is told of a Content-Type.
constexpr const char* kRetrySeconds = "1";

/// Whatever its parameters.
bool is_type(std::string_view content_type, std::string_view wanted) {
    std::string_view type = content_type.substr(0, content_type.find(';'));
    while (type.ends_with(' ')) type.remove_suffix(1);
    return net::is_same_token(type, wanted);
}

net::HttpResponse refused(const net::HttpRequest& request, unsigned status, std::string text) {
    net::HttpResponse plain;
    plain.status = status;
    plain.body = std::move(text);
    return OtlpEndpoint::refusal(request, std::move(plain));
}

net::HttpResponse failure(const net::HttpRequest& request, const base::Error& error) {
    if (error.kind() == base::Kind::invalid) return refused(request, 400, error.text());
    net::HttpResponse response = refused(request, 503, error.text());
    response.headers.push_back({"Retry-After", kRetrySeconds});
    return response;
}

}  // namespace

std::optional<Signal> signal_at(std::string_view path) {
    if (path == "/v1/traces") return Signal::traces;
    if (path == "/v1/metrics") return Signal::metrics;
    if (path == "/v1/logs") return Signal::logs;
    return std::nullopt;
}

net::HttpResponse OtlpEndpoint::refusal(const net::HttpRequest& request, net::HttpResponse plain) {
    const std::string text = plain.body.substr(0, plain.body.find_last_not_of('\n') + 1);
    const bool wants_json = is_type(request.header("Content-Type"), kJson);
    plain.content_type = wants_json ? kJson : kProtobuf;
    plain.body = wants_json ? error_status_json(plain.status, text) : error_status(plain.status, text);
    return plain;
}

async::Task<net::HttpResponse> OtlpEndpoint::respond(net::HttpRequest request, Signal signal) {
    if (request.method != "POST") {
        net::HttpResponse wrong = refused(request, 405, "OTLP is taken here with POST");
        wrong.headers.push_back({"Allow", "POST"});
        co_return wrong;
    }
    const std::string_view type = request.header("Content-Type");
    if (!is_type(type, kProtobuf))
        co_return refused(request, 415,
                          "the Content-Type is '" + base::shortened(type, kMostTypeBytes) +
                              "', and OTLP is taken here in protobuf: application/x-protobuf");
    if (request.body.size() > kMostBytes)
        co_return refused(request, 413,
                          "the request has " + base::format_size(request.body.size()) + ", and 16 MiB is the most");
    std::string body = std::move(request.body);
    const auto taken = co_await keeper_.take(signal, std::move(body));
    if (!taken) co_return failure(request, taken.error());
    net::HttpResponse response;
    response.content_type = kProtobuf;
    response.body = export_response(*taken);
    co_return response;
}

}  // namespace server

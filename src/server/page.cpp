#include "server/page.hpp"

#include <chrono>
#include <string_view>

#include "server/json.hpp"
#include "server/same_origin.hpp"

namespace server {
namespace {

constexpr std::string_view kLivePath = "/api/live";

struct PageFile {
    std::string_view path;
    std::string_view name;
    std::string_view content_type;
};
constexpr PageFile kFiles[] = {
    {"/", "index.html", "text/html; charset=utf-8"},
    {"/style.css", "style.css", "text/css; charset=utf-8"},
    {"/telemetry.css", "telemetry.css", "text/css; charset=utf-8"},
    {"/app.js", "app.js", "text/javascript; charset=utf-8"},
    {"/page.js", "page.js", "text/javascript; charset=utf-8"},
    {"/agent.js", "agent.js", "text/javascript; charset=utf-8"},
    {"/config.js", "config.js", "text/javascript; charset=utf-8"},
    {"/editor.js", "editor.js", "text/javascript; charset=utf-8"},
    {"/telemetry.js", "telemetry.js", "text/javascript; charset=utf-8"},
    {"/traces.js", "traces.js", "text/javascript; charset=utf-8"},
    {"/trace_tree.js", "trace_tree.js", "text/javascript; charset=utf-8"},
    {"/destinations.js", "destinations.js", "text/javascript; charset=utf-8"},
    {"/view.js", "view.js", "text/javascript; charset=utf-8"},
    {"/icon.svg", "icon.svg", "image/svg+xml"},
};

/// Nothing is loaded from elsewhere, no script runs that is not a file of ours, and nobody may put the page into a
/// frame.
const net::Header kHeaders[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
     "form-action 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

net::HttpResponse page_response(const net::HttpRequest& request) {
    net::HttpResponse response;
    for (const PageFile& file : kFiles) {
        if (request.path() != file.path) continue;
        if (request.method != "GET" && request.method != "HEAD") {
            response = json_response(405, error_json("this address takes GET"));
            response.headers.push_back({"Allow", "GET"});
            return response;
        }
        response.content_type = file.content_type;
        response.body = base::content_of(page_files(), file.name).value_or("");
        response.headers.push_back({"Cache-Control", "no-cache"});
        return response;
    }
    response.status = 404;
    response.body = "There is nothing at this address.\n";
    return response;
}

}  // namespace

async::Task<net::HttpResponse> PageEndpoint::answer(net::HttpRequest request) {
    if (auto checked = check_origin(request, address_); !checked)
        co_return json_response(403, error_json(checked.error().text()));
    if (request.path() == kLivePath) {
        net::HttpResponse response = json_response(426, error_json("this address takes a WebSocket"));
        response.headers.push_back({"Upgrade", "websocket"});
        co_return response;
    }
    if (TelemetryRest::is_for(request)) co_return co_await telemetry_.respond(std::move(request));
    if (request.path().starts_with("/api/")) co_return rest_.respond(request, std::chrono::system_clock::now());
    co_return page_response(request);
}

async::Task<net::HttpResponse> PageEndpoint::respond(net::HttpRequest request) {
    net::HttpResponse response = co_await answer(std::move(request));
    response.headers.insert(response.headers.end(), std::begin(kHeaders), std::end(kHeaders));
    co_return response;
}

bool PageEndpoint::accepts_websocket(const net::HttpRequest& request) const {
    return request.path() == kLivePath && check_origin(request, address_);
}

async::Task<> PageEndpoint::talk(net::HttpRequest, std::unique_ptr<net::WebSocket> socket) {
    co_await live_.tell(std::move(socket));
}

}  // namespace server

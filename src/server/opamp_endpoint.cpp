#include "server/opamp_endpoint.hpp"

#include <chrono>
#include <deque>
#include <set>

#include "base/log.hpp"
#include "opamp/frame.hpp"
#include "server/same_origin.hpp"
#include "server/sockets.hpp"

namespace server {
namespace {

namespace asio = async::asio;
namespace log = base::log;

/// An agent that does not read its answers is not read from either.
constexpr std::size_t kMostUnsent = 16;

net::HttpResponse plain(unsigned status, std::string text, std::vector<net::Header> headers = {}) {
    net::HttpResponse response;
    response.status = status;
    response.body = std::move(text) + "\n";
    response.headers = std::move(headers);
    return response;
}

/// Whole seconds, which Retry-After takes, and not too few.
std::string seconds_of(base::Duration duration) {
    return std::to_string(std::chrono::ceil<std::chrono::seconds>(duration).count());
}

net::HttpResponse throttled(const Throttle& throttle) {
    const bool is_503 = throttle.mode == Throttle::Mode::http_503;
    net::HttpResponse response = plain(is_503 ? 503 : 429, "the server is overloaded");
    if (throttle.retry_after) response.headers.push_back({"Retry-After", seconds_of(*throttle.retry_after)});
    return response;
}

}  // namespace

/// One WebSocket. Answers wait in `unsent`, agents that are to be told something in `due`.
class OpampEndpoint::Connection : public AgentLink {
public:
    Connection(asio::any_io_executor executor, net::WebSocket& websocket, std::string peer)
        : socket(websocket), filled(executor), emptied(executor), dropped(executor), peer_(std::move(peer)) {}

    void wake(const base::Uuid& agent) override {
        due.insert(agent);
        filled.raise();
    }
    void drop() override { dropped.raise(); }
    std::string peer() const override { return peer_; }

    net::WebSocket& socket;
    net::CloseCode close_code = net::CloseCode::normal;
    std::deque<std::string> unsent;
    std::set<base::Uuid> due;
    async::Notice filled;
    async::Notice emptied;
    async::Notice dropped;

private:
    std::string peer_;
};

async::Task<net::HttpResponse> OpampEndpoint::respond(net::HttpRequest request) {
    if (auto refused = refusal(request)) co_return std::move(*refused);
    if (request.method == "POST") co_return co_await on_post(std::move(request));
    if (request.method == "GET")
        co_return plain(426, "OpAMP is spoken here over a WebSocket, or with POST", {{"Upgrade", "websocket"}});
    co_return plain(405, "this address takes GET and POST", {{"Allow", "GET, POST"}});
}

bool OpampEndpoint::accepts_websocket(const net::HttpRequest& request) const {
    return !refusal(request);
}

std::optional<net::HttpResponse> OpampEndpoint::refusal(const net::HttpRequest& request) const {
    if (!is_own(request)) return plain(404, "OpAMP is spoken here at " + options_.path);
    return refusal_of_sender(request);
}

/// Agents send no Origin; a page in a browser, which could otherwise pose as one, does.
std::optional<net::HttpResponse> OpampEndpoint::refusal_of_sender(const net::HttpRequest& request) const {
    if (!request.header("Origin").empty())
        if (auto checked = check_origin(request, address_); !checked) return plain(403, checked.error().text());
    if (!is_authorized(request))
        return plain(401, "a valid Authorization is needed here",
                     {{"WWW-Authenticate", "Bearer realm=\"opamp\""}, {"WWW-Authenticate", "Basic realm=\"opamp\""}});
    const Throttle::Mode mode = options_.throttle != nullptr ? options_.throttle->mode : Throttle::Mode::none;
    if (mode == Throttle::Mode::http_503 || mode == Throttle::Mode::http_429) return throttled(*options_.throttle);
    return std::nullopt;
}

bool OpampEndpoint::is_authorized(const net::HttpRequest& request) const {
    if (options_.tokens == nullptr) return true;
    const std::string credential = credential_of(request.header("Authorization"));
    const bool is_known = options_.tokens->accepts(credential);
    return agents_.is_offered(credential) || is_known;
}

std::optional<std::string> OpampEndpoint::turned_away(const opamp::AgentReport& report) const {
    const Throttle* throttle = options_.throttle;
    if (throttle == nullptr || throttle->mode != Throttle::Mode::unavailable || report.is_goodbye) return std::nullopt;
    return opamp::unavailable(report.instance_uid.bytes(), "the server is overloaded", throttle->retry_after);
}

/// What the connection, or the first poll, says of its sender.
void OpampEndpoint::introduce(AgentLink& link, const net::HttpRequest& request) const {
    const bool pushes = link.delivery == opamp::Delivery::pushes;
    link.credential = credential_of(request.header("Authorization"));
    link.endpoint = options_.advertised;
    if (link.endpoint.empty() && !request.header("Host").empty())
        link.endpoint = (pushes ? "ws://" : "http://") + std::string(request.header("Host")) + options_.path;
}

async::Task<> OpampEndpoint::talk(net::HttpRequest request, std::unique_ptr<net::WebSocket> socket) {
    using namespace async;
    Connection connection(co_await asio::this_coro::executor, *socket, request.peer);
    introduce(connection, request);
    co_await (read_reports(connection) || write_messages(connection) || connection.dropped.raised());
    const std::map<base::Uuid, base::Uuid> spoken_for = connection.agents;
    agents_.ended(connection, now());
    for (const auto& [wire_uid, uid] : spoken_for) heard_of(uid);
    if (!connection.dropped.is_raised()) co_await say_goodbye(*socket, connection.close_code);
}

async::Task<> OpampEndpoint::read_reports(Connection& connection) {
    co_await asio::this_coro::throw_if_cancelled(false);
    while (!async::is_cancelled(co_await async::asio::this_coro::cancellation_state)) {
        const auto frame = co_await connection.socket.read();
        if (!frame) {
            if (frame.error().kind() == base::Kind::invalid) connection.close_code = net::CloseCode::unsupported_data;
            log::debug("connection.ended", {{"peer", connection.peer()}, {"reason", frame.error().text()}});
            co_return;
        }
        const auto payload = opamp::decode_frame(*frame);
        const auto report =
            payload ? opamp::decode_report(*payload) : base::Result<opamp::AgentReport>(payload.error());
        if (const auto away = report ? turned_away(*report) : std::nullopt) {
            connection.unsent.push_back(*away);
        } else if (report) {
            if (options_.tokens != nullptr && !agents_.admits(connection.credential, report->instance_uid)) {
                log::warning("agent.refused", {{"instance_uid", report->instance_uid.text()},
                                               {"peer", connection.peer()},
                                               {"reason", "it has a credential of its own"}});
                connection.close_code = net::CloseCode::policy;
                co_return;
            }
            if (agents_.rival(connection, report->instance_uid) != nullptr) {
                co_await meet_rival(connection, report->instance_uid);
                const bool is_ended = async::is_cancelled(co_await async::asio::this_coro::cancellation_state);
                if (is_ended) co_return;
            }
            connection.unsent.push_back(agents_.receive(connection, *report, frame->size(), now()));
            if (const auto agent = connection.agents.find(report->instance_uid); agent != connection.agents.end())
                heard_of(agent->second);
        } else {
            log::warning("message.refused", {{"peer", connection.peer()}, {"reason", report.error().text()}});
            connection.unsent.push_back(opamp::bad_request({}, report.error().text()));
        }
        connection.filled.raise();
        connection.emptied.clear();
        if (connection.unsent.size() > kMostUnsent) co_await connection.emptied.raised();
    }
}

/// One who polls cannot be asked: the connection takes its place, and if it goes on polling, it is told apart then.
async::Task<> OpampEndpoint::meet_rival(AgentLink& link, const base::Uuid& instance_uid) {
    Agent* rival = agents_.rival(link, instance_uid);
    if (rival->link->delivery == opamp::Delivery::polls)
        agents_.ended(*rival->link, now());
    else
        co_await prove_alive(link, instance_uid);
}

/// Two connections for one agent: either the old one is dead and does not know it, or there are two agents with one
/// uid. Asked for its state, the old one answers in time or is given up.
async::Task<> OpampEndpoint::prove_alive(AgentLink& newcomer, const base::Uuid& instance_uid) {
    using namespace async;
    async::Notice heard(co_await asio::this_coro::executor);
    const auto place = waiting_.emplace(instance_uid, &heard);
    agents_.ask_sign_of_life(instance_uid);
    co_await (heard.raised() || async::sleep_for(options_.sign_of_life));
    waiting_.erase(place);
    const bool is_ended = async::is_cancelled(co_await async::asio::this_coro::cancellation_state);
    Agent* rival = agents_.rival(newcomer, instance_uid);
    if (is_ended || heard.is_raised() || rival == nullptr) co_return;
    AgentLink& silent = *rival->link;
    log::info("connection.given_up", {{"peer", silent.peer()}, {"instance_uid", instance_uid.text()}});
    agents_.ended(silent, now());
    silent.drop();
}

void OpampEndpoint::heard_of(const base::Uuid& uid) {
    for (auto [next, last] = waiting_.equal_range(uid); next != last; ++next) next->second->raise();
}

/// Answers first, in the order of the reports.
std::optional<std::string> OpampEndpoint::next_message(Connection& connection) {
    if (!connection.unsent.empty()) {
        std::string message = std::move(connection.unsent.front());
        connection.unsent.pop_front();
        return message;
    }
    while (!connection.due.empty()) {
        const base::Uuid uid = *connection.due.begin();
        if (auto message = agents_.next_push(connection, uid, now())) return message;
        connection.due.erase(uid);
    }
    return std::nullopt;
}

async::Task<> OpampEndpoint::write_messages(Connection& connection) {
    co_await asio::this_coro::throw_if_cancelled(false);
    while (!async::is_cancelled(co_await async::asio::this_coro::cancellation_state)) {
        connection.filled.clear();
        while (auto message = next_message(connection)) {
            const auto written = co_await connection.socket.write(opamp::encode_frame(*message));
            if (!written && written.error().kind() != base::Kind::too_large) co_return;
            if (!written)
                log::error(
                    "message.discarded",
                    {{"peer", connection.peer()}, {"bytes", message->size() + 1}, {"reason", written.error().text()}});
        }
        connection.emptied.raise();
        co_await connection.filled.raised();
    }
}

}  // namespace server

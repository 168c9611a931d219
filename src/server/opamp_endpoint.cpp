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

Time now() {
    return std::chrono::system_clock::now();
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
    net::HttpResponse response;
    response.status = request.path() != path_ ? 404 : request.header("Origin").empty() ? 426 : 403;
    response.body = "OpAMP is spoken here over a WebSocket at " + path_ + "\n";
    if (response.status == 426) response.headers.push_back({"Upgrade", "websocket"});
    co_return response;
}

/// Agents send no Origin; a page in a browser, which could otherwise pose as one, does.
bool OpampEndpoint::accepts_websocket(const net::HttpRequest& request) const {
    const std::string_view origin = request.header("Origin");
    return request.path() == path_ && (origin.empty() || check_origin(request, address_));
}

async::Task<> OpampEndpoint::talk(net::HttpRequest request, std::unique_ptr<net::WebSocket> socket) {
    using namespace async;
    Connection connection(co_await asio::this_coro::executor, *socket, request.peer);
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
        if (report) {
            if (agents_.rival(connection, report->instance_uid) != nullptr) {
                co_await prove_alive(connection, report->instance_uid);
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

/// Two connections for one agent: either the old one is dead and does not know it, or there are two agents with one
/// uid. Asked for its state, the old one answers in time or is given up.
async::Task<> OpampEndpoint::prove_alive(Connection& newcomer, const base::Uuid& instance_uid) {
    using namespace async;
    async::Notice heard(co_await asio::this_coro::executor);
    const auto place = waiting_.emplace(instance_uid, &heard);
    agents_.ask_sign_of_life(instance_uid);
    co_await (heard.raised() || async::sleep_for(sign_of_life_));
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

// The plain HTTP transport: one report a request, one answer a response. Spec: "Plain HTTP Transport".
#include <algorithm>

#include "base/log.hpp"
#include "server/opamp_endpoint.hpp"

namespace server {
namespace {

namespace asio = async::asio;
namespace log = base::log;
using std::chrono::hours;
using std::chrono::seconds;

constexpr seconds kPatience{90};  ///< Three of the default poll intervals.
constexpr seconds kLeastPatience{3};
constexpr hours kMostPatience{1};
constexpr int kMissedPolls = 3;
constexpr seconds kBetweenLooks{1};  ///< A look goes over all of them.

constexpr std::string_view kContentType = "application/x-protobuf";

net::HttpResponse protobuf(std::string message) {
    net::HttpResponse response;
    response.content_type = kContentType;
    response.body = std::move(message);
    response.may_be_compressed = true;
    return response;
}

net::HttpResponse plain(unsigned status, std::string text) {
    net::HttpResponse response;
    response.status = status;
    response.body = std::move(text) + "\n";
    return response;
}

/// Whatever its parameters.
bool is_protobuf(std::string_view content_type) {
    std::string_view type = content_type.substr(0, content_type.find(';'));
    while (type.ends_with(' ')) type.remove_suffix(1);
    return net::is_same_token(type, kContentType);
}

}  // namespace

/// A report that cannot be read is answered in OpAMP's own words, which an agent reads only in a response of status
/// 200.
async::Task<net::HttpResponse> OpampEndpoint::on_post(net::HttpRequest request) {
    if (!is_protobuf(request.header("Content-Type"))) co_return plain(415, "this address takes application/x-protobuf");
    auto report = opamp::decode_report(request.body);
    if (!report) {
        log::warning("message.refused", {{"peer", request.peer}, {"reason", report.error().text()}});
        co_return protobuf(opamp::bad_request({}, report.error().text()));
    }
    const bool is_admitted = agents_.admits(credential_of(request.header("Authorization")), report->instance_uid);
    if (options_.tokens != nullptr && !is_admitted) {
        net::HttpResponse refused = plain(401, "this agent has a credential of its own");
        refused.headers.push_back({"WWW-Authenticate", "Bearer realm=\"opamp\""});
        co_return refused;
    }
    if (auto away = turned_away(*report)) co_return protobuf(std::move(*away));
    co_return co_await take_report(std::move(request), std::move(*report));
}

async::Task<net::HttpResponse> OpampEndpoint::take_report(net::HttpRequest request, opamp::AgentReport report) {
    const base::Uuid uid = report.instance_uid;
    const Agent* agent = agents_.find(uid);
    const Polls::Link link = polls_.sender_of(report, agent != nullptr ? agent->link : nullptr, request.peer, now());
    introduce(*link, request);
    // An agent that polls at long intervals was taken for gone meanwhile.
    if (agent != nullptr && agent->link == nullptr && agent->session.follows(report))
        link->interval = std::max<base::Duration>(link->interval, now() - agent->last_seen);
    settle_double(link, uid);
    if (agents_.rival(*link, uid) != nullptr && !link->is_double) {
        co_await prove_alive(*link, uid);
        const bool is_ended = async::is_cancelled(co_await asio::this_coro::cancellation_state);
        if (is_ended) co_return plain(503, "the server is stopping");
    }
    std::string message = agents_.receive(*link, std::move(report), request.body.size(), now());
    if (link->agents.empty()) polls_.forget(*link);
    if (polled_ != nullptr && expiry_of(*link) < next_look_) polled_->raise();
    if (std::exchange(link->has_withheld, false))
        co_return plain(500, "the answer is over the limit for messages that are sent");
    co_return protobuf(std::move(message));
}

/// Where somebody else polls with the same uid: a sender that is new takes its place, because it mostly is the same
/// agent after a restart. One that goes on after it was replaced proves that there are two; it gets its place back, and
/// the other one is given a uid of its own.
void OpampEndpoint::settle_double(const Polls::Link& link, const base::Uuid& instance_uid) {
    const Agent* rival = agents_.rival(*link, instance_uid);
    if (rival == nullptr || rival->link->delivery != opamp::Delivery::polls || link->is_double) return;
    auto& other = static_cast<PollLink&>(*rival->link);
    if (link->was_replaced) other.is_double = true;
    other.was_replaced = true;
    link->was_replaced = false;
    agents_.hand_over(other, *link, now());
}

/// Three of the intervals that the agent was given, or those it was seen to keep.
Time OpampEndpoint::expiry_of(const PollLink& link) const {
    base::Duration patience = std::max<base::Duration>(kPatience, kMissedPolls * link.interval);
    for (const auto& [wire_uid, uid] : link.agents) {
        const Agent* agent = agents_.find(uid);
        if (agent == nullptr || agent->session.settings_progress() != opamp::ConfigProgress::applied) continue;
        const auto& offers = agent->session.connection_settings();
        if (!offers->opamp || offers->opamp->heartbeat_interval_seconds == 0) continue;
        const auto interval = std::min<std::uint64_t>(offers->opamp->heartbeat_interval_seconds, 3600);
        patience = std::max<base::Duration>(kLeastPatience, kMissedPolls * seconds(interval));
    }
    patience = std::min<base::Duration>(patience, kMostPatience);
    return link.last_heard + std::chrono::duration_cast<Time::duration>(patience);
}

void OpampEndpoint::expire_polls() {
    for (const Polls::Link& link : polls_.all()) {
        if (expiry_of(*link) > now()) continue;
        agents_.ended(*link, now());
        polls_.forget(*link);
    }
}

async::Task<> OpampEndpoint::watch_polls() {
    using namespace async;
    co_await asio::this_coro::throw_if_cancelled(false);
    Notice polled(co_await asio::this_coro::executor);
    polled_ = &polled;
    while (!is_cancelled(co_await asio::this_coro::cancellation_state)) {
        expire_polls();
        const auto links = polls_.all();
        polled.clear();
        next_look_ = Time::max();
        for (const Polls::Link& link : links) next_look_ = std::min(next_look_, expiry_of(*link));
        if (links.empty())
            co_await polled.raised();
        else
            co_await (polled.raised() || sleep_for(std::max<base::Duration>(next_look_ - now(), kBetweenLooks)));
    }
    polled_ = nullptr;
    for (const Polls::Link& link : polls_.all()) agents_.ended(*link, now());
}

}  // namespace server

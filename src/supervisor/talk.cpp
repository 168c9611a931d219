#include "supervisor/talk.hpp"

#include "base/units.hpp"

namespace supervisor {
namespace {

constexpr auto kPartingPatience = std::chrono::seconds(2);

}  // namespace

void Talk::receive(std::string_view payload, telemetry::Carrier carrier) {
    const std::uint64_t now = base::unix_nano_now();
    telemetry.metrics().message(AgentMetrics::Direction::receive, payload.size());
    auto received = session.receive(payload);
    if (!received) return refuse(payload.size(), received.error());
    is_answered = true;
    for (const std::string& ignored : received->ignored) log.debug("message.part_ignored", {{"part", ignored}});
    if (const auto& error = received->error) {
        log.warning("server.reported_error", {{"error", error->message}});
        if (error->type == opamp::ServerError::Type::unavailable) throttle(error->retry_after);
    }
    orders.take(std::move(*received), {now, std::move(carrier)});
    news.raise();
}

async::Task<> Talk::read_ahead() {
    // It may have changed in the meantime: then that is read, too.
    for (;;) {
        const auto wanted = session.to_read();
        if (!wanted) co_return;
        auto files = co_await readers.run([&wanted] { return wanted->read(); });
        session.have_read(wanted->hash, std::move(files));
    }
}

void Talk::refuse(std::size_t bytes, const base::Error& error) const {
    log.warning("message.refused", {{"bytes", bytes}, {"error", error.text()}});
}

void Talk::discard(std::size_t bytes, const base::Error& error) {
    log.error("message.discarded", {{"bytes", bytes}, {"error", error.text()}});
    session.give_up_largest();
}

async::Task<base::Result<void>> authorize(Credentials& credentials, std::vector<net::Header>& headers) {
    if (!net::find_header(headers, "Authorization").empty()) co_return base::Result<void>();
    auto given = co_await credentials.headers();
    if (!given) co_return std::move(given).error();
    headers.insert(headers.end(), given->begin(), given->end());
    co_return base::Result<void>();
}

async::Task<base::Error> patience_is_over(async::Notice& leave) {
    co_await leave.raised();
    co_await async::sleep_for(kPartingPatience);
    co_return base::Error(base::Kind::timeout, "no answer within the time limit");
}

void Talk::throttle(std::optional<base::Duration> after) {
    is_throttled = true;
    retry_after = after;
}

}  // namespace supervisor

#include "health/http_probe.hpp"

#include <algorithm>

#include "net/client.hpp"

namespace health {

using namespace std::chrono_literals;

async::Task<base::Result<net::HttpResponse>> get(const net::Url& url, base::Duration timeout,
                                                 std::size_t most_of_body) {
    net::ClientOptions options;
    options.url = url;
    options.limits.handshake = timeout;
    auto response = co_await net::http_get(options, most_of_body);
    if (response && (response->status < 200 || response->status > 299))
        co_return base::Error(base::Kind::refused,
                              "HTTP " + std::to_string(response->status) + " from " + url.authority() + url.target);
    co_return response;
}

async::Task<base::Result<void>> ask(const HttpProbe& probe) {
    auto response = co_await get(probe.url, probe.timeout, net::kProbeBody);
    if (!response) co_return std::move(response).error();
    co_return base::Result<void>();
}

base::Duration next_question(bool has_been_well, base::Duration elapsed, base::Duration interval) {
    if (has_been_well) return interval;
    return std::clamp<base::Duration>(elapsed / 10, 1ms, std::max<base::Duration>(interval, 1ms));
}

async::Task<> watch(HttpProbe probe, Listener& listener) {
    const auto begin = async::SteadyClock::now();
    bool has_been_well = false;
    unsigned in_a_row = 0;
    for (;;) {
        const auto asked = async::SteadyClock::now();
        const auto answer = co_await ask(probe);
        const base::Duration took = async::SteadyClock::now() - asked;
        const bool is_ended = async::is_cancelled(co_await async::asio::this_coro::cancellation_state);
        if (is_ended) co_return;
        in_a_row = answer ? in_a_row + 1 : 0;
        has_been_well = has_been_well || in_a_row >= probe.successes;
        if (answer)
            listener.probe_up(took);
        else
            listener.probe_down(took, answer.error().text());
        co_await async::sleep_for(next_question(has_been_well, async::SteadyClock::now() - begin, probe.interval));
    }
}

}  // namespace health

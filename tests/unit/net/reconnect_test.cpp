#include "net/reconnect.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using net::next_pause;

namespace {

const net::ReconnectPolicy kPolicy{500ms, 60s, 30s};
constexpr std::uint64_t kNone = 0;
constexpr std::uint64_t kAll = ~0ull;

}  // namespace

TEST_CASE("pauses double up to their bound, with full jitter", "[net][reconnect][LIFE-2]") {
    const std::vector<base::Duration> bounds{500ms, 1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s};
    for (int failures = 0; failures < static_cast<int>(bounds.size()); ++failures) {
        CHECK(next_pause({failures, false, {}}, kPolicy, kNone) == 0s);
        const auto longest = next_pause({failures, false, {}}, kPolicy, kAll);
        CHECK(longest <= bounds[static_cast<std::size_t>(failures)]);
        CHECK(longest > bounds[static_cast<std::size_t>(failures)] - 1ms);
    }
    CHECK(next_pause({1'000'000, false, {}}, kPolicy, kAll) <= 60s);
}

TEST_CASE("what the server asks for is waited in full, within reason", "[net][reconnect][RETRY-8][RETRY-10]") {
    CHECK(next_pause({0, true, 3s}, kPolicy, kNone) == 3s);
    CHECK(next_pause({0, true, 3s}, kPolicy, kAll) > 3s);
    CHECK(next_pause({0, true, 24h * 365}, kPolicy, kNone) == net::kLongestRetryAfter);
}

TEST_CASE("a server that is overloaded without saying for how long is left alone for longer and longer",
          "[net][reconnect][RETRY-9][RETRY-12]") {
    CHECK(next_pause({0, true, {}}, kPolicy, kNone) == 30s);
    CHECK(next_pause({1, true, {}}, kPolicy, kNone) == 60s);
    CHECK(next_pause({50, true, {}}, kPolicy, kNone) == 60s);
    CHECK(next_pause({0, true, {}}, {500ms, 1s, 30s}, kNone) == 30s);
    CHECK(next_pause({2, true, {}}, {10ms, 1s, 20ms}, kNone) == 80ms);
}

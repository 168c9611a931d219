#include "config/rollout.hpp"

#include <catch2/catch.hpp>

using config::Rollout;

TEST_CASE("what is remembered of rollouts comes back as it was", "[config][rollout]") {
    const Rollout rollout =
        GENERATE(Rollout{},
                 Rollout{7, 2, {6, 5}, 42, "local", {{"h", "line one\nline two \xFF"}, {std::string("\0\n", 2), ""}}});
    CHECK(config::parse_rollout(format(rollout)) == rollout);
}

TEST_CASE("a rollout file that cannot be trusted is none", "[config][rollout][hostile]") {
    const std::string good = format(Rollout{7, 2, {6, 5}, 42, "local", {{"h", "r"}}});
    for (std::size_t size = 0; size < good.size(); ++size) CHECK_FALSE(config::parse_rollout(good.substr(0, size)));
    const auto with = [&](const std::string& from, const std::string& to) {
        std::string text = good;
        return config::parse_rollout(text.replace(text.find(from), from.size(), to));
    };
    REQUIRE(with("starts: 2", "starts: 3"));
    CHECK_FALSE(with("starts: 2", "starts: x"));
    CHECK_FALSE(with("candidate: 7", "candidate: -7"));
    CHECK_FALSE(with("older_good: 6 5", "older_good: 6 x"));
    CHECK_FALSE(with("failed: 1", "failed: 2"));
    CHECK_FALSE(with("failed: 1", "failed: 99999999999"));
}

TEST_CASE("of the hashes that failed the newest hundred are remembered, each once", "[config][rollout]") {
    Rollout rollout;
    for (int i = 0; i < 150; ++i) rollout.remember_failed(std::to_string(i), "first");
    rollout.remember_failed("100", std::string(10'000, 'x'));
    CHECK(rollout.failed.size() == 100);
    CHECK_FALSE(rollout.find_failed("49"));
    CHECK(rollout.find_failed("50"));
    CHECK(rollout.failed.back().remote_hash == "100");
    CHECK(rollout.failed.back().reason.size() < 4200);
    rollout.forget_failed("100");
    CHECK_FALSE(rollout.find_failed("100"));
}

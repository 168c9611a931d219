#include "output/tail.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace output;

namespace {

std::vector<std::string> lines_of(Lines& lines, std::string_view bytes) {
    std::vector<std::string> taken;
    lines.add(bytes, [&](std::string_view line) { taken.emplace_back(line); });
    return taken;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("the tail is the last bytes, whatever they came in", "[output][tail]") {
    const std::string all = "abcdefghijklmnopqrstuvwxyz";
    const auto piece = GENERATE(1u, 2u, 3u, 7u, 26u);
    Tail tail(5);
    for (std::size_t at = 0; at < all.size(); at += piece) {
        tail.add(all.substr(at, piece));
        const std::string so_far = all.substr(0, at + piece);
        CHECK(tail.text() == so_far.substr(so_far.size() - std::min<std::size_t>(so_far.size(), 5)));
    }
    tail.clear();
    CHECK(tail.text().empty());
}

TEST_CASE("lines are whole, wherever the pieces end", "[output][lines]") {
    Lines lines(100);
    CHECK(lines_of(lines, "one\ntw") == Texts{"one"});
    CHECK(lines_of(lines, "").empty());
    CHECK(lines_of(lines, "o\n\nthree\nfour") == Texts{"two", "", "three"});
    CHECK(lines_of(lines, "\n") == Texts{"four"});
}

TEST_CASE("a line that is too long is cut, and what is left of it is a line", "[output][lines]") {
    Lines lines(4);
    CHECK(lines_of(lines, "abcdefghij\nk\n") == Texts{"abcd", "efgh", "ij", "k"});
    CHECK(lines_of(lines, "abc") == Texts{});
    CHECK(lines_of(lines, "defg") == Texts{"abcd"});
    CHECK(lines_of(lines, "\n") == Texts{"efg"});
    CHECK(lines_of(lines, "12345678\n9\n") == Texts{"1234", "5678", "9"});
    CHECK(lines_of(lines, "1234\n\n") == Texts{"1234", ""});
}

TEST_CASE("what has no end yet is a line once nothing comes any more", "[output][lines]") {
    Lines lines(100);
    CHECK(lines_of(lines, "a\nb") == Texts{"a"});
    Texts rest;
    lines.finish([&](std::string_view line) { rest.emplace_back(line); });
    lines.finish([&](std::string_view line) { rest.emplace_back(line); });
    CHECK(rest == Texts{"b"});
}

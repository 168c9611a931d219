#include "config/diff.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <vector>

using config::unified_diff;

namespace {

/// `text` in lines, each with its newline.
std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t newline = text.find('\n', begin);
        const std::size_t end = newline == std::string::npos ? text.size() : newline + 1;
        lines.push_back(text.substr(begin, end - begin));
        begin = end;
    }
    return lines;
}

/// The lines of a hunk's side: first and how many, as its header says.
std::pair<std::size_t, std::size_t> range_of(const std::string& text) {
    const std::size_t comma = text.find(',');
    const std::size_t count = comma == std::string::npos ? 1 : std::stoul(text.substr(comma + 1));
    const std::size_t first = std::stoul(text);
    return {count == 0 ? first : first - 1, count};
}

/// What `patch` would make of `before`; throws where it would refuse.
std::string patched(const std::string& before, const std::string& diff) {
    const auto require = [](bool holds) {
        if (!holds) throw std::runtime_error("the diff does not fit");
    };
    const std::vector<std::string> old_lines = lines_of(before);
    std::vector<std::string> patch = lines_of(diff);
    if (patch.empty()) return before;
    require(patch.size() > 2 && patch[0].starts_with("--- ") && patch[1].starts_with("+++ "));
    std::vector<std::string> result;
    std::size_t at = 0;
    for (std::size_t i = 2; i < patch.size();) {
        const std::string& header = patch[i++];
        require(header.starts_with("@@ -") && header.ends_with(" @@\n"));
        const std::size_t plus = header.find(" +");
        const auto [old_first, old_count] = range_of(header.substr(4, plus - 4));
        const auto [new_first, new_count] = range_of(header.substr(plus + 2));
        require(old_first >= at);
        while (at < old_first) result.push_back(old_lines.at(at++));
        require(result.size() == new_first);
        for (; i < patch.size() && !patch[i].starts_with("@@"); ++i) {
            std::string line = patch[i].substr(1);
            if (i + 1 < patch.size() && patch[i + 1].starts_with('\\')) line.pop_back();
            if (patch[i].starts_with('\\')) continue;
            if (!patch[i].starts_with('+')) require(old_lines.at(at++) == line);
            if (!patch[i].starts_with('-')) result.push_back(line);
        }
        require(at == old_first + old_count && result.size() == new_first + new_count);
    }
    while (at < old_lines.size()) result.push_back(old_lines[at++]);
    std::string text;
    for (const std::string& line : result) text += line;
    return text;
}

std::string random_text(std::mt19937& random, std::size_t most_lines, int words) {
    std::string text;
    const std::size_t lines = random() % (most_lines + 1);
    for (std::size_t i = 0; i < lines; ++i) text += std::to_string(random() % static_cast<unsigned>(words)) + "\n";
    if (!text.empty() && random() % 4 == 0) text.pop_back();
    return text;
}

}  // namespace

TEST_CASE("a difference reads as diff -u writes it", "[config][diff]") {
    struct Row {
        const char *before, *after, *hunks;
    };
    const auto row = GENERATE(values<Row>({
        {"a\n", "b\n", "@@ -1 +1 @@\n-a\n+b\n"},
        {"", "a\n", "@@ -0,0 +1 @@\n+a\n"},
        {"", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n"},
        {"a\n", "", "@@ -1 +0,0 @@\n-a\n"},
        {"a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"},
        {"a\n", "a", "@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n"},
        {"a\nb", "c\nb", "@@ -1,2 +1,2 @@\n-a\n+c\n b\n\\ No newline at end of file\n"},
        {"a\nb\n", "a\nb\nc", "@@ -1,2 +1,3 @@\n a\n b\n+c\n\\ No newline at end of file\n"},
        {"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nX\n6\n7\n8\n9\n",
         "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+X\n 6\n 7\n 8\n"},
        {"1\n2\n3\n4\n5\n6\n7\n8\n", "X\n2\n3\n4\n5\n6\n7\nY\n",
         "@@ -1,8 +1,8 @@\n-1\n+X\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+Y\n"},
        {"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "X\n2\n3\n4\n5\n6\n7\n8\nY\n",
         "@@ -1,4 +1,4 @@\n-1\n+X\n 2\n 3\n 4\n@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+Y\n"},
        {"a: 1\r\nb: 2\r\n", "a: 1\nb: 2\r\n", "@@ -1,2 +1,2 @@\n-a: 1\r\n+a: 1\n b: 2\r\n"},
    }));
    CAPTURE(row.before, row.after);
    CHECK(unified_diff(row.before, row.after, "old", "new") == std::string("--- old\n+++ new\n") + row.hunks);
    CHECK(patched(row.before, unified_diff(row.before, row.after, "old", "new")) == row.after);
}

TEST_CASE("equal texts have no difference", "[config][diff]") {
    const std::string text = GENERATE(as<std::string>(), "", "a", "a\nb\n");
    CHECK(unified_diff(text, text, "old", "new").empty());
}

TEST_CASE("the context is as wide as asked for", "[config][diff]") {
    CHECK(unified_diff("1\n2\n3\n", "1\nX\n3\n", "o", "n", 0) == "--- o\n+++ n\n@@ -2 +2 @@\n-2\n+X\n");
    CHECK(unified_diff("1\n2\n3\n", "1\n2\nX\n3\n", "o", "n", 0) == "--- o\n+++ n\n@@ -2,0 +3 @@\n+X\n");
    CHECK(unified_diff("1\n2\n3\n", "1\n3\n", "o", "n", -1) == "--- o\n+++ n\n@@ -2 +1,0 @@\n-2\n");
    CHECK(unified_diff("1\n2\n3\n4\n", "1\n2\n3\nX\n", "o", "n", 1) == "--- o\n+++ n\n@@ -3,2 +3,2 @@\n 3\n-4\n+X\n");
}

TEST_CASE("a name cannot break out of its header line", "[config][diff]") {
    CHECK(unified_diff("", "a\n", "my file", "b\n+evil").starts_with("--- my file\n+++ \"b\\n+evil\"\n@@"));
}

TEST_CASE("what a difference says makes the one text of the other", "[config][diff]") {
    std::mt19937 random(20240501);
    for (int i = 0; i < 5000; ++i) {
        const int words = 1 + static_cast<int>(random() % 6);
        const std::string before = random_text(random, 20, words);
        const std::string after = random_text(random, 20, words);
        const std::string diff = unified_diff(before, after, "old", "new", static_cast<int>(random() % 5));
        const bool same = patched(before, diff) == after;
        CAPTURE(before, after, diff);
        REQUIRE(same);
    }
}

TEST_CASE("few changes in a long text stay few", "[config][diff]") {
    std::mt19937 random(7);
    std::string before, after;
    int changed = 0;
    for (int i = 0; i < 20000; ++i) {
        const std::string line = std::to_string(random() % 50) + "\n";
        before += line;
        const bool here = i % 500 == 250;
        after += here ? "new " + line : line;
        changed += here;
    }
    const std::string diff = unified_diff(before, after, "old", "new", 0);
    CHECK(patched(before, diff) == after);
    CHECK(static_cast<int>(lines_of(diff).size()) <= 2 + 4 * changed);
}

TEST_CASE("a difference of large texts ends", "[config][diff][hostile]") {
    struct Row {
        const char* name;
        std::size_t lines;
        int words;
    };
    const auto row = GENERATE(values<Row>({{"lines that differ all", 100'000, 1'000'000'000},
                                           {"lines that repeat", 100'000, 2},
                                           {"too many lines", 260'000, 10}}));
    CAPTURE(row.name);
    std::mt19937 random(1);
    std::string before, after;
    for (std::size_t i = 0; i < row.lines; ++i) {
        before += std::to_string(random() % static_cast<unsigned>(row.words)) + "\n";
        after += std::to_string(random() % static_cast<unsigned>(row.words)) + "\n";
    }
    CHECK(patched(before, unified_diff(before, after, "old", "new")) == after);
}

TEST_CASE("beyond the limit what was found is kept and the rest replaced", "[config][diff][hostile]") {
    std::string before, after;
    for (int i = 0; i < 10'000; ++i) {
        before += "old " + std::to_string(i) + "\nsame " + std::to_string(i) + "\n";
        after += "new " + std::to_string(i) + "\nsame " + std::to_string(i) + "\n";
    }
    const std::string diff = unified_diff(before, after, "old", "new");
    CHECK(patched(before, diff) == after);
    CHECK(diff.find("\n same 900\n") != std::string::npos);
    CHECK(diff.find("\n same 1100\n") == std::string::npos);
}

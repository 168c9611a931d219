#include "supervisor/config_check.hpp"

#include <catch2/catch.hpp>

using supervisor::last_lines;

TEST_CASE("the last lines of what a checker printed", "[supervisor][config_check]") {
    CHECK(last_lines("", 3) == "");
    CHECK(last_lines(" \n\n", 3) == "");
    CHECK(last_lines("one", 3) == "one");
    CHECK(last_lines("one\n\ntwo\r\n", 3) == "one\ntwo");
    CHECK(last_lines("1\n2\n3\n4\n", 3) == "2\n3\n4");
    CHECK(last_lines("\x1b[31mred\xFF", 3).find('\x1b') == std::string::npos);
    CHECK(last_lines(std::string(10'000, 'x'), 3).size() < 1100);
}

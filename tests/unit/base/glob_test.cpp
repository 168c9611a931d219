#include "base/glob.hpp"

#include <catch2/catch.hpp>

TEST_CASE("a line is found by a pattern for all of it", "[base][glob]") {
    const char* text = "status: ok\r\nup 3/4\n\nlast";
    CHECK(base::has_line(text, "status: ok"));
    CHECK(base::has_line(text, "up */4"));
    CHECK(base::has_line(text, "l?st"));
    CHECK(base::has_line(text, ""));
    CHECK_FALSE(base::has_line(text, "up"));
    CHECK_FALSE(base::has_line(text, "*ok*last"));
    CHECK_FALSE(base::has_line("", "*"));
}

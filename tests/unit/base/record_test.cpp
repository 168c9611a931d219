#include "base/record.hpp"

#include <catch2/catch.hpp>

using base::Record;

TEST_CASE("a record reads back as it was written", "[base][record]") {
    Record record;
    record.set("status", "APPLIED");
    record.set_bytes("hash", std::string("\0\n: \xff", 5));
    record.set("empty", "");
    CHECK(record.text() == "status: APPLIED\nhash: 000a3a20ff\nempty: \n");
    const auto read = Record::parse(record.text());
    REQUIRE(read);
    CHECK(read->find("status") == "APPLIED");
    CHECK(read->find_bytes("hash") == std::string("\0\n: \xff", 5));
    CHECK(read->find("empty") == "");
    CHECK_FALSE(read->find("other"));
    CHECK_FALSE(read->find_bytes("status"));
}

TEST_CASE("a file that was cut is no record", "[base][record]") {
    const std::string text =
        GENERATE("", "status: APPLIED", "status\n", "status: APPLIED\nhash: 00", "status: A\nhas\n");
    CHECK_FALSE(Record::parse(text));
}

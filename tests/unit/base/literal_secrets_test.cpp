#include "base/literal_secrets.hpp"

#include <catch2/catch.hpp>

using base::LiteralSecrets;

TEST_CASE("a known secret is taken out wherever it stands", "[base][redact]") {
    LiteralSecrets secrets;
    CHECK(secrets.redact("s3cret") == "s3cret");
    secrets.add("s3cret\n");
    CHECK(secrets.redact("login with s3crets3cret failed: s3cre") == "login with [REDACTED][REDACTED] failed: s3cre");
}

TEST_CASE("each line of a secret is one, but for the shortest", "[base][redact]") {
    LiteralSecrets secrets;
    secrets.add("-----BEGIN\r\n  MIIB  \n\nabc\nlast");
    CHECK(secrets.redact("MIIB abc last -----BEGIN") == "[REDACTED] abc [REDACTED] [REDACTED]");
}

TEST_CASE("a secret that is a part of another hides nothing of it", "[base][redact]") {
    LiteralSecrets secrets;
    secrets.add("word");
    secrets.add("password");
    secrets.add("pass");
    CHECK(secrets.redact("password word pass") == "[REDACTED] [REDACTED] [REDACTED]");
    LiteralSecrets of_the_mark;
    of_the_mark.add("REDACTED");
    CHECK(of_the_mark.redact("REDACTED") == "[REDACTED]");
}

TEST_CASE("of very large secrets the first lines are known", "[base][redact]") {
    LiteralSecrets secrets;
    secrets.add("first\n" + std::string(70'000, 'x') + "\nlast\n");
    CHECK(secrets.redact("first last") == "[REDACTED] [REDACTED]");
    CHECK(secrets.redact(std::string(70'000, 'x')) == std::string(70'000, 'x'));
}

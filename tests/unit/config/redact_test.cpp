#include "config/redact.hpp"

#include <catch2/catch.hpp>

#include "config/yaml.hpp"

using config::Redactor;

namespace {

struct Row {
    const char *text, *shown;
};

void check(const Row& row) {
    CAPTURE(row.text);
    CHECK(Redactor().redact(row.text) == row.shown);
    std::string text = row.text;
    Redactor().redact_in_place(text);
    CHECK(text == row.shown);
}

/// The same for what is YAML before and after.
void check_yaml(const Row& row) {
    check(row);
    CHECK(config::yaml::check(row.text));
    CHECK(config::yaml::check(row.shown));
}

}  // namespace

TEST_CASE("a pattern is held against a key alone", "[config][redact]") {
    struct Match {
        const char *pattern, *key;
        bool matches;
    };
    const auto row = GENERATE(values<Match>({
        {"*password*", "DB_Password_1", true},
        {"*password*", "pass", false},
        {"api_key", "API_KEY", true},
        {"api_key", "api_keys", false},
        {"API?KEY", "api-key", true},
        {"a*b*c", "axxbxxbc", true},
        {"a*b*c", "axxbxxb", false},
        {"*", "", true},
        {"", "", true},
        {"?", "", false},
        {"a**", "a", true},
    }));
    CAPTURE(row.pattern, row.key);
    CHECK(Redactor({row.pattern}).is_secret(row.key) == row.matches);
}

TEST_CASE("usual names of secrets are known", "[config][redact]") {
    const std::string secret =
        GENERATE("password", "DB_PASSWORD", "authToken", "client_secret", "api_key", "apiKey", "DD-API-KEY",
                 "Authorization", "proxy-authorization", "x-honeycomb-team", "aws_secret_access_key", "licenseKey");
    CAPTURE(secret);
    CHECK(Redactor().is_secret(secret));
    CHECK_FALSE(Redactor().is_secret(GENERATE("endpoint", "key", "name", "user", "key_file", "receivers", "author")));
}

TEST_CASE("scalars below a secret's key are replaced, all else stays", "[config][redact]") {
    check_yaml(GENERATE(values<Row>({
        {"password: hunter2\nuser: joe # password: no\n", "password: \"[REDACTED]\"\nuser: joe # password: no\n"},
        {"a:\n  - password:   'it''s'  # why\n    b: 1\n", "a:\n  - password:   \"[REDACTED]\"  # why\n    b: 1\n"},
        {"token: \"a\\\"b\\\n  c\"\nx: 1\n", "token: \"[REDACTED]\"\nx: 1\n"},
        {"token: 'a\n\n  b'\nx: 1", "token: \"[REDACTED]\"\nx: 1"},
        {"token: plain text\n  on two\n\n  lines # c\nx: 1\n", "token: \"[REDACTED]\" # c\nx: 1\n"},
        {"token: |\n  a\n  b\nx: 1\n", "token: \"[REDACTED]\"\nx: 1\n"},
        {"token: >-  # c\n\n  a\n\n    b # d\n# e\nx: 1\n", "token: \"[REDACTED]\"  # c\n# e\nx: 1\n"},
        {"token: |2+\n    a\n\n\nx: 1\n", "token: \"[REDACTED]\"\n\n\nx: 1\n"},
        {"token: |\n\nx: 1\n", "token: \"[REDACTED]\"\n\nx: 1\n"},
        {"- token: |-\n    a", "- token: \"[REDACTED]\""},
        {"secrets:\n  a: 1\n  b: [x, {c: y}]\n  d:\n  - z\nx: 1\n",
         "secrets:\n  a: \"[REDACTED]\"\n  b: [\"[REDACTED]\", {c: \"[REDACTED]\"}]\n  d:\n  - \"[REDACTED]\"\nx: 1\n"},
        {"{password: a b, x: [token: c, d]}\n", "{password: \"[REDACTED]\", x: [token: \"[REDACTED]\", d]}\n"},
        {"{\"password\":\"a\\u0062\",\"n\":1,\"token\":null,\"secret\":[true,-1.5]}",
         "{\"password\":\"[REDACTED]\",\"n\":1,\"token\":null,\"secret\":[\"[REDACTED]\",\"[REDACTED]\"]}"},
        {"\"pass\\u0077ord\": a\n", "\"pass\\u0077ord\": \"[REDACTED]\"\n"},
        {"? password\n: a\n? [token]\n: b\n", "? password\n: \"[REDACTED]\"\n? [token]\n: b\n"},
        {"token: !!str # c\n  a\n", "token: !!str # c\n  \"[REDACTED]\"\n"},
        {"token: !<tag:x,1:y> &t \"a\"\nx: *t\n", "token: !<tag:x,1:y> &t \"[REDACTED]\"\nx: *t\n"},
        {"token: !env |\n  a\n", "token: !env \"[REDACTED]\"\n"},
        {"token: !!str\n\"user\": joe\n", "token: !!str\n\"user\": joe\n"},
        {"token:\npassword: ~\nsecret: null\npwd: ''\n", "token:\npassword: ~\nsecret: null\npwd: \"[REDACTED]\"\n"},
        {"token: ${env:T}\npassword: \"${P}\"\nsecret: ${env:A}b\npwd: ${env:A:-x}\n",
         "token: ${env:T}\npassword: \"${P}\"\nsecret: \"[REDACTED]\"\npwd: \"[REDACTED]\"\n"},
        {"password: a\n---\nx: 1\n...\n---\n- token: b\n",
         "password: \"[REDACTED]\"\n---\nx: 1\n...\n---\n- token: \"[REDACTED]\"\n"},
        {"password: a\r\ntoken: |\r\n  b\r\n  c\r\nx: 1\r\n",
         "password: \"[REDACTED]\"\r\ntoken: \"[REDACTED]\"\r\nx: 1\r\n"},
        {"\xEF\xBB\xBFna\xC3\xAFve: \xE2\x82\xAC\npassword: p\xC3\xA4ss\nx: 1\n",
         "\xEF\xBB\xBFna\xC3\xAFve: \xE2\x82\xAC\npassword: \"[REDACTED]\"\nx: 1\n"},
        {"secret: {hunter2}\nx: 1\n", "secret: {\"[REDACTED]\"}\nx: 1\n"},
        {"", ""},
        {"# nothing\n", "# nothing\n"},
    })));
}

TEST_CASE("what an alias below a secret's key names is redacted where it stands", "[config][redact]") {
    check_yaml(GENERATE(values<Row>({
        {"a: &x hunter2\npassword: *x\n", "a: &x \"[REDACTED]\"\npassword: *x\n"},
        {"a: &x {b: 1, c: [2]}\ntokens: {d: [*x]}\ne: 3\n",
         "a: &x {b: \"[REDACTED]\", c: [\"[REDACTED]\"]}\ntokens: {d: [*x]}\ne: 3\n"},
        {"a: &x 1\nb: &y [*x, 2]\nc: &z {d: *y}\ntoken: *z\n",
         "a: &x \"[REDACTED]\"\nb: &y [*x, \"[REDACTED]\"]\nc: &z {d: *y}\ntoken: *z\n"},
        {"a: &x {b: &y 1, c: 2}\ntoken: *y\n", "a: &x {b: &y \"[REDACTED]\", c: 2}\ntoken: *y\n"},
        {"a: &x 1\ntoken: *x\nb: &x 2\nc: *x\n", "a: &x \"[REDACTED]\"\ntoken: *x\nb: &x 2\nc: *x\n"},
        {"a: &x 1\ntoken: *x\n---\na: &x 2\nb: *x\n", "a: &x \"[REDACTED]\"\ntoken: *x\n---\na: &x 2\nb: *x\n"},
        {"a: &x 1\n---\na: &x 2\ntoken: *x\n", "a: &x 1\n---\na: &x \"[REDACTED]\"\ntoken: *x\n"},
        {"a: &k password\nb: {*k : hunter2}\n", "a: &k password\nb: {*k : \"[REDACTED]\"}\n"},
        {"&k hunter2: 1\ntoken: *k\n", "&k \"[REDACTED]\": 1\ntoken: *k\n"},
        {"base: &b {password: a, user: joe}\nx: {<<: *b, y: 1}\n",
         "base: &b {password: \"[REDACTED]\", user: joe}\nx: {<<: *b, y: 1}\n"},
    })));
}

TEST_CASE("secrets in other scalars are found", "[config][redact]") {
    check_yaml(GENERATE(values<Row>({
        {"url: https://joe:hunter2@host:8080/x\n", "url: https://joe:REDACTED@host:8080/x\n"},
        {"urls: [amqp://a:b@c, 'x://a:it''s@c', \"x://a:b@c@d\"]\n",
         "urls: [amqp://a:REDACTED@c, 'x://a:REDACTED@c', \"x://a:REDACTED@d\"]\n"},
        {"{\"u\": \"https:\\/\\/a:b@c\\/\"}", "{\"u\": \"https://a:REDACTED@c/\"}"},
        {"a: see http://h:80/x@y and http://joe@h\n", "a: see http://h:80/x@y and http://joe@h\n"},
        {"a: redis://:p/w@h mysql://u:x@h\n", "a: redis://:REDACTED@h mysql://u:REDACTED@h\n"},
        {"a: x://${env:U}:${env:P}@h\n", "a: x://${env:U}:${env:P}@h\n"},
        {"a: |\n  x://u:p@h\n  more\n", "a: |\n  x://u:REDACTED@h\n  more\n"},
        {"pem: |\n  -----BEGIN RSA PRIVATE KEY-----\n  MIIE\n  -----END RSA PRIVATE KEY-----\n  rest\nb: 1\n",
         "pem: |\n  [REDACTED]\n  rest\nb: 1\n"},
        {"pem: -----BEGIN PRIVATE KEY----- MIIE\n", "pem: \"[REDACTED]\"\n"},
        {"pem: \"a\\n-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----\\n\"\n",
         "pem: \"a\\n[REDACTED]\\n\"\n"},
        {"pem: 'a -----BEGIN\n  PRIVATE KEY-----\n  MIIE'\n", "pem: \"a [REDACTED]\"\n"},
        {"crt: |\n  -----BEGIN CERTIFICATE-----\n  MIIE\n", "crt: |\n  -----BEGIN CERTIFICATE-----\n  MIIE\n"},
        {"env: [DB_PASSWORD=hunter2, USER=joe]\n", "env: [\"DB_PASSWORD=[REDACTED]\", USER=joe]\n"},
        {"args:\n  - '--api-key=a b'\n  - --token=${env:T}\n",
         "args:\n  - '--api-key=[REDACTED]'\n  - --token=${env:T}\n"},
        {"a: token == b\n", "a: token == b\n"},
        {"ini: |\n  [db]\n  user = joe\n  password = x\n", "ini: |\n  [db]\n  user = joe\n  password = [REDACTED]\n"},
    })));
}

TEST_CASE("text that is not YAML is redacted line by line", "[config][redact]") {
    check(GENERATE(values<Row>({
        {"[db]\nuser = joe\npassword = a b ; c\nport=1\n", "[db]\nuser = joe\npassword = [REDACTED]\nport=1\n"},
        {"db.password=x\r\ndb.user=y\r\n", "db.password=[REDACTED]\r\ndb.user=y\r\n"},
        {"server {\n  listen 80;\n  auth_token abc;\n  token: x\n}\n",
         "server {\n  listen 80;\n  auth_token [REDACTED];\n  token: [REDACTED]\n}\n"},
        {"x = 1\ntoken = ${T}\n# password = a\n", "x = 1\ntoken = ${T}\n# password = [REDACTED]\n"},
        {"{\"a\": {\"password\": \"x\", \"b\": 1}", "{\"a\": {\"password\": [REDACTED]"},
        {"a: [\nsecrets:\n  b: x\n  c:\n    - y\nd: z\n",
         "a: [\nsecrets:\n  [REDACTED]\n  [REDACTED]\n    [REDACTED]\nd: z\n"},
        {"a: [\ntokens:\n- x\n- y\nd: z\n", "a: [\ntokens:\n[REDACTED]\n[REDACTED]\nd: z\n"},
        {"a = [\nsecret = \"\"\"\nx\ny\n\"\"\"\nd = z\n",
         "a = [\nsecret = [REDACTED]\n[REDACTED]\n[REDACTED]\n[REDACTED]\nd = z\n"},
        {"a = 1\npassword = x\\\ny\nb = 2\n", "a = 1\npassword = [REDACTED]\n[REDACTED]\nb = 2\n"},
        {"api_key = \"x: hunter2\"\n", "api_key = [REDACTED]\n"},
        {"<a>\n<password>x</password>\n</a>\n", "<a>\n<password>[REDACTED]\n</a>\n"},
        {"url = https://a:b@c/\nx = y", "url = https://a:REDACTED@c/\nx = y"},
        {"-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n", "[REDACTED]\n"},
        {"a: 1\n\x04\npassword: x\n", "a: 1\n\x04\npassword: [REDACTED]\n"},
        {"just text", "just text"},
        {"a: 1\n]\ntoken: x\n", "a: 1\n]\ntoken: [REDACTED]\n"},
        {"]\ntoken: x\n", "]\ntoken: [REDACTED]\n"},
        {"\xFF\xFEp\0", "[REDACTED]"},
        {"password", "password"},
    })));
}

TEST_CASE("hostile text ends and hides its secrets", "[config][redact][hostile]") {
    const std::string deep =
        GENERATE(std::string(100'000, '['), std::string(100'000, '{'), std::string(100'000, '"'),
                 std::string("x://u:p/") + std::string(100'000, ':'), std::string(50'000, '=') + "a: *b");
    const std::string shown = Redactor().redact(deep + "\n\"password\": \"hunter2\"\n");
    CHECK(shown.find("hunter2") == std::string::npos);
}

TEST_CASE("large JSON is redacted as small JSON is", "[config][redact]") {
    const std::string mark = GENERATE("", "\xEF\xBB\xBF");
    std::string text = mark + "\n[", expected = text;
    for (int i = 0; text.size() < 1'200'000; ++i) {
        const std::string name = "{\"name\": \"" + std::to_string(i) + "\", \"password\": ";
        text += name + "\"hunter2\"},\n";
        expected += name + "\"[REDACTED]\"},\n";
    }
    CHECK((Redactor().redact(text + "0]\n") == expected + "0]\n"));
    CHECK(Redactor().redact(text + "0\n").find("hunter2") == std::string::npos);
}

TEST_CASE("what a program printed is no YAML, however it looks", "[config][redact]") {
    const Redactor redactor;
    CHECK(redactor.redact_output("line 1: no such exporter, password=hunter2") ==
          "line 1: no such exporter, password=[REDACTED]");
    CHECK(redactor.redact_output("error: {a: b}\ntoken: abc\nport 9090 taken\n") ==
          "error: {a: b}\ntoken: [REDACTED]\nport 9090 taken\n");
    CHECK(redactor.redact_output("") == "");
}

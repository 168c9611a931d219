#include "config/signature.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "base/bytes.hpp"

using config::PublicKey;
using config::SecretKey;
using config::SignedHeader;
using config::Trust;
using opamp::ConfigMap;
using namespace std::string_literals;

namespace {

/// RFC 8032, 7.1, TEST 1.
const std::string kSeed = *base::from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
const std::string kPublic = *base::from_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");

const ConfigMap kFiles{{"a.yaml", {"receivers: {}\n", "text/yaml"}}, {"rules", {"\0\xFF\n"s, ""}}};
const SignedHeader kHeader{7, 1000, 2000};

SecretKey rfc_key() {
    return std::move(*SecretKey::from_seed(kSeed));
}

Trust trusting(std::vector<PublicKey> keys) {
    return {std::move(keys), 1500, std::nullopt};
}

ConfigMap with_body(ConfigMap files, std::string body) {
    files[std::string(config::kSignatureEntry)] = {std::move(body), std::string(config::kSignatureContentType)};
    return files;
}

ConfigMap signed_files(const SignedHeader& header = kHeader) {
    const SecretKey key = rfc_key();
    return with_body(kFiles, config::sign(kFiles, {&key}, header));
}

std::string refusal(const ConfigMap& files, const Trust& trust) {
    const auto verified = config::verify(files, trust);
    return verified ? "" : verified.error().message();
}

std::string refusal(const ConfigMap& files) {
    return refusal(files, trusting({{kPublic, ""}}));
}

}  // namespace

TEST_CASE("Ed25519 is that of RFC 8032", "[config][signature]") {
    const SecretKey key = rfc_key();
    CHECK(key.public_key("").bytes == kPublic);
    const std::string signature = key.sign("");
    CHECK(base::to_hex(signature) ==
          "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595b"
          "be24"
          "655141438e7a100b");
    CHECK(config::is_signature(signature, "", {kPublic, ""}));
    CHECK_FALSE(config::is_signature(signature, "x", {kPublic, ""}));
    CHECK_FALSE(config::is_signature(signature.substr(1), "", {kPublic, ""}));
    CHECK_FALSE(config::is_signature(signature, "", {"short", ""}));
    // The neutral element as a key would accept one signature for every message.
    const PublicKey weak{"\x01"s + std::string(31, '\0'), ""};
    CHECK_FALSE(config::is_signature("\x01"s + std::string(63, '\0'), "any", weak));
}

TEST_CASE("keys go to text and back", "[config][signature]") {
    const SecretKey key = SecretKey::generate();
    const auto again = SecretKey::parse(key.format());
    REQUIRE(again);
    const PublicKey open = key.public_key("ops team");
    CHECK(again->public_key("ops team") == open);
    CHECK(open.bytes != SecretKey::generate().public_key("").bytes);

    const auto keys = config::parse_public_keys("# trusted\n\n" + config::format(open) + " ed25519 " +
                                                base::to_base64(kPublic) + "\r\n");
    REQUIRE(keys);
    CHECK(*keys == std::vector<PublicKey>{open, {kPublic, ""}});
    CHECK(config::format({kPublic, "two\nlines"}) == "ed25519 " + base::to_base64(kPublic) + " two lines\n");
    CHECK(PublicKey{kPublic, ""}.id() == base::to_hex(base::sha256(kPublic)).substr(0, 16));
}

TEST_CASE("what is no key is refused, and a secret is not shown", "[config][signature]") {
    struct Row {
        const char *text, *message;
    };
    const auto row = GENERATE(values<Row>({
        {"", "it has no public key"},
        {"# none\n", "it has no public key"},
        {"\ned25519 AAAA\n", "line 2 is no public key"},
        {"ed25519\n", "line 1 is no public key"},
        {"rsa AAAA\n", "line 1 is no public key"},
        {"ed25519-secret AAAA\n", "line 1 is no public key"},
    }));
    const auto keys = config::parse_public_keys(row.text);
    REQUIRE_FALSE(keys);
    CHECK(keys.error().message() == row.message);
    const std::string secret =
        GENERATE(as<std::string>(), "", "ed25519-secret", "ed25519-secret c2VjcmV0", "ed25519 c2VjcmV0");
    const auto key = SecretKey::parse(secret);
    REQUIRE_FALSE(key);
    CHECK(key.error().text().find("c2Vj") == std::string::npos);
}

TEST_CASE("a signed config is accepted, without its signature", "[config][signature]") {
    const auto verified = config::verify(signed_files(), trusting({{kPublic, ""}}));
    REQUIRE(verified);
    CHECK(verified->files == kFiles);
    CHECK(verified->header == kHeader);
    CHECK(verified->key_id == PublicKey{kPublic, ""}.id());
    CHECK(config::without_signature(signed_files()) == kFiles);
    CHECK(config::without_signature(kFiles) == kFiles);
    CHECK(refusal(signed_files({})).empty());
}

TEST_CASE("an empty config can be signed", "[config][signature]") {
    const SecretKey key = rfc_key();
    CHECK(refusal(with_body({}, config::sign({}, {&key}, {}))).empty());
}

TEST_CASE("one signature of a trusted key is enough, so that keys can be changed", "[config][signature]") {
    const SecretKey before = rfc_key(), after = SecretKey::generate();
    const ConfigMap both = with_body(kFiles, config::sign(kFiles, {&before, &after}, {}));
    CHECK(refusal(both, trusting({before.public_key("")})).empty());
    CHECK(refusal(both, trusting({after.public_key("")})).empty());
    CHECK(refusal(both, trusting({after.public_key(""), before.public_key("")})).empty());
    CHECK(refusal(both, trusting({SecretKey::generate().public_key("")})) ==
          "the config is signed by key 21fe31dfa154a261, which is not a trusted one");
    CHECK_FALSE(refusal(both, trusting({})).empty());
}

TEST_CASE("each bit that is flipped is noticed", "[config][signature]") {
    const ConfigMap good = signed_files();
    const auto flipped = [](std::string text, std::size_t bit) {
        text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
        return text;
    };
    std::size_t passed = 0, tried = 0;
    const auto offer = [&](const ConfigMap& files) {
        ++tried;
        passed += refusal(files).empty() ? 1 : 0;
    };
    for (const auto& [name, file] : good) {
        for (std::size_t bit = 0; bit < file.body.size() * 8; ++bit) {
            ConfigMap files = good;
            files[name].body = flipped(file.body, bit);
            offer(files);
        }
        for (std::size_t bit = 0; bit < file.content_type.size() * 8; ++bit) {
            ConfigMap files = good;
            files[name].content_type = flipped(file.content_type, bit);
            offer(files);
        }
        for (std::size_t bit = 0; bit < name.size() * 8; ++bit) {
            ConfigMap files = good;
            files.erase(name);
            files[flipped(name, bit)] = file;
            offer(files);
        }
    }
    CHECK(passed == 0);
    CHECK(tried > 1500);
}

TEST_CASE("what is moved from one entry to another is noticed", "[config][signature]") {
    ConfigMap swapped = signed_files();
    std::swap(swapped["a.yaml"], swapped["rules"]);
    CHECK(refusal(swapped) == "the config's signature is wrong");
    ConfigMap more = signed_files();
    more["z"] = {};
    CHECK(refusal(more) == "the config's signature is wrong");
    ConfigMap less = signed_files();
    less.erase("rules");
    CHECK(refusal(less) == "the config's signature is wrong");

    const auto form = [](const ConfigMap& files) { return config::canonical_form(files, {}); };
    CHECK(form({{"a", {"", "b"}}}) != form({{"ab", {"", ""}}}));
    CHECK(form({{"a", {"b", ""}}}) != form({{"a", {"", "b"}}}));
    CHECK(form({{"a", {"1", ""}}, {"b", {"2", ""}}}) != form({{"a", {"1\n1:b\n0:\n1:2", ""}}}));
    CHECK(form({{"", {"", ""}}}) != form({}));
    CHECK(config::canonical_form({}, {1, {}, {}}) != config::canonical_form({}, {{}, 1, {}}));
}

TEST_CASE("what cannot be trusted is refused in one sentence", "[config][signature]") {
    const std::string good = signed_files().at("opampd.signature").body;
    const std::string line = good.substr(good.find("ed25519"));
    struct Row {
        std::string body, message;
    };
    const auto row = GENERATE_COPY(values<Row>({
        {"", "the config has no signature"},
        {"serial 7\n", "the config has no signature"},
        {line, "the config's signature is wrong"},
        {"serial 8\nnot-before 1000\nnot-after 2000\n" + line, "the config's signature is wrong"},
        {"serial 7\nserial 7\n" + line, "the signature's line 2 is malformed"},
        {"serial 07\n" + line, "the signature's line 1 is malformed"},
        {"serial -1\n" + line, "the signature's line 1 is malformed"},
        {"serial 18446744073709551616\n" + line, "the signature's line 1 is malformed"},
        {"\n" + line, "the signature's line 1 is malformed"},
        {"ed25519 21FE31DFA154A261" + line.substr(24), "the signature's line 1 is malformed"},
        {good + "more\n", "the signature's line 5 is malformed"},
        {good + "ed25519 0011 AAAA\n", "the signature's line 5 is malformed"},
        {std::string(16385, 'x'), "the signature has 16385 bytes, and 16384 is the most there may be"},
        {good + good + std::string("ed25519\n"), "the signature's line 5 is malformed"},
    }));
    CHECK(refusal(with_body(kFiles, row.body)) == row.message);
    CHECK(refusal(kFiles) == "the config has no signature");
    ConfigMap typed = signed_files();
    typed["opampd.signature"].content_type = "text/plain";
    CHECK(refusal(typed) == "entry opampd.signature has another content type than application/vnd.opampd.signature");
    std::string many;
    for (int i = 0; i < 65; ++i) many += line;
    CHECK(refusal(with_body(kFiles, many)) == "the signature has more than 64 lines");
    // The lines' order says nothing, only what they say.
    CHECK(refusal(with_body(kFiles, line + "not-after 2000\nserial 7\nnot-before 1000\n")).empty());
}

TEST_CASE("time and serial are held against the signed header", "[config][signature]") {
    struct Row {
        SignedHeader header;
        std::uint64_t now;
        std::optional<std::uint64_t> last_serial;
        const char* message;
    };
    const auto row = GENERATE(values<Row>({
        {{}, 0, {}, ""},
        {{7, {}, {}}, 0, {}, ""},
        {{7, {}, {}}, 0, 6, ""},
        {{7, {}, {}}, 0, 7, ""},
        {{7, {}, {}}, 0, 8, "the config's serial 7 is older than the last one, 8"},
        {{}, 0, 8, "the config's signature has no serial, and the last one had 8"},
        {{{}, 10, {}}, 9, {}, "the config's signature is not valid before 10, and it is 9"},
        {{{}, 10, {}}, 10, {}, ""},
        {{{}, {}, 20}, 20, {}, ""},
        {{{}, {}, 20}, 21, {}, "the config's signature expired at 20, and it is 21"},
    }));
    CHECK(refusal(signed_files(row.header), {{{kPublic, ""}}, row.now, row.last_serial}) == row.message);
}

TEST_CASE("the example of the document is true", "[config][signature]") {
    std::ifstream file(OPAMPD_SOURCE_DIR "/docs/signatures.md");
    std::ostringstream text;
    text << file.rdbuf();
    const ConfigMap files{{"", {"receivers: {}\n", "text/yaml"}}, {"rules.txt", {"deny all\n", ""}}};
    const SignedHeader header{42, {}, 1900000000};
    const SecretKey key = rfc_key();
    for (const std::string& part : {config::canonical_form(files, header), config::sign(files, {&key}, header),
                                    key.format(), config::format(key.public_key("the example's"))}) {
        CAPTURE(part);
        CHECK(text.str().find("```\n" + part + "```\n") != std::string::npos);
    }
}

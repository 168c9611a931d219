// Random configs with secrets in random places.
#include <catch2/catch.hpp>

#include <random>

#include "config/redact.hpp"
#include "config/yaml.hpp"

using config::yaml::Value;

namespace {

constexpr const char* kMark = "hunter2";

/// Trees whose secrets, and nothing else, hold the mark.
class Trees {
public:
    explicit Trees(unsigned seed) : random_(seed) {}

    Value map(int depth, bool secret) {
        Value value{Value::Kind::map, {}, {}, {}, {}};
        const unsigned entries = below(5) + 1;
        for (unsigned i = 0; i < entries; ++i) {
            const bool below_secret = secret || below(4) == 0;
            const std::string name = (below_secret && !secret ? "My_Token_" : "key ") + std::to_string(i);
            Value key{below(2) == 0 ? Value::Kind::plain : Value::Kind::quoted, name, {}, {}, {}};
            value.entries.emplace_back(std::move(key), any(depth, below_secret));
        }
        return value;
    }

private:
    Value any(int depth, bool secret) {
        const unsigned kind = below(depth > 0 ? 6 : 3);
        if (kind == 0 && below(3) == 0) return {};
        if (kind == 3) {
            Value list{Value::Kind::list, {}, {}, {}, {}};
            for (unsigned i = below(4); i > 0; --i) list.items.push_back(any(depth - 1, secret));
            return list;
        }
        return kind > 3 ? map(depth - 1, secret) : scalar(secret);
    }

    Value scalar(bool secret) {
        static const std::vector<std::string> kPieces{"a", " b",   "\n",       "\\",   "\"", "'", "\t",
                                                      "#", ": ",   "- ",       "[",    "}",  "%", "@",
                                                      "|", "\x01", "\xC3\xA9", "${X}", "=",  ","};
        if (below(2) == 0) {
            const std::string word = "w" + std::to_string(below(100));
            return {Value::Kind::plain, secret ? kMark + word : word, below(8) == 0 ? "!tag" : "", {}, {}};
        }
        std::string text = secret ? kMark : "";
        for (unsigned i = below(8); i > 0; --i) text += kPieces[below(static_cast<unsigned>(kPieces.size()))];
        return {Value::Kind::quoted, text, below(8) == 0 ? "!!str" : "", {}, {}};
    }

    unsigned below(unsigned end) { return static_cast<unsigned>(random_() % end); }

    std::mt19937 random_;
};

void redact(Value& value) {
    if (value.text.find(kMark) != std::string::npos) {
        value.text = "[REDACTED]";
        value.kind = Value::Kind::quoted;
    }
    for (Value& item : value.items) redact(item);
    for (auto& [key, entry] : value.entries) redact(entry);
}

}  // namespace

TEST_CASE("of a random config the secrets go and all else stays", "[config][redact]") {
    const config::Redactor redactor({"*token*"});
    for (unsigned seed = 0; seed < 2000; ++seed) {
        const std::string text = config::yaml::emit(Trees(seed).map(4, false));
        auto expected = config::yaml::parse(text);
        REQUIRE(expected);
        redact(*expected);
        const std::string shown = redactor.redact(text);
        CAPTURE(seed, text, shown);
        REQUIRE(shown.find(kMark) == std::string::npos);
        const auto parsed = config::yaml::parse(shown);
        REQUIRE(parsed);
        // An empty string below a secret's key is redacted too, and has no mark: the text decides.
        REQUIRE(config::yaml::emit(*parsed) == config::yaml::emit(*expected));
        REQUIRE(redactor.redact(shown) == shown);
    }
}

TEST_CASE("a config cut anywhere shows no secret", "[config][redact][hostile]") {
    const config::Redactor redactor({"*token*"});
    for (unsigned seed = 0; seed < 100; ++seed) {
        const std::string text = config::yaml::emit(Trees(seed).map(3, false));
        std::mt19937 random(seed);
        for (int i = 0; i < 20; ++i) {
            const std::string cut = text.substr(0, random() % (text.size() + 1));
            const std::string shown = redactor.redact(cut + (i % 2 == 0 ? "\n}" : ""));
            CAPTURE(seed, cut, shown);
            REQUIRE(shown.find(kMark) == std::string::npos);
        }
    }
}

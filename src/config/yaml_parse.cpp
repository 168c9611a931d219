#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <map>
#include <set>

#include "config/yaml.hpp"
#include "config/yaml_events.hpp"

namespace config::yaml {
namespace {

constexpr std::size_t kMostValues = 1'000'000;
constexpr int kMostDocuments = 1000;
/// Lists and maps in brackets are queued as tokens of a hundred bytes each before the first event of them.
constexpr std::ptrdiff_t kMostInBrackets = 1'000'000;

std::string at(const YAML::Mark& mark) {
    return "line " + std::to_string(mark.line + 1) + ", column " + std::to_string(mark.column + 1) + ": ";
}

struct Refusal {
    base::Kind kind;
    YAML::Mark mark;
    std::string text;
};

std::string written_tag(const std::string& tag) {
    constexpr std::string_view kStandard = "tag:yaml.org,2002:";
    if (tag.empty() || tag == "?" || tag == "!") return {};
    if (tag.starts_with(kStandard)) return "!!" + tag.substr(kStandard.size());
    return tag.starts_with("!") ? tag : "!<" + tag + ">";
}

std::size_t count(const Value& value) {
    std::size_t values = 1;
    for (const Value& item : value.items) values += count(item);
    for (const auto& [key, entry] : value.entries) values += 1 + count(entry);
    return values;
}

class Documents : public Ignore {
public:
    void OnDocumentStart(const YAML::Mark& mark) override {
        // The parser finds empty documents there for ever.
        if (mark.pos == start_) throw Refusal{base::Kind::invalid, mark, "a bracket that nothing has opened"};
        start_ = mark.pos;
    }

private:
    int start_ = -1;
};

/// Builds the documents' values from the parser's events; a stack of what is open.
class Builder : public Documents {
public:
    std::vector<Value> take() { return std::move(documents_); }

    void OnDocumentStart(const YAML::Mark& mark) override {
        Documents::OnDocumentStart(mark);
        anchors_.clear();
    }
    void OnDocumentEnd() override { documents_.push_back(std::exchange(root_, {})); }

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(mark, Value{}, anchor); }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& text) override {
        // The parser's tag of a scalar: "?" plain, "!" quoted, else as given; with an explicit tag quoting changes
        // nothing.
        add(mark, Value{tag == "?" ? Value::Kind::plain : Value::Kind::quoted, text, written_tag(tag), {}, {}}, anchor);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto known = anchors_.find(anchor);
        if (known == anchors_.end()) throw Refusal{base::Kind::invalid, mark, "an alias inside its own anchor"};
        add(mark, Value(known->second), 0);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open_.push_back({Value{Value::Kind::list, {}, written_tag(tag), {}, {}}, anchor, mark, {}, {}});
    }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open_.push_back({Value{Value::Kind::map, {}, written_tag(tag), {}, {}}, anchor, mark, {}, {}});
    }
    void OnSequenceEnd() override { close(); }
    void OnMapEnd() override { close(); }

private:
    struct Open {
        Value value;
        YAML::anchor_t anchor;
        YAML::Mark mark;
        std::vector<Value> key;  ///< Empty, or the key that waits for its value.
        std::set<std::string> keys;
    };

    void close() {
        Open done = std::move(open_.back());
        open_.pop_back();
        add(done.mark, std::move(done.value), done.anchor);
    }

    void add(const YAML::Mark& mark, Value value, YAML::anchor_t anchor) {
        values_ += count(value);
        if (values_ > kMostValues) throw Refusal{base::Kind::too_large, mark, "more than a million values"};
        if (anchor != 0) anchors_[anchor] = value;
        if (open_.empty()) {
            root_ = std::move(value);
        } else if (Open& open = open_.back(); open.value.kind == Value::Kind::list) {
            open.value.items.push_back(std::move(value));
        } else if (open.key.empty()) {
            if (!value.items.empty() || value.kind == Value::Kind::list || value.kind == Value::Kind::map)
                throw Refusal{base::Kind::invalid, mark, "a map or list as a key cannot be merged"};
            if (!open.keys.insert(value.text).second)
                throw Refusal{base::Kind::invalid, mark, "the key '" + value.text + "' is there twice"};
            open.key.push_back(std::move(value));
        } else {
            open.value.entries.emplace_back(std::move(open.key.front()), std::move(value));
            open.key.clear();
        }
    }

    std::vector<Value> documents_;
    Value root_;
    std::vector<Open> open_;
    std::map<YAML::anchor_t, Value> anchors_;
    std::size_t values_ = 0;
};

}  // namespace

bool has_too_many_brackets(std::string_view text) {
    const auto in_brackets = [](char c) { return c == ',' || c == '[' || c == '{'; };
    return std::count_if(text.begin(), text.end(), in_brackets) > kMostInBrackets;
}

namespace {

/// What the parser would take for something else, or would need far more memory for than the text has bytes.
base::Result<void> check_bytes(std::string_view text) {
    if (text.starts_with("\xFE\xFF") || text.starts_with("\xFF\xFE") || text.substr(0, 4).find('\0') != text.npos)
        return base::Error(base::Kind::invalid, "line 1, column 1: not UTF-8");
    const auto end = text.find('\x04');  // the parser's own sign for the end of its input
    if (end != text.npos)
        return base::Error(base::Kind::invalid, "byte " + std::to_string(end + 1) + ": a control character (0x04)");
    if (has_too_many_brackets(text))
        return base::Error(base::Kind::too_large, "more than a million commas and brackets");
    return {};
}

/// Feeds up to `most` documents to `handler`; an error names line and column.
base::Result<int> feed(std::string_view text, YAML::EventHandler& handler, int most) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    if (auto fine = check_bytes(text); !fine) return std::move(fine).error();
    const std::string_view start = start_for(text);
    ViewBuffer buffer(start, text);
    std::istream stream(&buffer);
    const auto where = [&](YAML::Mark mark) {
        if (mark.line == 0) mark.column -= static_cast<int>(start.size());
        return at(mark);
    };
    try {
        YAML::Parser parser(stream);
        int documents = 0;
        while (documents < most && parser.HandleNextDocument(handler)) ++documents;
        return documents;
    } catch (const YAML::Exception& e) {
        return base::Error(base::Kind::invalid, where(e.mark) + e.msg);
    } catch (const Refusal& refusal) {
        return base::Error(refusal.kind, where(refusal.mark) + refusal.text);
    }
}

}  // namespace

base::Result<void> check(std::string_view text) {
    Documents all;
    auto documents = feed(text, all, 1 << 20);
    if (!documents) return std::move(documents).error();
    return {};
}

base::Result<Value> parse(std::string_view text) {
    Builder builder;
    auto documents = feed(text, builder, 2);
    if (!documents) return std::move(documents).error();
    if (*documents > 1) return base::Error(base::Kind::invalid, "several documents in one file cannot be merged");
    std::vector<Value> values = builder.take();
    return values.empty() ? Value{} : std::move(values.front());
}

base::Result<std::vector<Value>> parse_documents(std::string_view text) {
    Builder builder;
    auto documents = feed(text, builder, kMostDocuments + 1);
    if (!documents) return std::move(documents).error();
    if (*documents > kMostDocuments) return base::Error(base::Kind::too_large, "more than a thousand documents");
    return builder.take();
}

}  // namespace config::yaml

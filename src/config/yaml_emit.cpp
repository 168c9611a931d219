#include <algorithm>
#include <map>

#include "base/bytes.hpp"
#include "config/yaml.hpp"

namespace config::yaml {
namespace {

class Emitter {
public:
    std::string take() && { return std::move(out_); }

    /// `value` after "key:" or "-", with what it needs in front.
    void value(const Value& value, std::size_t indent) {
        if (!value.tag.empty()) out_ += " " + value.tag;
        switch (value.kind) {
        case Value::Kind::null: out_ += " null\n"; break;
        case Value::Kind::plain:
        case Value::Kind::quoted: out_ += " " + scalar(value) + "\n"; break;
        case Value::Kind::list:
            if (value.items.empty())
                out_ += " []\n";
            else
                out_ += "\n", list(value, indent);
            break;
        case Value::Kind::map:
            if (value.entries.empty())
                out_ += " {}\n";
            else
                out_ += "\n", map(value, indent);
            break;
        }
    }

    void map(const Value& value, std::size_t indent) {
        for (const auto& [key, entry] : value.entries) {
            out_.append(indent, ' ');
            if (!key.tag.empty()) out_ += key.tag + " ";
            out_ += (key.kind == Value::Kind::null ? "null" : scalar(key)) + ":";
            this->value(entry, indent + 2);
        }
    }

    void list(const Value& value, std::size_t indent) {
        for (const Value& item : value.items) {
            out_.append(indent, ' ');
            out_ += "-";
            this->value(item, indent + 2);
        }
    }

private:
    static std::string scalar(const Value& value) {
        // A plain scalar of several lines was folded; it is a string, so quoting it changes nothing.
        if (value.kind == Value::Kind::plain && value.text.find('\n') == std::string::npos) return value.text;
        return double_quoted(value.text);
    }

    static std::string double_quoted(std::string_view text) {
        std::string quoted = "\"";
        for (const char c : text) {
            const auto byte = static_cast<unsigned char>(c);
            if (c == '"' || c == '\\')
                quoted += {'\\', c};
            else if (c == '\n')
                quoted += "\\n";
            else if (c == '\t')
                quoted += "\\t";
            else if (byte < 0x20 || byte == 0x7F)
                quoted += "\\x" + base::to_hex(std::string_view(&c, 1));
            else
                quoted += c;
        }
        return quoted + '"';
    }

    std::string out_;
};

}  // namespace

void merge(Value& under, Value&& over) {
    if (under.kind != Value::Kind::map || over.kind != Value::Kind::map) {
        under = std::move(over);
        return;
    }
    std::map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < under.entries.size(); ++i) places.emplace(under.entries[i].first.text, i);
    for (auto& [key, value] : over.entries) {
        const auto place = places.find(key.text);
        if (place != places.end())
            merge(under.entries[place->second].second, std::move(value));
        else
            under.entries.emplace_back(std::move(key), std::move(value));
    }
}

std::string emit(const Value& value) {
    Emitter emitter;
    if (value.kind == Value::Kind::map && !value.entries.empty() && value.tag.empty()) {
        emitter.map(value, 0);
        return std::move(emitter).take();
    }
    emitter.value(value, 0);
    std::string text = std::move(emitter).take();
    return text.substr(std::min<std::size_t>(1, text.size()));
}

}  // namespace config::yaml

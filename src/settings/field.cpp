#include "settings/field.hpp"

#include <type_traits>

#include "base/bytes.hpp"
#include "settings/scalar.hpp"

namespace settings {
namespace {

/// A year: the sum of a clock's time and any duration then fits its type.
constexpr Duration kLongest = std::chrono::hours(8760);
constexpr std::size_t kShownBytes = 80;

bool has_text(const Node& node) {
    return node.kind == Node::Kind::scalar || node.whole;
}

const char* shape_of(const Node& node) {
    switch (node.kind) {
    case Node::Kind::map: return "is a map";
    case Node::Kind::sequence: return "is a list";
    case Node::Kind::null: return "is empty";
    case Node::Kind::scalar:
    case Node::Kind::broken: break;
    }
    return "is text";
}

/// `[{config}]` without quotes is a map with one key and no value.
bool is_bare_placeholder(const Node& node) {
    return node.kind == Node::Kind::map && node.entries.size() == 1 && node.entries[0].value.kind == Node::Kind::null;
}

/// As it stands in the file, and short. What was expanded may be a secret; what was written is not, but for the parts
/// of a URL: it may have a password before an @, and a token in its query.
std::string shown(const Node& node) {
    std::string_view open = node.written;
    if (open.find('@') != std::string_view::npos) return "the value";
    if (open.find("://") != std::string_view::npos) open = open.substr(0, open.find('?'));
    std::string text;
    for (const char c : base::to_valid_utf8(base::shortened(open, kShownBytes)))
        text += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
    return "'" + text + "'";
}

class FieldReader {
public:
    FieldReader(const Key& key, const Place& place) : key_(key), place_(place) {}

    void read(std::string& value, const Node& node) const { read_scalar(value, node); }
    void read(std::filesystem::path& value, const Node& node) const { read_scalar(value, node); }
    template <typename T>
    requires(std::is_enum_v<T> || std::is_arithmetic_v<T> ||
             std::is_same_v<T, Duration>) void read(T& value, const Node& node) const {
        read_scalar(value, node);
    }

    /// A single text is a list of one.
    template <typename T>
    void read(std::vector<T>& list, const Node& node) const {
        if (node.kind == Node::Kind::null) return;
        if (node.kind != Node::Kind::sequence && !has_text(node)) return wrong_shape(node, place_.path, "a list");
        std::vector<T> read;
        if (node.kind != Node::Kind::sequence) read.resize(1), read_scalar(read.back(), node);
        for (const Node& item : node.items) read_item(read.emplace_back(), item, node);
        list = std::move(read);
    }

    void read(TextMap& map, const Node& node) const {
        each_entry(node, [&](const std::string& name, const std::string& path, const Node& value) {
            if (auto text = entry_text(name, path, value)) map[name] = *std::move(text);
        });
    }

    void read(Headers& headers, const Node& node) const {
        each_entry(node, [&](const std::string& name, const std::string& path, const Node& value) {
            const bool list = value.kind == Node::Kind::sequence;
            for (const Node& item : list ? value.items : std::vector<Node>{value})
                if (auto text = entry_text(name, path, item)) headers.emplace_back(name, *std::move(text));
        });
    }

private:
    template <typename T>
    void read_item(T& value, const Node& item, const Node& list) const {
        // The parser places what is not there at what comes next.
        if (item.kind == Node::Kind::null && !item.whole)
            place_.report.add(list.mark, place_.path, "has an empty item (remove it, or write \"\")");
        else
            read_scalar(value, item);
    }

    template <typename T>
    void read_scalar(T& value, const Node& node) const {
        constexpr bool is_text = std::is_same_v<T, std::string> || std::is_same_v<T, std::filesystem::path>;
        if (node.kind == Node::Kind::broken || (node.kind == Node::Kind::null && !is_text)) return;
        if (node.kind != Node::Kind::scalar && !(is_text && node.whole))
            return wrong_shape(node, place_.path, type_of(T{}));
        std::string text = is_text ? node.whole.value_or(node.text) : node.text;
        T read{};
        if (auto complaint = from_text(text, read)) return complain(node, *complaint);
        if (auto complaint = checked(read, {"", text})) return complain(node, *complaint);
        from_text(text, value);
    }

    template <typename T>
    std::optional<std::string> checked(const T& value, Item item) const {
        if constexpr (std::is_same_v<T, Duration>) {
            if (value < key_.at_least) return "is too short (at least " + base::format_duration(key_.at_least) + ")";
            if (value > kLongest) return "is too long (at most " + base::format_duration(kLongest) + ")";
        }
        if (item.text.find('\0') != std::string::npos) return "has a NUL character in it (remove it)";
        return key_.check ? key_.check(item, place_.environment) : std::nullopt;
    }

    template <typename Visit>
    void each_entry(const Node& node, Visit visit) const {
        if (node.kind == Node::Kind::null) return;
        if (node.kind != Node::Kind::map) return wrong_shape(node, place_.path, "a map (write NAME: VALUE)");
        for (const Entry& entry : node.entries)
            visit(entry.key.text, entry.key.expanded ? place_.path : joined(place_.path, entry.key.text), entry.value);
    }

    /// The names are in the key: values are not shown.
    std::optional<std::string> entry_text(const std::string& name, const std::string& path, const Node& value) const {
        if (value.kind == Node::Kind::broken) return std::nullopt;
        std::string text = value.whole.value_or(value.text);
        if (!has_text(value) && value.kind != Node::Kind::null) {
            wrong_shape(value, path, "text");
            return std::nullopt;
        }
        if (auto complaint = checked(text, {name, text})) {
            place_.report.add(value.mark, path, *complaint);
            return std::nullopt;
        }
        return text;
    }

    void complain(const Node& node, const std::string& complaint) const {
        const std::string subject = key_.privacy == Privacy::secret ? "" : shown(node) + " ";
        place_.report.add(node.mark, place_.path, subject + complaint);
    }

    void wrong_shape(const Node& node, const std::string& path, const std::string& wanted) const {
        std::string message = shape_of(node);
        if (is_bare_placeholder(node) && !node.expanded && key_.privacy == Privacy::open)
            message += " (put braces in quotes: \"{" + node.entries[0].key.text + "}\")";
        else
            message += ", but must be " + wanted;
        place_.report.add(node.mark, path, message);
    }

    const Key& key_;
    const Place& place_;
};

}  // namespace

void read_field(const Key& key, const Node& node, const Place& place) {
    if (node.kind == Node::Kind::broken || (node.kind == Node::Kind::null && !node.whole)) return;
    std::visit(
        [&](auto access) {
            if constexpr (!std::is_same_v<decltype(access), std::monostate>)
                FieldReader(key, place).read(access(place.target), node);
        },
        key.field);
}

}  // namespace settings

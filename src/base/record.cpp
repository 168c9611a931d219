#include "base/record.hpp"

#include "base/bytes.hpp"

namespace base {

std::optional<Record> Record::parse(std::string_view text) {
    Record record;
    if (text.empty() || text.back() != '\n') return std::nullopt;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        const std::size_t colon = line.find(": ");
        if (colon == std::string_view::npos) return std::nullopt;
        record.set(line.substr(0, colon), line.substr(colon + 2));
        text.remove_prefix(end + 1);
    }
    return record;
}

std::string Record::text() const {
    std::string text;
    for (const auto& [key, value] : fields_) text += key + ": " + value + "\n";
    return text;
}

void Record::set_bytes(std::string_view key, std::string_view bytes) {
    set(key, to_hex(bytes));
}

std::optional<std::string> Record::find(std::string_view key) const {
    for (const auto& [name, value] : fields_)
        if (name == key) return value;
    return std::nullopt;
}

std::optional<std::string> Record::find_bytes(std::string_view key) const {
    const auto value = find(key);
    return value ? from_hex(*value) : std::nullopt;
}

}  // namespace base

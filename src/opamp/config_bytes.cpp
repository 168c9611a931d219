#include "opamp/config_bytes.hpp"

#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "opamp/fields.hpp"

namespace opamp {
namespace {

constexpr int kConfigMap = 1, kKey = 1, kValue = 2, kBody = 1, kContentType = 2;

/// An entry of the map: what comes before the body, and what comes after it.
struct Entry {
    std::string head;
    std::string_view body;
    std::string tail;
    std::size_t size() const { return head.size() + body.size() + tail.size(); }
};

Entry entry_of(const std::string& name, const ConfigFile& file) {
    Entry entry;
    const std::string content_type = base::to_valid_utf8(file.content_type);
    if (!content_type.empty()) append_field(entry.tail, kContentType, content_type);
    const std::size_t body_size = file.body.empty() ? 0 : field_size(file.body.size());
    append_field(entry.head, kKey, base::to_valid_utf8(name));
    append_field_head(entry.head, kValue, body_size + entry.tail.size());
    if (!file.body.empty()) append_field_head(entry.head, kBody, file.body.size());
    entry.body = file.body;
    return entry;
}

}  // namespace

void add_config_map(base::Pieces& pieces, const ConfigMap& files) {
    std::vector<Entry> entries;
    std::size_t size = 0;
    for (const auto& [name, file] : files) size += field_size(entries.emplace_back(entry_of(name, file)).size());
    std::string head;
    append_field_head(head, kConfigMap, size);
    for (Entry& entry : entries) {
        append_field_head(head, kConfigMap, entry.size());
        pieces.add_made(std::move(head) + entry.head);
        pieces.add(entry.body);
        head = std::move(entry.tail);
    }
    pieces.add_made(std::move(head));
}

}  // namespace opamp

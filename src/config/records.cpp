#include "config/records.hpp"

#include <map>

#include "base/bytes.hpp"

namespace config {
namespace {

/// Nothing for an empty text, a line without ": ", or a last line without its newline: the file was cut.
std::optional<std::map<std::string, std::string>> parse_lines(std::string_view text) {
    std::map<std::string, std::string> fields;
    if (text.empty() || text.back() != '\n') return std::nullopt;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        const std::size_t colon = line.find(": ");
        if (colon == std::string_view::npos) return std::nullopt;
        fields[std::string(line.substr(0, colon))] = line.substr(colon + 2);
        text.remove_prefix(end + 1);
    }
    return fields;
}

std::optional<std::string> bytes_field(const std::map<std::string, std::string>& fields, const char* key) {
    const auto found = fields.find(key);
    return found == fields.end() ? std::nullopt : base::from_hex(found->second);
}

constexpr opamp::ConfigStatus kStatuses[] = {opamp::ConfigStatus::unset, opamp::ConfigStatus::applied,
                                             opamp::ConfigStatus::applying, opamp::ConfigStatus::failed};

}  // namespace

std::string format(const Revision& revision) {
    std::string text = "hash: " + base::to_hex(revision.hash) + "\nruns: " + (revision.runs ? "true" : "false") +
                       "\nbase: " + (revision.is_base ? "true" : "false") + "\n";
    if (revision.remote_hash) text += "remote_hash: " + base::to_hex(*revision.remote_hash) + "\n";
    return text;
}

std::optional<Revision> parse_revision(std::string_view text) {
    const auto fields = parse_lines(text);
    if (!fields || !fields->contains("runs") || !fields->contains("base")) return std::nullopt;
    const auto hash = bytes_field(*fields, "hash");
    if (!hash) return std::nullopt;
    Revision revision;
    revision.hash = *hash;
    revision.runs = fields->at("runs") == "true";
    revision.is_base = fields->at("base") == "true";
    revision.remote_hash = bytes_field(*fields, "remote_hash");
    return revision;
}

std::string format(const opamp::RemoteConfigStatus& status) {
    // The message is bytes of an agent or a parser: hexadecimal keeps one line one field.
    return "status: " + std::string(to_string(status.status)) + "\nhash: " + base::to_hex(status.hash) +
           "\nerror_message: " + base::to_hex(status.error_message) + "\n";
}

std::optional<opamp::RemoteConfigStatus> parse_status(std::string_view text) {
    const auto fields = parse_lines(text);
    if (!fields || !fields->contains("status")) return std::nullopt;
    const auto hash = bytes_field(*fields, "hash");
    const auto message = bytes_field(*fields, "error_message");
    if (!hash || !message) return std::nullopt;
    for (const opamp::ConfigStatus status : kStatuses)
        if (to_string(status) == fields->at("status")) return opamp::RemoteConfigStatus{*hash, status, *message};
    return std::nullopt;
}

}  // namespace config

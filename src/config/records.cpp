#include "config/records.hpp"

#include "base/record.hpp"

namespace config {

std::string format(const Revision& revision) {
    base::Record record;
    record.set_bytes("hash", revision.hash);
    record.set("runs", revision.runs ? "true" : "false");
    record.set("base", revision.is_base ? "true" : "false");
    if (revision.remote_hash) record.set_bytes("remote_hash", *revision.remote_hash);
    return record.text();
}

std::optional<Revision> parse_revision(std::string_view text) {
    const auto record = base::Record::parse(text);
    if (!record || !record->find("runs") || !record->find("base")) return std::nullopt;
    const auto hash = record->find_bytes("hash");
    if (!hash) return std::nullopt;
    Revision revision;
    revision.hash = *hash;
    revision.runs = record->find("runs") == "true";
    revision.is_base = record->find("base") == "true";
    revision.remote_hash = record->find_bytes("remote_hash");
    return revision;
}

std::string format(const opamp::RemoteConfigStatus& status) {
    base::Record record;
    record.set("status", to_string(status.status));
    record.set_bytes("hash", status.hash);
    record.set_bytes("error_message", status.error_message);  // bytes of an agent or a parser
    return record.text();
}

std::optional<opamp::RemoteConfigStatus> parse_status(std::string_view text) {
    const auto record = base::Record::parse(text);
    if (!record) return std::nullopt;
    const auto status = opamp::parse_config_status(record->find("status").value_or(""));
    const auto hash = record->find_bytes("hash");
    const auto message = record->find_bytes("error_message");
    if (!status || !hash || !message) return std::nullopt;
    return opamp::RemoteConfigStatus{*hash, *status, *message};
}

}  // namespace config

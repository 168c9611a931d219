#include "config/records.hpp"

#include "base/number.hpp"
#include "base/record.hpp"

namespace config {
namespace {

constexpr Outcome::Verdict kVerdicts[] = {Outcome::Verdict::applied, Outcome::Verdict::failed,
                                          Outcome::Verdict::rolled_back};

std::optional<std::uint64_t> find_number(const base::Record& record, std::string_view key) {
    const auto text = record.find(key);
    return text ? base::parse_number<std::uint64_t>(*text) : std::nullopt;
}

}  // namespace

std::string format(const Revision& revision) {
    base::Record record;
    record.set_bytes("hash", revision.hash);
    record.set("runs", revision.runs ? "true" : "false");
    record.set("base", revision.is_base ? "true" : "false");
    if (revision.is_fallback) record.set("fallback", "true");
    if (revision.remote_hash) record.set_bytes("remote_hash", *revision.remote_hash);
    if (revision.created_unix_nano != 0) record.set("created", std::to_string(revision.created_unix_nano));
    if (!revision.own_telemetry.empty()) record.set_bytes("own_telemetry", revision.own_telemetry);
    if (revision.is_for_own_telemetry) record.set("for_own_telemetry", "true");
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
    revision.is_fallback = record->find("fallback") == "true";
    revision.remote_hash = record->find_bytes("remote_hash");
    revision.created_unix_nano = find_number(*record, "created").value_or(0);
    revision.own_telemetry = record->find_bytes("own_telemetry").value_or("");
    revision.is_for_own_telemetry = record->find("for_own_telemetry") == "true";
    return revision;
}

std::string_view to_string(Outcome::Verdict verdict) {
    switch (verdict) {
    case Outcome::Verdict::applied: return "applied";
    case Outcome::Verdict::failed: return "failed";
    case Outcome::Verdict::rolled_back: return "rolled_back";
    }
    return "failed";
}

std::string format(const Outcome& outcome) {
    base::Record record;
    record.set("outcome", to_string(outcome.verdict));
    record.set("at", std::to_string(outcome.at_unix_nano));
    record.set_bytes("reason", outcome.reason);
    return record.text();
}

std::optional<Outcome> parse_outcome(std::string_view text) {
    const auto record = base::Record::parse(text);
    const auto name = record ? record->find("outcome") : std::nullopt;
    const auto at = record ? find_number(*record, "at") : std::nullopt;
    const auto reason = record ? record->find_bytes("reason") : std::nullopt;
    if (!name || !at || !reason) return std::nullopt;
    for (const auto verdict : kVerdicts)
        if (*name == to_string(verdict)) return Outcome{verdict, *at, *reason};
    return std::nullopt;
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

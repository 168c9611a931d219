#include "supervisor/stored_connection.hpp"

#include <unistd.h>

#include <cerrno>

#include "base/files.hpp"
#include "base/record.hpp"

namespace supervisor {
namespace {

constexpr mode_t kPrivateFile = 0600;

std::filesystem::path file_in(const std::filesystem::path& folder) {
    return folder / "connection";
}

using TelemetryOffer = std::optional<opamp::TelemetryConnectionSettings>;

/// They are written as settings of the other kind, of which they are a part.
void write_offers(base::Record& record, const std::string& prefix, const OwnTelemetryOffers& offers) {
    const auto write = [&](const char* name, const TelemetryOffer& offer) {
        if (offer) record.set_bytes(prefix + name, opamp::encode(opamp::OpampConnectionSettings{*offer, 0}));
    };
    write("traces", offers.traces);
    write("metrics", offers.metrics);
    write("logs", offers.logs);
}

std::string format(const StoredConnection& stored) {
    base::Record record;
    record.set("status", opamp::to_string(stored.status.status));
    record.set_bytes("hash", stored.status.hash);
    record.set_bytes("error_message", stored.status.error_message);
    if (stored.accepted) record.set_bytes("accepted", opamp::encode(*stored.accepted));
    if (stored.candidate) record.set_bytes("candidate", opamp::encode(*stored.candidate));
    write_offers(record, "own_", stored.own_telemetry);
    if (stored.own_telemetry_candidate) {
        record.set("own_candidate", "1");
        write_offers(record, "own_candidate_", *stored.own_telemetry_candidate);
    }
    if (!stored.request_key.empty()) record.set_bytes("request_key", stored.request_key);
    return record.text();
}

/// Nothing for settings that are there and cannot be read.
bool read_settings(const base::Record& record, const std::string& key,
                   std::optional<opamp::OpampConnectionSettings>& to) {
    if (!record.find(key)) return true;
    const auto bytes = record.find_bytes(key);
    to = bytes ? opamp::decode_connection_settings(*bytes) : std::nullopt;
    return to.has_value();
}

bool read_offer(const base::Record& record, const std::string& key, TelemetryOffer& to) {
    std::optional<opamp::OpampConnectionSettings> settings;
    const bool is_good = read_settings(record, key, settings);
    if (settings) to = std::move(*settings);
    return is_good;
}

bool read_offers(const base::Record& record, const std::string& prefix, OwnTelemetryOffers& to) {
    return read_offer(record, prefix + "traces", to.traces) && read_offer(record, prefix + "metrics", to.metrics) &&
           read_offer(record, prefix + "logs", to.logs);
}

std::optional<StoredConnection> parse(const std::string& text) {
    const auto record = base::Record::parse(text);
    if (!record) return std::nullopt;
    StoredConnection stored;
    const auto status = opamp::parse_config_status(record->find("status").value_or(""));
    const auto hash = record->find_bytes("hash");
    const auto message = record->find_bytes("error_message");
    if (!status || !hash || !message) return std::nullopt;
    if (!read_settings(*record, "accepted", stored.accepted)) return std::nullopt;
    if (!read_settings(*record, "candidate", stored.candidate)) return std::nullopt;
    if (!read_offers(*record, "own_", stored.own_telemetry)) return std::nullopt;
    if (record->find("own_candidate") &&
        !read_offers(*record, "own_candidate_", stored.own_telemetry_candidate.emplace()))
        return std::nullopt;
    stored.status = {*hash, *status, *message};
    stored.request_key = record->find_bytes("request_key").value_or("");
    return stored;
}

}  // namespace

LoadedConnection load_connection(const std::filesystem::path& folder) {
    const auto file = file_in(folder);
    const auto text = base::read_file(file);
    if (!text && text.error().kind() == base::Kind::not_found) return {};
    if (text)
        if (auto stored = parse(*text)) return {std::move(*stored), std::nullopt};
    const auto aside = base::set_aside(file);
    return {{},
            "the stored connection settings cannot be read, those of the settings file are used" +
                (aside ? "; kept as '" + aside->string() + "'" : "; " + aside.error().text())};
}

base::Result<void> store_connection(const std::filesystem::path& folder, const StoredConnection& stored) {
    const auto file = file_in(folder);
    if (stored != StoredConnection{}) return base::replace_file(file, format(stored), kPrivateFile);
    if (::unlink(file.c_str()) != 0 && errno != ENOENT)
        return base::errno_error(errno).within("removing '" + file.string() + "'");
    return base::sync_folder(folder);
}

}  // namespace supervisor

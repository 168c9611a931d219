#include "config/rollout.hpp"

#include <algorithm>
#include <utility>

#include "base/bytes.hpp"
#include "base/number.hpp"
#include "base/record.hpp"

namespace config {
namespace {

constexpr std::size_t kMostFailed = 100;
constexpr std::size_t kMostReasonBytes = 4096;

/// "3 2 1"
std::optional<std::vector<std::uint64_t>> parse_ids(std::string_view text) {
    std::vector<std::uint64_t> ids;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        const auto id = base::parse_number<std::uint64_t>(text.substr(0, end));
        if (!id) return std::nullopt;
        ids.push_back(*id);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return ids;
}

std::string format_ids(const std::vector<std::uint64_t>& ids) {
    std::string text;
    for (const std::uint64_t id : ids) text += (text.empty() ? "" : " ") + std::to_string(id);
    return text;
}

std::string key(const char* what, std::size_t number) {
    return std::string("failed_") + what + "_" + std::to_string(number);
}

}  // namespace

const Rollout::Failed* Rollout::find_failed(std::string_view remote_hash) const {
    const auto found = std::find_if(failed.begin(), failed.end(),
                                    [&](const Failed& entry) { return entry.remote_hash == remote_hash; });
    return found == failed.end() ? nullptr : &*found;
}

void Rollout::remember_failed(std::string remote_hash, std::string reason) {
    forget_failed(remote_hash);
    failed.push_back({std::move(remote_hash), base::shortened(reason, kMostReasonBytes)});
    if (failed.size() > kMostFailed) failed.erase(failed.begin());
}

void Rollout::forget_failed(std::string_view remote_hash) {
    std::erase_if(failed, [&](const Failed& entry) { return entry.remote_hash == remote_hash; });
}

std::string format(const Rollout& rollout) {
    base::Record record;
    record.set("candidate", std::to_string(rollout.candidate));
    record.set("starts", std::to_string(rollout.starts));
    if (rollout.serial) record.set("serial", std::to_string(*rollout.serial));
    record.set_bytes("local_hash", rollout.local_hash);
    if (!rollout.own_telemetry.empty()) record.set_bytes("own_telemetry", rollout.own_telemetry);
    record.set("older_good", format_ids(rollout.older_good));
    record.set("failed", std::to_string(rollout.failed.size()));
    for (std::size_t i = 0; i < rollout.failed.size(); ++i) {
        record.set_bytes(key("hash", i), rollout.failed[i].remote_hash);
        record.set_bytes(key("reason", i), rollout.failed[i].reason);
    }
    return record.text();
}

std::optional<Rollout> parse_rollout(std::string_view text) {
    const auto record = base::Record::parse(text);
    if (!record) return std::nullopt;
    const auto field = [&](const char* name) { return record->find(name).value_or("?"); };
    const auto candidate = base::parse_number<std::uint64_t>(field("candidate"));
    const auto starts = base::parse_number<int>(field("starts"));
    auto older_good = parse_ids(field("older_good"));
    const auto count = base::parse_number<std::size_t>(field("failed"));
    auto local_hash = record->find_bytes("local_hash");
    if (!candidate || !starts || !older_good || !count || *count > kMostFailed || !local_hash) return std::nullopt;
    std::optional<std::uint64_t> serial;
    if (const auto text_of_serial = record->find("serial")) {
        serial = base::parse_number<std::uint64_t>(*text_of_serial);
        if (!serial) return std::nullopt;
    }
    auto own_telemetry = record->find("own_telemetry") ? record->find_bytes("own_telemetry") : std::string();
    if (!own_telemetry) return std::nullopt;
    Rollout rollout{
        *candidate, *starts, std::move(*older_good), serial, std::move(*local_hash), {}, std::move(*own_telemetry)};
    for (std::size_t i = 0; i < *count; ++i) {
        auto hash = record->find_bytes(key("hash", i));
        auto reason = record->find_bytes(key("reason", i));
        if (!hash || !reason) return std::nullopt;
        rollout.failed.push_back({std::move(*hash), std::move(*reason)});
    }
    return rollout;
}

}  // namespace config

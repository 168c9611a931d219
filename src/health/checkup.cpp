#include "health/checkup.hpp"

#include <algorithm>
#include <utility>

namespace health {

std::size_t Checkup::add(std::string name, const Thresholds& thresholds) {
    Part part;
    part.thresholds = thresholds;
    part.shown.name = std::move(name);
    parts_.push_back(std::move(part));
    return parts_.size() - 1;
}

void Checkup::begin(std::uint64_t now) {
    for (Part& part : parts_) {
        Part fresh;
        fresh.thresholds = part.thresholds;
        fresh.shown = {part.shown.name, false, "starting", "no answer yet", now};
        part = std::move(fresh);
    }
    is_changed_ = false;
}

void Checkup::begin_again() {
    for (Part& part : parts_) {
        part.is_up = part.is_bad = false;
        part.good_in_a_row = part.bad_in_a_row = 0;
    }
}

void Checkup::well(std::size_t index, std::uint64_t now) {
    Part& part = parts_[index];
    part.bad_in_a_row = 0;
    if (part.is_up) return;
    if (++part.good_in_a_row < part.thresholds.successes) {
        if (!part.has_been_up) part.is_bad = false;
        return;
    }
    part.is_up = part.has_been_up = true;
    part.is_bad = false;
    show(part, true, "", now);
}

void Checkup::unwell(std::size_t index, const std::string& reason, std::uint64_t now) {
    Part& part = parts_[index];
    part.good_in_a_row = 0;
    if (part.is_up && ++part.bad_in_a_row < part.thresholds.failures) return;
    part.is_up = false;
    part.is_bad = true;
    show(part, false, reason, now);
}

void Checkup::say(std::size_t index, const std::string& status, std::uint64_t now) {
    Part& part = parts_[index];
    part.said = status;
    show(part, part.shown.is_up, part.shown.error, now);
}

void Checkup::show(Part& part, bool is_up, const std::string& error, std::uint64_t now) {
    const std::string word = is_up ? "up" : part.has_been_up ? "down" : "starting";
    const std::string& status = part.said.empty() ? word : part.said;
    Finding& shown = part.shown;
    if (shown.is_up == is_up && shown.status == status && shown.error == error) return;
    shown = {shown.name, is_up, status, error, now};
    is_changed_ = true;
}

Checkup::Verdict Checkup::verdict() const {
    if (std::ranges::any_of(parts_, &Part::is_bad)) return Verdict::unwell;
    return std::ranges::all_of(parts_, &Part::is_up) ? Verdict::well : Verdict::undecided;
}

std::string Checkup::reason() const {
    std::string reason;
    for (const Part& part : parts_) {
        if (!part.is_bad) continue;
        if (!reason.empty()) reason += "; ";
        reason += (part.shown.name.empty() ? "" : part.shown.name + ": ") + part.shown.error;
    }
    return reason;
}

std::vector<Finding> Checkup::findings() const {
    std::vector<Finding> findings;
    for (const Part& part : parts_) findings.push_back(part.shown);
    return findings;
}

bool Checkup::take_changed() {
    return std::exchange(is_changed_, false);
}

}  // namespace health

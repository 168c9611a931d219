#include "telemetry/prometheus.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "base/bytes.hpp"

namespace telemetry {
namespace {

/// What stands for a unit of UCUM in a name: of what is measured, and behind "per".
struct Unit {
    std::string_view symbol;
    std::string_view plural;
    std::string_view singular;
};
constexpr Unit kUnits[] = {
    {"d", "days", "day"},
    {"h", "hours", "hour"},
    {"min", "minutes", "minute"},
    {"s", "seconds", "second"},
    {"ms", "milliseconds", "millisecond"},
    {"us", "microseconds", "microsecond"},
    {"ns", "nanoseconds", "nanosecond"},
    {"By", "bytes", "byte"},
    {"KiBy", "kibibytes", "kibibyte"},
    {"MiBy", "mebibytes", "mebibyte"},
    {"GiBy", "gibibytes", "gibibyte"},
    {"kBy", "kilobytes", "kilobyte"},
    {"MBy", "megabytes", "megabyte"},
    {"GBy", "gigabytes", "gigabyte"},
    {"Hz", "hertz", "hertz"},
    {"Cel", "celsius", "celsius"},
    {"%", "percent", "percent"},
};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Each run of characters that a name cannot have, and of underscores, as one underscore.
std::string sanitized(std::string_view text, std::string_view also_allowed) {
    std::string name;
    for (const char c : text) {
        const bool is_allowed = is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                also_allowed.find(c) != std::string_view::npos;
        if (is_allowed)
            name += c;
        else if (!name.ends_with('_'))
            name += '_';
    }
    return name;
}

/// Without what stands in braces: a count of something has no unit.
std::string without_annotations(std::string_view unit) {
    std::string rest;
    for (std::size_t at = 0; at < unit.size(); ++at) {
        if (unit[at] == '{') at = std::min(unit.find('}', at), unit.size());
        if (at < unit.size() && unit[at] != '}') rest += unit[at];
    }
    return rest;
}

std::string unit_word(const std::string& symbol, std::string_view Unit::*form) {
    if (symbol == "1") return {};
    const auto known = std::ranges::find(kUnits, symbol, &Unit::symbol);
    return known != std::end(kUnits) ? std::string(known->*form) : sanitized(symbol, "");
}

std::string unit_text(const MetricInfo& info) {
    const std::string unit = without_annotations(info.unit);
    if (unit == "1") return info.kind == MetricKind::gauge ? "ratio" : "";
    const std::size_t slash = unit.find('/');
    std::string text = unit_word(unit.substr(0, slash), &Unit::plural);
    if (slash == std::string::npos) return text;
    const std::string per = unit_word(unit.substr(slash + 1), &Unit::singular);
    if (per.empty()) return text;
    return text + (text.empty() ? "per_" : "_per_") + per;
}

std::string_view type_of(MetricKind kind) {
    switch (kind) {
    case MetricKind::counter: return "counter";
    case MetricKind::up_down_counter:
    case MetricKind::gauge: return "gauge";
    case MetricKind::histogram: return "histogram";
    }
    return "untyped";
}

std::string escaped(std::string_view text, bool is_quoted) {
    std::string written;
    for (const char c : base::to_valid_utf8(text)) {
        if (c == '\\')
            written += "\\\\";
        else if (c == '\n')
            written += "\\n";
        else if (c == '"' && is_quoted)
            written += "\\\"";
        else
            written += c;
    }
    return written;
}

std::string number_text(auto number) {
    char text[32];
    return {text, std::to_chars(text, std::end(text), number).ptr};
}

std::string value_text(const Value& value) {
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    if (const auto* yes = std::get_if<bool>(&value)) return *yes ? "true" : "false";
    if (const auto* number = std::get_if<std::int64_t>(&value)) return number_text(*number);
    return number_text(std::get<double>(value));
}

/// "a=\"1\",b=\"2\"". Names that become the same share one label, in the order of what they were.
std::string labels_text(const Attributes& of_meter, const Attributes& of_point) {
    Attributes all = of_meter;
    all.insert(all.end(), of_point.begin(), of_point.end());
    std::ranges::stable_sort(all, {}, &Attribute::first);
    std::map<std::string, std::string> labels;
    for (const auto& [name, value] : all) {
        std::string label = sanitized(name, "");
        if (label.empty() || is_digit(label[0])) label.insert(0, "key_");
        const auto [at, is_new] = labels.try_emplace(std::move(label), value_text(value));
        if (!is_new) at->second += ";" + value_text(value);
    }
    std::string text;
    for (const auto& [name, value] : labels)
        text += (text.empty() ? "" : ",") + name + "=\"" + escaped(value, true) + "\"";
    return text;
}

struct Family {
    std::string name;
    std::string_view type;
    std::string description;
    std::string lines;

    void add(std::string_view suffix, const std::string& labels, const std::string& value) {
        lines += name;
        lines += suffix;
        if (!labels.empty()) lines += "{" + labels + "}";
        lines += " " + value + "\n";
    }
    void add_histogram(const MetricPoint& point, const std::vector<double>& bounds, const std::string& labels) {
        const std::string before_bound = labels.empty() ? "" : labels + ",";
        std::uint64_t count = 0;
        for (std::size_t i = 0; i < bounds.size(); ++i) {
            count += point.buckets[i];
            add("_bucket", before_bound + "le=\"" + number_text(bounds[i]) + "\"", number_text(count));
        }
        add("_bucket", before_bound + "le=\"+Inf\"", number_text(point.count));
        // A sum that can become less is no counter, and is left out.
        if (point.min >= 0) add("_sum", labels, number_text(point.value));
        add("_count", labels, number_text(point.count));
    }
};

class Exposition {
public:
    void add(const MetricData& metric, const Attributes& labels) {
        const MetricInfo& info = *metric.info;
        Family& family = family_of(info);
        if (family.type != type_of(info.kind)) return;
        for (const MetricPoint& point : metric.points) {
            const std::string text = labels_text(labels, point.attributes);
            if (info.kind == MetricKind::histogram)
                family.add_histogram(point, info.bounds, text);
            else
                family.add("", text, number_text(point.value));
        }
    }
    std::string text() const {
        std::string text;
        for (const Family& family : families_) {
            if (!family.description.empty())
                text += "# HELP " + family.name + " " + escaped(family.description, false) + "\n";
            text += "# TYPE " + family.name + " ";
            text += family.type;
            text += "\n" + family.lines;
        }
        return text;
    }

private:
    Family& family_of(const MetricInfo& info) {
        std::string name = prometheus_name(info);
        const auto [at, is_new] = positions_.try_emplace(name, families_.size());
        if (is_new) families_.push_back({std::move(name), type_of(info.kind), info.description, {}});
        return families_[at->second];
    }

    std::vector<Family> families_;
    std::map<std::string, std::size_t> positions_;
};

}  // namespace

std::string prometheus_name(const MetricInfo& info) {
    constexpr std::string_view kTotal = "_total";
    std::string name = sanitized(info.name, ":");
    if (name.empty() || is_digit(name[0])) name.insert(0, "_");
    const bool is_counter = info.kind == MetricKind::counter;
    if (is_counter && name.ends_with(kTotal)) name.resize(name.size() - kTotal.size());
    if (const std::string unit = unit_text(info); !unit.empty() && !name.ends_with("_" + unit))
        name += (name.ends_with('_') ? "" : "_") + unit;
    if (is_counter) name += kTotal;
    return name;
}

std::string prometheus_text(const std::vector<LabelledMetrics>& all) {
    Exposition exposition;
    for (const LabelledMetrics& of_meter : all)
        for (const MetricData& metric : of_meter.metrics) exposition.add(metric, of_meter.labels);
    return exposition.text();
}

}  // namespace telemetry

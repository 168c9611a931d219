#include "telemetry/environment.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/number.hpp"
#include "net/url.hpp"

namespace telemetry {
namespace {

/// Nothing where a '%' has no two digits behind it.
std::optional<std::string> percent_decoded(std::string_view text) {
    std::string decoded;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            decoded += text[at];
            continue;
        }
        const auto byte = base::from_hex(text.substr(std::min(at + 1, text.size()), 2));
        if (!byte || byte->size() != 1) return std::nullopt;
        decoded += *byte;
        at += 2;
    }
    return decoded;
}

/// The members "NAME=VALUE" of a list with commas, decoded; nothing if one of them is none.
std::optional<std::vector<net::Header>> parse_list(std::string_view list) {
    std::vector<net::Header> members;
    for (std::size_t begin = 0; begin <= list.size();) {
        const std::size_t end = std::min(list.find(',', begin), list.size());
        const std::string_view member = base::trimmed(list.substr(begin, end - begin));
        begin = end + 1;
        if (member.empty()) continue;
        const std::size_t equals = member.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        auto name = percent_decoded(base::trimmed(member.substr(0, equals)));
        auto value = percent_decoded(base::trimmed(member.substr(equals + 1)));
        if (!name || !value || name->empty()) return std::nullopt;
        members.push_back({std::move(*name), std::move(*value)});
    }
    return members;
}

/// As in the variables: "TRACES".
std::string name_of(Signal signal) {
    std::string name(to_string(signal));
    std::ranges::transform(name, name.begin(), [](char c) { return static_cast<char>(c - 'a' + 'A'); });
    return name;
}

class Reader {
public:
    Reader(const net::Variable& variable, std::vector<std::string>& notes) : variable_(variable), notes_(notes) {}

    std::string text(const std::string& name) const { return variable_(name.c_str()); }

    bool flag(const std::string& name) {
        const std::string value = text(name);
        if (net::is_same_token(value, "true")) return true;
        if (!value.empty() && !net::is_same_token(value, "false"))
            note(name, "'" + value + "' is neither true nor false, taken as false");
        return false;
    }

    std::optional<std::size_t> number(const std::string& name, std::size_t most) {
        const std::string value = text(name);
        if (value.empty()) return std::nullopt;
        const auto number = base::parse_number<std::size_t>(value);
        if (number && *number >= 1 && *number <= most) return number;
        note(name, "'" + base::shortened(value, kLongestShown) + "' is not a number from 1 to " + std::to_string(most) +
                       ", ignored");
        return std::nullopt;
    }

    std::optional<base::Duration> duration(const std::string& name) {
        constexpr std::size_t kDay = 24 * 60 * 60 * 1000;
        const auto count = number(name, kDay);
        return count ? std::optional<base::Duration>(std::chrono::milliseconds(*count)) : std::nullopt;
    }

    BatchVariables batch(const std::string& prefix) {
        constexpr std::size_t kMost = 1'000'000, kUsualQueue = 2048;
        const std::string size = prefix + "MAX_EXPORT_BATCH_SIZE";
        BatchVariables batch{duration(prefix + "SCHEDULE_DELAY"), number(prefix + "MAX_QUEUE_SIZE", kMost),
                             number(size, kMost), duration(prefix + "EXPORT_TIMEOUT")};
        const std::size_t room = batch.max_queue_size.value_or(kUsualQueue);
        if (batch.max_export_batch_size.value_or(0) > room) {
            note(size, std::to_string(*batch.max_export_batch_size) + " is more than the queue holds, " +
                           std::to_string(room) + " is used");
            batch.max_export_batch_size = room;
        }
        return batch;
    }

    std::optional<SamplerSettings> sampler() {
        const std::string name = text("OTEL_TRACES_SAMPLER");
        if (name.empty()) return std::nullopt;
        auto settings = parse_sampler(name, text("OTEL_TRACES_SAMPLER_ARG"));
        if (settings) return *settings;
        note("OTEL_TRACES_SAMPLER", settings.error().text() + ", ignored");
        return std::nullopt;
    }

    Attributes resource() {
        Attributes attributes;
        const std::string name = "OTEL_RESOURCE_ATTRIBUTES", value = text(name);
        const auto members = parse_list(value);
        const bool is_valid = members && std::ranges::all_of(*members, [](const net::Header& member) {
                                  return base::to_valid_utf8(member.name + member.value) == member.name + member.value;
                              });
        if (!is_valid) {
            note(name, "'" + base::to_valid_utf8(base::shortened(value, kLongestShown)) +
                           "' is not a list of NAME=VALUE with commas between and other characters as %XX, ignored");
        } else {
            for (const auto& [key, text] : *members) set(attributes, key, text);
        }
        if (const std::string service = text("OTEL_SERVICE_NAME"); !service.empty())
            set(attributes, "service.name", service);
        return attributes;
    }

    std::optional<Destination> destination(Signal signal) {
        auto url = is_wanted(signal) ? endpoint(signal) : std::nullopt;
        if (!url) return std::nullopt;
        Destination destination;
        destination.client.url = std::move(*url);
        destination.client.headers = headers(of(signal, "HEADERS"));
        destination.client.tls.ca_file = text(of(signal, "CERTIFICATE"));
        destination.client.tls.cert_file = text(of(signal, "CLIENT_CERTIFICATE"));
        destination.client.tls.key_file = text(of(signal, "CLIENT_KEY"));
        destination.compresses = is_gzip(of(signal, "COMPRESSION"));
        destination.timeout = duration(of(signal, "TIMEOUT")).value_or(destination.timeout);
        check_protocol(of(signal, "PROTOCOL"));
        return destination;
    }

private:
    static constexpr std::size_t kLongestShown = 200;

    /// A variable that counts for all signals is read once for each, and noted once.
    void note(const std::string& name, const std::string& what) {
        std::string note = name + ": " + what;
        if (std::ranges::find(notes_, note) == notes_.end()) notes_.push_back(std::move(note));
    }

    /// The signal's own variable where it is set, else that of all signals.
    std::string of(Signal signal, const std::string& what) const {
        const std::string own = "OTEL_EXPORTER_OTLP_" + name_of(signal) + "_" + what;
        return text(own).empty() ? "OTEL_EXPORTER_OTLP_" + what : own;
    }

    /// An exporter that is not ours is not replaced by one that nobody named.
    bool is_wanted(Signal signal) {
        const std::string name = "OTEL_" + name_of(signal) + "_EXPORTER", value = text(name);
        if (value.empty() || value == "otlp") return true;
        if (value != "none")
            note(name, "'" + base::shortened(value, kLongestShown) + "' is neither otlp nor none, taken as none");
        return false;
    }

    std::optional<net::Url> endpoint(Signal signal) {
        const std::string of_all = "OTEL_EXPORTER_OTLP_ENDPOINT", name = of(signal, "ENDPOINT");
        const std::string url = text(name);
        if (url.empty()) return std::nullopt;
        auto parsed = net::parse_url(url);
        if (parsed && parsed->is_websocket())
            parsed = base::Error(base::Kind::invalid, "the scheme '" + parsed->scheme + "' is not HTTP")
                         .hint("write http or https");
        if (parsed) return name == of_all ? url_below(std::move(*parsed), signal) : std::move(*parsed);
        note(name, parsed.error().text() + ", nothing is exported there");
        return std::nullopt;
    }

    std::vector<net::Header> headers(const std::string& name) {
        auto list = parse_list(text(name));
        if (list && net::check_headers(*list)) return std::move(*list);
        note(name, "not a list of NAME=VALUE with commas between and other characters as %XX, ignored");
        return {};
    }

    bool is_gzip(const std::string& name) {
        const std::string value = text(name);
        if (!value.empty() && value != "gzip" && value != "none")
            note(name, "'" + base::shortened(value, kLongestShown) + "' is neither gzip nor none, taken as none");
        return value == "gzip";
    }

    void check_protocol(const std::string& name) {
        const std::string value = text(name);
        if (!value.empty() && value != "http/protobuf")
            note(name, "'" + base::shortened(value, kLongestShown) + "' is not spoken here, http/protobuf is used");
    }

    const net::Variable& variable_;
    std::vector<std::string>& notes_;
};

BatchLimits laid_over(BatchLimits limits, const BatchVariables& variables) {
    limits.schedule_delay = variables.schedule_delay.value_or(limits.schedule_delay);
    limits.queue.records = variables.max_queue_size.value_or(limits.queue.records);
    limits.batch = std::min(variables.max_export_batch_size.value_or(limits.batch), limits.queue.records);
    limits.patience = variables.export_timeout.value_or(limits.patience);
    return limits;
}

}  // namespace

Environment read_environment(const net::Variable& variable) {
    Environment environment;
    Reader reader(variable, environment.notes);
    environment.is_disabled = reader.flag("OTEL_SDK_DISABLED");
    if (!environment.is_disabled) {
        for (const Signal signal : kSignals)
            if (auto destination = reader.destination(signal))
                environment.destinations.emplace(signal, std::move(*destination));
    }
    environment.sampler = reader.sampler();
    environment.resource = reader.resource();
    environment.span_batches = reader.batch("OTEL_BSP_");
    environment.log_batches = reader.batch("OTEL_BLRP_");
    environment.metric_interval = reader.duration("OTEL_METRIC_EXPORT_INTERVAL");
    environment.metric_timeout = reader.duration("OTEL_METRIC_EXPORT_TIMEOUT");
    return environment;
}

Options laid_over(Options options, const Environment& environment) {
    options.spans = laid_over(options.spans, environment.span_batches);
    options.logs = laid_over(options.logs, environment.log_batches);
    options.metrics.interval = environment.metric_interval.value_or(options.metrics.interval);
    options.metrics.timeout = environment.metric_timeout.value_or(options.metrics.timeout);
    return options;
}

}  // namespace telemetry

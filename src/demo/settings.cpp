#include "demo/settings.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <initializer_list>

#include "base/bytes.hpp"
#include "base/files.hpp"

namespace demo {
namespace {

using base::Error;
using base::Kind;
using base::Result;

constexpr std::uint64_t kMostBytes = 1u << 20;
constexpr std::size_t kLongestShown = 200;

/// Where in the file: "line 3: sampler.ratio". What is not there has the place of what comes after it, or none.
std::string place(const YAML::Node& node, const std::string& key) {
    if (node.IsNull()) return key;
    return "line " + std::to_string(node.Mark().line + 1) + ": " + key;
}

std::string shown(const YAML::Node& node) {
    if (node.IsScalar()) return "'" + base::shortened(node.Scalar(), kLongestShown) + "'";
    return node.IsNull() ? "nothing" : "a structure";
}

Error wrong(const YAML::Node& node, const std::string& key, const std::string& wanted) {
    return {Kind::invalid, place(node, key) + " must be " + wanted + ", not " + shown(node)};
}

Result<bool> read_bool(const YAML::Node& node, const std::string& key) {
    bool value = false;
    constexpr const char* kQuoted = "!";
    if (node.IsScalar() && node.Tag() != kQuoted && YAML::convert<bool>::decode(node, value)) return value;
    return wrong(node, key, "true or false");
}

Result<std::string> read_text(const YAML::Node& node, const std::string& key, const std::string& wanted) {
    if (node.IsScalar() && !node.Scalar().empty()) return node.Scalar();
    return wrong(node, key, wanted);
}

/// Keys below one of ours are all ours: another is a mistake.
Result<void> check_map(const YAML::Node& node, const std::string& key, std::initializer_list<const char*> known) {
    std::string names;
    for (const char* name : known) names += (names.empty() ? "" : ", ") + std::string(name);
    if (!node.IsMap()) return wrong(node, key, "a map with the keys " + names);
    for (const auto& entry : node) {
        const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
        if (std::ranges::find(known, name) == known.end())
            return Error(Kind::invalid, place(entry.first, key) + " has no key " + shown(entry.first)).hint(names);
    }
    return {};
}

/// An argument of a sampler, held against the sampler it is for, whichever is chosen. Empty where it is not given.
Result<std::string> read_argument(const YAML::Node& sampler, const char* name, const char* of) {
    const YAML::Node node = sampler[name];
    if (!node) return std::string();
    const std::string key = std::string("sampler.") + name;
    auto text = read_text(node, key, "a number");
    if (!text) return text;
    if (auto parsed = telemetry::parse_sampler(of, *text); !parsed)
        return std::move(parsed).error().within(place(node, key));
    return text;
}

Result<telemetry::SamplerSettings> read_sampler(const YAML::Node& node) {
    std::string type, ratio, per_second;
    if (node.IsScalar()) {
        type = node.Scalar();
    } else {
        if (auto map = check_map(node, "sampler", {"type", "ratio", "per_second"}); !map) return std::move(map).error();
        auto named = read_text(node["type"] ? node["type"] : node, "sampler.type", "the name of a sampler");
        auto of_traces = read_argument(node, "ratio", "traceidratio");
        auto a_second = read_argument(node, "per_second", "rate_limited");
        for (auto* text : {&named, &of_traces, &a_second})
            if (!*text) return std::move(*text).error();
        type = *named, ratio = *of_traces, per_second = *a_second;
    }
    const bool is_rate_limited = type.ends_with("rate_limited");
    if (is_rate_limited && per_second.empty())
        return Error(Kind::invalid, place(node, "sampler") + ": '" + type + "' needs per_second")
            .hint("write {type: " + type + ", per_second: 5}");
    auto sampler = telemetry::parse_sampler(type, is_rate_limited ? per_second : ratio);
    if (!sampler) return std::move(sampler).error().within(place(node, "sampler"));
    return sampler;
}

Result<net::Url> read_endpoint(const YAML::Node& node) {
    const std::string key = "exporter.otlp.endpoint";
    auto text = read_text(node, key, "a URL");
    if (!text) return std::move(text).error();
    auto url = net::parse_url(*text);
    if (!url) return std::move(url).error().within(place(node, key));
    const auto refuse = [&](const std::string& why, const std::string& hint) {
        return Error(Kind::invalid, place(node, key) + ": " + why).hint(hint);
    };
    if (url->is_websocket()) return refuse(shown(node) + " is no URL of HTTP", "write http:// or https://");
    if (url->target.find('?') != std::string::npos)
        return refuse("a query ('?...') cannot be there: paths are added to the URL", "use exporter.otlp.headers");
    for (const telemetry::Signal signal : telemetry::kSignals)
        if (url->target.ends_with("/v1/" + std::string(to_string(signal))))
            return refuse(shown(node) + " has /v1/" + std::string(to_string(signal)) + ", which is added to it",
                          "write " + url->scheme + "://" + url->host_header());
    return url;
}

Result<std::vector<net::Header>> read_headers(const YAML::Node& node) {
    const std::string key = "exporter.otlp.headers";
    // What is there is not shown: it may be a secret.
    if (!node.IsMap()) return Error(Kind::invalid, place(node, key) + " must be a map of names and values");
    std::vector<net::Header> headers;
    for (const auto& entry : node) {
        if (!entry.second.IsScalar() || !entry.first.IsScalar())
            return Error(Kind::invalid,
                         place(entry.first, key) + ": the value of " + shown(entry.first) + " is no text");
        headers.push_back({entry.first.Scalar(), entry.second.Scalar()});
    }
    if (auto checked = net::check_headers(headers); !checked)
        return std::move(checked).error().within(place(node, key));
    return headers;
}

Result<void> read_otlp(const YAML::Node& node, Settings& settings) {
    settings.traces.reset();
    settings.metrics.reset();
    if (node.IsNull()) return {};
    if (auto map = check_map(node, "exporter.otlp", {"endpoint", "headers", "compression"}); !map) return map;
    if (!node["endpoint"])
        return Error(Kind::invalid, place(node, "exporter.otlp") + " needs an endpoint").hint("http://127.0.0.1:4318");
    auto endpoint = read_endpoint(node["endpoint"]);
    if (!endpoint) return std::move(endpoint).error();
    telemetry::Destination destination;
    if (const YAML::Node headers = node["headers"]) {
        auto read = read_headers(headers);
        if (!read) return std::move(read).error();
        destination.client.headers = std::move(*read);
    }
    if (const YAML::Node compression = node["compression"]) {
        const std::string name = compression.IsScalar() ? compression.Scalar() : "";
        if (name != "gzip" && name != "none") return wrong(compression, "exporter.otlp.compression", "gzip or none");
        destination.compresses = name == "gzip";
    }
    destination.client.url = telemetry::url_below(*endpoint, telemetry::Signal::traces);
    settings.traces = destination;
    destination.client.url = telemetry::url_below(*endpoint, telemetry::Signal::metrics);
    settings.metrics = std::move(destination);
    return {};
}

Result<void> read_exporter(const YAML::Node& node, Settings& settings) {
    if (auto map = check_map(node, "exporter", {"console", "otlp"}); !map) return map;
    if (const YAML::Node console = node["console"]) {
        auto read = read_bool(console, "exporter.console");
        if (!read) return std::move(read).error();
        settings.console = *read;
    }
    if (const YAML::Node otlp = node["otlp"]) return read_otlp(otlp, settings);
    return {};
}

Result<Settings> read_settings(const YAML::Node& root, Settings settings) {
    if (root.IsNull()) return settings;
    if (!root.IsMap()) return Error(Kind::invalid, "the config must be a map of keys and values");
    if (const YAML::Node node = root["instrument"]) {
        auto instrument = read_bool(node, "instrument");
        if (!instrument) return std::move(instrument).error();
        settings.instrument = *instrument;
    }
    if (const YAML::Node node = root["sampler"]) {
        auto sampler = read_sampler(node);
        if (!sampler) return std::move(sampler).error();
        settings.sampler = *sampler;
    }
    if (const YAML::Node node = root["exporter"])
        if (auto exporter = read_exporter(node, settings); !exporter) return std::move(exporter).error();
    return settings;
}

/// Without the query, which may be a secret.
std::string shown(const net::Url& url) {
    const auto query = url.target.find('?');
    return url.scheme + "://" + url.host_header() + url.target.substr(0, query) +
           (query == std::string::npos ? "" : "?…");
}

std::string describe(const std::optional<telemetry::Destination>& destination) {
    if (!destination) return "none\n";
    const net::ClientOptions& client = destination->client;
    std::string names;
    for (const net::Header& header : client.headers) names += (names.empty() ? "" : ", ") + header.name;
    return "{endpoint: " + base::json_string(shown(client.url)) + ", headers: [" + names +
           "], compression: " + (destination->compresses ? "gzip" : "none") + "}\n";
}

}  // namespace

Result<Settings> parse_settings(std::string_view yaml, const Settings& defaults) {
    try {
        return read_settings(YAML::Load(std::string(yaml)), defaults);
    } catch (const YAML::Exception& e) {
        return Error(Kind::invalid, std::string("not valid YAML: ") + e.what());
    }
}

Result<Settings> load_settings(const std::filesystem::path& file, const Settings& defaults) {
    auto text = base::read_file(file, kMostBytes);
    if (!text && text.error().kind() == Kind::not_found) return defaults;
    if (!text) return std::move(text).error();
    auto settings = parse_settings(*text, defaults);
    if (!settings) return std::move(settings).error().within("'" + file.string() + "'");
    return settings;
}

std::string describe(const Settings& settings) {
    const auto yes = [](bool is) { return is ? "true\n" : "false\n"; };
    return std::string("instrument: ") + yes(settings.instrument) + "sampler: " + to_text(settings.sampler) +
           "\nconsole: " + yes(settings.console) + "traces: " + describe(settings.traces) +
           "metrics: " + describe(settings.metrics);
}

}  // namespace demo

#include "supervisor/own_telemetry_environment.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "net/http.hpp"
#include "net/url.hpp"
#include "supervisor/offered_parts.hpp"

namespace supervisor {
namespace {

using base::Error;
using base::Kind;
using base::Result;
using config::Variables;

constexpr std::string_view kSignals[] = {"TRACES", "METRICS", "LOGS"};
/// Of all signals, where a signal has none of its own.
constexpr std::string_view kOfDestination[] = {"HEADERS", "CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"};

constexpr std::size_t kLongestVariable = 64u << 10;  // half of what the kernel lets one have
constexpr std::size_t kLongestPem = 1u << 20;

std::string exporter(std::string_view signal, std::string_view what) {
    return "OTEL_EXPORTER_OTLP_" + (signal.empty() ? "" : std::string(signal) + "_") + std::string(what);
}

/// All but the unreserved characters of RFC 3986: every SDK reads these alike.
std::string percent_encoded(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (kPlain.find(c) != std::string_view::npos)
            encoded += c;
        else
            encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
    return encoded;
}

/// "name=value,name=value". SDKs keep one value a name, so several become the one list that HTTP takes for the same.
std::string header_list(const opamp::Headers& headers) {
    std::vector<std::pair<std::string, std::string>> joined;
    for (const auto& [name, value] : headers) {
        const auto same = std::find_if(joined.begin(), joined.end(),
                                       [&](const auto& entry) { return net::is_same_token(entry.first, name); });
        if (same == joined.end())
            joined.emplace_back(name, value);
        else
            same->second += (net::is_same_token(name, "Cookie") ? "; " : ", ") + value;
    }
    std::string list;
    for (const auto& [name, value] : joined)
        list += (list.empty() ? "" : ",") + percent_encoded(name) + "=" + percent_encoded(value);
    return list;
}

/// The URL goes into the environment as it is.
Result<void> check_endpoint(const std::string& endpoint) {
    if (endpoint.empty()) return Error(Kind::invalid, "there is no destination_endpoint");
    const bool is_plain = std::all_of(endpoint.begin(), endpoint.end(), [](char c) { return c > 0x20 && c < 0x7F; });
    if (!is_plain) return Error(Kind::invalid, "destination_endpoint has blanks or control characters");
    const auto url = net::parse_url(endpoint);
    if (!url) return Error(url.error()).within("destination_endpoint");
    if (url->is_websocket())
        return Error(Kind::invalid, "destination_endpoint is not a URL of OTLP over HTTP").hint("http:// or https://");
    return {};
}

Result<void> check_pem(const std::string& pem, const char* field) {
    if (pem.size() > kLongestPem) return Error(Kind::too_large, std::string(field) + " is over 1 MiB");
    if (pem.find("-----BEGIN ") == std::string::npos) return Error(Kind::invalid, std::string(field) + " is not PEM");
    return {};
}

std::vector<std::string> without_variable(const opamp::TelemetryConnectionSettings& offer) {
    std::vector<std::string> fields;
    if (offer.proxy && !offer.proxy->url.empty()) fields.emplace_back("proxy");
    if (!offer.tls) return fields;
    if (offer.tls->insecure_skip_verify) fields.emplace_back("tls.insecure_skip_verify");
    if (!offer.tls->min_version.empty()) fields.emplace_back("tls.min_version");
    if (!offer.tls->max_version.empty()) fields.emplace_back("tls.max_version");
    if (!offer.tls->cipher_suites.empty()) fields.emplace_back("tls.cipher_suites");
    if (offer.tls->include_system_ca_certs_pool && !offer.tls->ca_pem_contents.empty())
        fields.emplace_back("tls.include_system_ca_certs_pool");
    return fields;
}

/// One offer at a time: `signal` is "TRACES", `name` is "own_traces".
class Maker {
public:
    Maker(MadeOwnTelemetry& made, std::string_view signal, std::string_view name)
        : made_(made), signal_(signal), name_(name) {}

    Result<void> add(const opamp::TelemetryConnectionSettings& offer) {
        if (auto checked = check_endpoint(offer.destination_endpoint); !checked) return checked;
        set("ENDPOINT", offer.destination_endpoint);
        set("PROTOCOL", "http/protobuf");
        made_.own_telemetry.variables["OTEL_" + std::string(signal_) + "_EXPORTER"] = "otlp";
        if (offer.headers && !offer.headers->empty()) {
            if (auto checked = net::check_headers(as_net(*offer.headers)); !checked) return checked;
            set("HEADERS", header_list(*offer.headers));
        }
        if (offer.tls && !offer.tls->ca_pem_contents.empty())
            if (auto added = add_file("CERTIFICATE", offer.tls->ca_pem_contents, "tls.ca_pem_contents"); !added)
                return added;
        if (offer.certificate)
            if (auto added = add_client_certificate(*offer.certificate); !added) return added;
        for (const std::string& field : without_variable(offer))
            made_.not_handed_on.push_back(std::string(name_) + ": " + field);
        return check_sizes();
    }

private:
    void set(std::string_view what, std::string value) {
        made_.own_telemetry.variables[exporter(signal_, what)] = std::move(value);
    }

    Result<void> add_file(std::string_view what, const std::string& pem, const char* field) {
        made_.own_telemetry.files[exporter(signal_, what)] = pem;
        return check_pem(pem, field);
    }

    Result<void> add_client_certificate(const opamp::TlsCertificate& certificate) {
        if (certificate.private_key.empty())
            return Error(Kind::invalid, "the certificate has no private_key, and was not asked for by the agent");
        if (auto added = add_file("CLIENT_CERTIFICATE", certificate.cert, "certificate.cert"); !added) return added;
        return add_file("CLIENT_KEY", certificate.private_key, "certificate.private_key");
    }

    Result<void> check_sizes() const {
        for (const auto& [name, value] : made_.own_telemetry.variables)
            if (value.size() > kLongestVariable)
                return Error(Kind::too_large, name + " would have " + std::to_string(value.size()) +
                                                  " bytes, and may have " + std::to_string(kLongestVariable));
        return {};
    }

    MadeOwnTelemetry& made_;
    std::string_view signal_, name_;
};

}  // namespace

Result<MadeOwnTelemetry> make_own_telemetry(const OwnTelemetryOffers& offers) {
    const std::optional<opamp::TelemetryConnectionSettings>* all[] = {&offers.traces, &offers.metrics, &offers.logs};
    constexpr std::string_view kNames[] = {"own_traces", "own_metrics", "own_logs"};
    MadeOwnTelemetry made;
    for (std::size_t i = 0; i < std::size(all); ++i) {
        if (!*all[i]) continue;
        if (auto added = Maker(made, kSignals[i], kNames[i]).add(**all[i]); !added)
            return std::move(added).error().within(kNames[i]);
    }
    return made;
}

Variables resource_variables(const opamp::AgentDescription& description) {
    Variables variables;
    std::string list;
    for (const auto* attributes : {&description.identifying, &description.non_identifying}) {
        for (const auto& [name, value] : *attributes) {
            list += (list.empty() ? "" : ",") + percent_encoded(name) + "=" + percent_encoded(value);
            if (name == "service.name") variables["OTEL_SERVICE_NAME"] = value;
        }
    }
    variables["OTEL_RESOURCE_ATTRIBUTES"] = std::move(list);
    return variables;
}

Variables without_offered_signals(Variables inherited, const Variables& offered) {
    std::vector<std::string_view> others;
    for (const std::string_view signal : kSignals) {
        if (!offered.contains(exporter(signal, "ENDPOINT"))) {
            others.push_back(signal);
            continue;
        }
        const std::string head = exporter(signal, "");
        std::erase_if(inherited, [&](const auto& entry) { return entry.first.starts_with(head); });
    }
    if (others.size() == std::size(kSignals)) return inherited;
    for (const std::string_view what : kOfDestination) {
        const auto general = inherited.extract(exporter("", what));
        if (general.empty()) continue;
        for (const std::string_view signal : others) inherited.try_emplace(exporter(signal, what), general.mapped());
    }
    return inherited;
}

std::string environment_file(const Variables& variables) {
    std::string text = "# Written by opampd: where this agent is to send its own telemetry. Changes are overwritten.\n";
    for (const auto& [name, value] : variables) {
        text += name + "=\"";
        for (const char c : value) {
            if (std::string_view("\"\\$`").find(c) != std::string_view::npos) text += '\\';
            text += c;
        }
        text += "\"\n";
    }
    return text;
}

}  // namespace supervisor

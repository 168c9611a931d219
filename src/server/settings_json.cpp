#include "server/settings_json.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <functional>

#include "base/bytes.hpp"
#include "server/check_settings.hpp"

namespace server {
namespace {

namespace json = boost::json;
using base::Error;
using base::Kind;
using base::Result;

constexpr const char* kHidden = "(hidden)";
constexpr std::uint64_t kHeartbeatSeconds = 30;  ///< 0 would end the heartbeats.

Error expected(const std::string& what, const std::string& where) {
    return {Kind::invalid, where + ": expected " + what};
}

/// Reads the fields of an object; a field that nobody reads is a mistake. The first mistake stays.
class Fields {
public:
    Fields(const json::value& value, std::string where) : where_(std::move(where)), object_(value.if_object()) {
        if (object_ == nullptr) fail(expected("an object", where_));
    }
    using Reader = std::function<Result<void>(const json::value& value, const std::string& where)>;

    Fields& field(const char* name, const Reader& read) {
        names_.emplace_back(name);
        if (object_ == nullptr || error_) return *this;
        if (const json::value* value = object_->if_contains(name))
            if (auto done = read(*value, path(name)); !done) fail(std::move(done).error());
        return *this;
    }
    Fields& text(const char* name, std::string& place) {
        return field(name, [&](const json::value& value, const std::string& where) -> Result<void> {
            if (!value.is_string()) return expected("a text", where);
            place = std::string(value.get_string());
            return {};
        });
    }
    Fields& flag(const char* name, bool& place) {
        return field(name, [&](const json::value& value, const std::string& where) -> Result<void> {
            if (!value.is_bool()) return expected("true or false", where);
            place = value.get_bool();
            return {};
        });
    }
    Result<void> done() {
        if (object_ != nullptr && !error_)
            for (const auto& entry : *object_)
                if (std::find(names_.begin(), names_.end(), entry.key()) == names_.end())
                    fail({Kind::invalid, path(std::string(entry.key())) + ": there is no such field"});
        return error_ ? Result<void>(*error_) : Result<void>();
    }

private:
    std::string path(const std::string& name) const { return where_ == "the body" ? name : where_ + "." + name; }
    void fail(Error error) { error_ = std::move(error); }

    std::string where_;
    const json::object* object_;
    std::vector<std::string> names_;
    std::optional<Error> error_;
};

/// {"name": "value"} or {"name": ["value", …]}.
Result<void> read_headers(const json::value& value, const std::string& where, opamp::Headers& headers) {
    const json::object* object = value.if_object();
    if (object == nullptr) return expected("an object of names and values", where);
    for (const auto& entry : *object) {
        const std::string name(entry.key());
        const json::array* list = entry.value().if_array();
        const json::array one{entry.value()};
        for (const json::value& text : list != nullptr ? *list : one) {
            if (!text.is_string()) return expected("a text or a list of texts", where + "." + name);
            headers.emplace_back(name, std::string(text.get_string()));
        }
    }
    return {};
}

Result<void> read_texts(const json::value& value, const std::string& where, std::vector<std::string>& texts) {
    if (!value.is_array()) return expected("a list of texts", where);
    for (const json::value& text : value.get_array()) {
        if (!text.is_string()) return expected("a list of texts", where);
        texts.emplace_back(text.get_string());
    }
    return {};
}

Result<void> read_tls(const json::value& value, const std::string& where, opamp::TlsSettings& tls) {
    return Fields(value, where)
        .text("ca_pem_contents", tls.ca_pem_contents)
        .flag("include_system_ca_certs_pool", tls.include_system_ca_certs_pool)
        .flag("insecure_skip_verify", tls.insecure_skip_verify)
        .text("min_version", tls.min_version)
        .text("max_version", tls.max_version)
        .field("cipher_suites",
               [&](const auto& list, const auto& at) { return read_texts(list, at, tls.cipher_suites); })
        .done();
}

Result<void> read_certificate(const json::value& value, const std::string& where, opamp::TlsCertificate& certificate) {
    return Fields(value, where)
        .text("cert", certificate.cert)
        .text("private_key", certificate.private_key)
        .text("ca_cert", certificate.ca_cert)
        .done();
}

Result<void> read_proxy(const json::value& value, const std::string& where, opamp::ProxySettings& proxy) {
    return Fields(value, where)
        .text("url", proxy.url)
        .field("connect_headers",
               [&](const auto& headers, const auto& at) { return read_headers(headers, at, proxy.connect_headers); })
        .done();
}

Fields& read_common(Fields& fields, opamp::ConnectionSettings& settings) {
    return fields.text("destination_endpoint", settings.destination_endpoint)
        .field("headers",
               [&](const auto& v, const auto& at) { return read_headers(v, at, settings.headers.emplace()); })
        .field("certificate",
               [&](const auto& v, const auto& at) { return read_certificate(v, at, settings.certificate.emplace()); })
        .field("tls", [&](const auto& v, const auto& at) { return read_tls(v, at, settings.tls.emplace()); })
        .field("proxy", [&](const auto& v, const auto& at) { return read_proxy(v, at, settings.proxy.emplace()); });
}

Result<void> read_opamp(const json::value& value, const std::string& where, opamp::OpampConnectionSettings& settings) {
    settings.heartbeat_interval_seconds = kHeartbeatSeconds;
    Fields fields(value, where);
    return read_common(fields, settings)
        .field("heartbeat_interval_seconds",
               [&](const json::value& number, const std::string& at) -> Result<void> {
                   json::error_code code;
                   const auto seconds = number.is_number() ? number.to_number<std::uint64_t>(code) : 0;
                   if (!number.is_number() || code) return expected("a number of seconds", at);
                   settings.heartbeat_interval_seconds = seconds;
                   return {};
               })
        .done();
}

Result<void> read_telemetry(const json::value& value, const std::string& where, opamp::ConnectionSettings& settings) {
    Fields fields(value, where);
    return read_common(fields, settings).done();
}

Result<void> read_other(const json::value& value, const std::string& where, opamp::OtherConnectionSettings& settings) {
    Fields fields(value, where);
    return read_common(fields, settings)
        .field("other_settings",
               [&](const json::value& map, const std::string& at) -> Result<void> {
                   opamp::Headers texts;
                   if (auto read = read_headers(map, at, texts); !read) return read;
                   settings.other_settings = {texts.begin(), texts.end()};
                   return {};
               })
        .done();
}

Result<void> read_others(const json::value& value, const std::string& where,
                         std::map<std::string, opamp::OtherConnectionSettings>& others) {
    if (!value.is_object()) return expected("an object of connections by name", where);
    for (const auto& entry : value.get_object()) {
        const std::string name(entry.key());
        if (auto read = read_other(entry.value(), where + "." + name, others[name]); !read) return read;
    }
    return {};
}

json::string text_of(std::string_view text) {
    return json::string(base::to_valid_utf8(text));
}

json::object without_values(const opamp::Headers& headers) {
    json::object object;
    for (const auto& [name, value] : headers) object[base::to_valid_utf8(name)] = kHidden;
    return object;
}

json::object shown_common(const opamp::ConnectionSettings& settings) {
    json::object object{{"destination_endpoint", text_of(settings.destination_endpoint)}};
    if (settings.headers) object["headers"] = without_values(*settings.headers);
    if (const auto& certificate = settings.certificate)
        object["certificate"] = {{"cert", text_of(certificate->cert)},
                                 {"private_key", certificate->private_key.empty() ? "" : kHidden},
                                 {"ca_cert", text_of(certificate->ca_cert)}};
    if (const auto& tls = settings.tls) {
        json::array suites;
        for (const std::string& suite : tls->cipher_suites) suites.push_back(text_of(suite));
        object["tls"] = {{"ca_pem_contents", text_of(tls->ca_pem_contents)},
                         {"include_system_ca_certs_pool", tls->include_system_ca_certs_pool},
                         {"insecure_skip_verify", tls->insecure_skip_verify},
                         {"min_version", text_of(tls->min_version)},
                         {"max_version", text_of(tls->max_version)},
                         {"cipher_suites", std::move(suites)}};
    }
    // The URL of a proxy may hold a password.
    if (settings.proxy)
        object["proxy"] = {{"url", kHidden}, {"connect_headers", without_values(settings.proxy->connect_headers)}};
    return object;
}

Result<json::value> parse(std::string_view text) {
    json::error_code code;
    json::value document = json::parse(json::string_view(text.data(), text.size()), code);
    if (code) return Error(Kind::invalid, "the body is not JSON: " + code.message());
    return document;
}

constexpr std::pair<const char*, Throttle::Mode> kModes[] = {{"none", Throttle::Mode::none},
                                                             {"unavailable", Throttle::Mode::unavailable},
                                                             {"http_503", Throttle::Mode::http_503},
                                                             {"http_429", Throttle::Mode::http_429}};

}  // namespace

Result<opamp::ConnectionSettingsOffers> parse_settings_change(std::string_view text,
                                                              opamp::ConnectionSettingsOffers offers) {
    const auto document = parse(text);
    if (!document) return document.error();
    // What is named is read anew, not over what was there.
    const auto part = [](auto& place, const auto& read) {
        return [&place, &read](const json::value& value, const std::string& at) -> Result<void> {
            place.reset();
            return value.is_null() ? Result<void>() : read(value, at, place.emplace());
        };
    };
    auto read =
        Fields(*document, "the body")
            .field("opamp", part(offers.opamp, read_opamp))
            .field("own_metrics", part(offers.own_metrics, read_telemetry))
            .field("own_traces", part(offers.own_traces, read_telemetry))
            .field("own_logs", part(offers.own_logs, read_telemetry))
            .field("other_connections",
                   [&](const json::value& value, const std::string& at) -> Result<void> {
                       offers.other_connections.clear();
                       return value.is_null() ? Result<void>() : read_others(value, at, offers.other_connections);
                   })
            .done();
    if (!read) return std::move(read).error();
    if (auto checked = check_settings(offers); !checked) return std::move(checked).error();
    return offers;
}

json::value shown(const opamp::ConnectionSettingsOffers& offers) {
    json::object object;
    if (offers.opamp) {
        json::object opamp = shown_common(*offers.opamp);
        opamp["heartbeat_interval_seconds"] = offers.opamp->heartbeat_interval_seconds;
        object["opamp"] = std::move(opamp);
    }
    if (offers.own_metrics) object["own_metrics"] = shown_common(*offers.own_metrics);
    if (offers.own_traces) object["own_traces"] = shown_common(*offers.own_traces);
    if (offers.own_logs) object["own_logs"] = shown_common(*offers.own_logs);
    json::object others;
    for (const auto& [name, settings] : offers.other_connections) {
        json::object other = shown_common(settings);
        other["other_settings"] = without_values({settings.other_settings.begin(), settings.other_settings.end()});
        others[base::to_valid_utf8(name)] = std::move(other);
    }
    if (!others.empty()) object["other_connections"] = std::move(others);
    return object;
}

Result<Throttle> parse_throttle(std::string_view text) {
    const auto document = parse(text);
    if (!document) return document.error();
    std::string mode, retry_after;
    if (auto read = Fields(*document, "the body").text("mode", mode).text("retry_after", retry_after).done(); !read)
        return std::move(read).error();
    Throttle throttle;
    const auto* found =
        std::find_if(std::begin(kModes), std::end(kModes), [&](const auto& known) { return known.first == mode; });
    if (found == std::end(kModes)) return expected("none, unavailable, http_503 or http_429", "mode");
    throttle.mode = found->second;
    if (retry_after.empty()) return throttle;
    throttle.retry_after = base::parse_duration(retry_after);
    if (!throttle.retry_after) return expected("a time such as 500ms or 3s", "retry_after");
    return throttle;
}

std::string throttle_json(const Throttle& throttle) {
    json::object object;
    for (const auto& [name, mode] : kModes)
        if (mode == throttle.mode) object["mode"] = name;
    object["retry_after"] = throttle.retry_after ? json::value(text_of(base::format_duration(*throttle.retry_after)))
                                                 : json::value(nullptr);
    return json::serialize(object);
}

}  // namespace server

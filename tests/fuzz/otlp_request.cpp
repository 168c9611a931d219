// Requests of OTLP: any bytes are refused, or what is kept of them is within its bounds, and its JSON is JSON.
#include <boost/json.hpp>
#include <string>

#include "base/bytes.hpp"
#include "fuzz/fuzz.hpp"
#include "server/otlp.hpp"

namespace {

using fuzz::must;

void is_json(const std::string& text, std::size_t most) {
    must(text.size() <= most, "it is cut");
    boost::json::error_code error;
    boost::json::parse_options deep;
    deep.max_depth = 128;
    (void)boost::json::parse(text, error, {}, deep);
    must(!error, "it is JSON");
}

void is_text(const std::string& text) {
    must(text.size() <= 5000 && base::to_valid_utf8(text) == text, "it is a text, and cut");
}

constexpr std::size_t kMostAttributes = 20u << 10;
constexpr std::size_t kMostParts = 200u << 10;

class Checks : public server::TelemetrySink {
public:
    void begin(const server::Resource& resource) override {
        is_text(resource.service);
        is_json(resource.attributes, kMostAttributes);
    }
    base::Result<void> add(const server::Span& span) override {
        must(span.trace_id.size() == 16 && span.span_id.size() == 8, "ids have their lengths");
        must(span.parent_id.empty() || span.parent_id.size() == 8, "a parent's too");
        must(span.start > 0 && span.end >= span.start, "time goes on");
        for (const std::string* text : {&span.name, &span.scope, &span.status_message}) is_text(*text);
        is_json(span.attributes, kMostAttributes);
        is_json(span.events, kMostParts);
        is_json(span.links, kMostParts);
        return {};
    }
    base::Result<void> add(const server::LogRecord& record) override {
        must(record.time >= 0 && record.severity >= 0 && record.severity <= 24, "time and severity are known or not");
        for (const std::string* text : {&record.severity_text, &record.event_name, &record.scope}) is_text(*text);
        is_json(record.body, kMostAttributes);
        is_json(record.attributes, kMostAttributes);
        return {};
    }
    base::Result<void> add(const server::MetricPoint& point) override {
        must(point.time > 0 && !point.name.empty(), "a point has a time and a name");
        for (const std::string* text : {&point.name, &point.unit, &point.description, &point.scope}) is_text(*text);
        is_json(point.attributes, kMostAttributes);
        if (!point.details.empty()) is_json(point.details, 1000);
        return {};
    }
};

}  // namespace

/// The first byte is the signal, the rest the request.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto signal = static_cast<server::Signal>(data[0] % 3);
    Checks checks;
    const std::string_view request(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto taken = server::read_otlp(signal, request, checks);
    if (!taken) {
        must(taken.error().kind() == base::Kind::invalid && !taken.error().text().empty(), "a refusal says why");
        return 0;
    }
    must((taken->rejected > 0) == !taken->reason.empty(), "what is rejected has a reason");
    must(taken->rejected > 0 || server::export_response(*taken).empty(), "a whole success is an empty answer");
    return 0;
}

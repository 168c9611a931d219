#include "server/otlp.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/wire_format_lite.h>

#include "base/bytes.hpp"
#include "server/json_text.hpp"
#include "server/otlp_items.hpp"
#include "server/otlp_values.hpp"

namespace server {
namespace {

using base::Error;
using base::Kind;
using base::Result;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr std::size_t kMostItemBytes = 512u << 10;  ///< Of one span, metric or record: 250,000 empty attributes.
constexpr std::int64_t kMostItems = 50'000;         ///< Spans, points or records of a request: seconds of work.
constexpr Fault kTooMany = "a request may have 50000 spans, points or records";

Result<void> not_protobuf() {
    return Error(Kind::invalid, "the body is not a request of OTLP in protobuf");
}

/// Calls `found` with each field of that number, and skips the others.
template <typename Found>
Result<void> each(std::string_view message, int number, const Found& found) {
    CodedInputStream input(reinterpret_cast<const std::uint8_t*>(message.data()), static_cast<int>(message.size()));
    const auto wanted = WireFormatLite::MakeTag(number, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
    while (const std::uint32_t tag = input.ReadTag()) {
        if (tag != wanted) {
            if (!WireFormatLite::SkipField(&input, tag)) return not_protobuf();
            continue;
        }
        std::uint32_t size = 0;
        if (!input.ReadVarint32(&size)) return not_protobuf();
        const auto begin = static_cast<std::size_t>(input.CurrentPosition());
        if (size > message.size() - begin || !input.Skip(static_cast<int>(size))) return not_protobuf();
        if (auto done = found(message.substr(begin, size)); !done) return done;
    }
    return input.ConsumedEntireMessage() ? Result<void>() : not_protobuf();
}

template <typename Message>
Fault parse(std::string_view bytes, Message& message) {
    if (bytes.size() > kMostItemBytes) return "it is over 512 KiB";
    if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return nullptr;
    return "it is not protobuf, nested too deep, or has text that is not UTF-8";
}

class Reader {
public:
    Reader(Signal signal, TelemetrySink& sink) : signal_(signal), sink_(sink) {}

    /// ResourceSpans, ResourceMetrics and ResourceLogs have one shape, and what is in them too.
    Result<void> read_resource(std::string_view group) {
        Resource resource;
        auto read = each(group, 1, [&](std::string_view bytes) { return take_resource(bytes, resource); });
        if (!read) return read;
        sink_.begin(resource);
        return each(group, 2, [&](std::string_view scope) { return read_scope(scope); });
    }
    Taken take() { return std::move(taken_); }

private:
    Result<void> take_resource(std::string_view bytes, Resource& resource) {
        otlp::Resource wire;
        resource.digest = base::sha256(bytes).substr(0, 16);
        if (parse(bytes, wire) != nullptr) return {};  // what it tells is of a resource without a name
        resource.dropped = wire.dropped_attributes_count();
        resource.attributes = json_of(wire.attributes(), resource.dropped);
        resource.service = base::shortened(text_of(wire.attributes(), "service.name"), kMostTextBytes);
        resource.instance = base::Uuid::parse(text_of(wire.attributes(), "service.instance.id"));
        return {};
    }

    Result<void> read_scope(std::string_view group) {
        scope_.clear();
        auto read = each(group, 1, [&](std::string_view bytes) -> Result<void> {
            otlp::InstrumentationScope wire;
            if (parse(bytes, wire) == nullptr) scope_ = base::shortened(wire.name(), kMostTextBytes);
            return {};
        });
        if (!read) return read;
        return each(group, 2, [&](std::string_view item) {
            ++item_;
            switch (signal_) {
            case Signal::traces: return read_span(item);
            case Signal::metrics: return read_metric(item);
            case Signal::logs: return read_log_record(item);
            }
            return Result<void>();
        });
    }

    /// The reason of the first is told, with its place in the request.
    Result<void> reject(Fault reason) {
        constexpr const char* kNames[] = {"span", "metric", "log record"};
        ++taken_.rejected;
        if (taken_.reason.empty())
            taken_.reason =
                std::string(kNames[static_cast<int>(signal_)]) + " " + std::to_string(item_) + ": " + reason;
        return {};
    }

    Result<void> read_span(std::string_view bytes) {
        if (item_ > kMostItems) return reject(kTooMany);
        span_.Clear();
        if (const Fault fault = parse(bytes, span_)) return reject(fault);
        Span span;
        span.scope = scope_;
        if (const Fault fault = to_span(span_, span)) return reject(fault);
        return sink_.add(span);
    }

    Result<void> read_log_record(std::string_view bytes) {
        if (item_ > kMostItems) return reject(kTooMany);
        otlp::LogRecord wire;
        if (const Fault fault = parse(bytes, wire)) return reject(fault);
        LogRecord record = to_log_record(wire);
        record.scope = scope_;
        return sink_.add(record);
    }

    Result<void> read_metric(std::string_view bytes) {
        otlp::Metric wire;
        if (const Fault fault = parse(bytes, wire)) return reject(fault);
        return each_point(
            wire, scope_,
            [&](const MetricPoint& point) { return ++points_ > kMostItems ? reject(kTooMany) : sink_.add(point); },
            [&](Fault fault) { (void)reject(fault); });
    }

    Signal signal_;
    TelemetrySink& sink_;
    Taken taken_;
    std::int64_t item_ = 0;  ///< The number of the span, metric or record in the request.
    std::int64_t points_ = 0;
    std::string scope_;
    otlp::Span span_;  // its memory serves one after the other
};

/// Codes of gRPC. Spec: OTLP/HTTP Response.
int code_of(unsigned http_status) {
    switch (http_status) {
    case 400:
    case 413:
    case 415: return 3;  // INVALID_ARGUMENT
    case 401: return 16;
    case 403: return 7;
    case 405: return 12;
    case 429: return 8;  // RESOURCE_EXHAUSTED
    case 503: return 14;
    default: return 13;
    }
}

}  // namespace

Result<Taken> read_otlp(Signal signal, std::string_view request, TelemetrySink& sink) {
    const google::protobuf::LogSilencer silent;  // of each text that is not UTF-8 it would write a line
    Reader reader(signal, sink);
    auto read = each(request, 1, [&](std::string_view group) { return reader.read_resource(group); });
    if (!read) return std::move(read).error();
    return reader.take();
}

std::string export_response(const Taken& taken) {
    otlp::ExportServiceResponse response;
    if (taken.rejected > 0) {
        response.mutable_partial_success()->set_rejected(taken.rejected);
        response.mutable_partial_success()->set_error_message(taken.reason);
    }
    return response.SerializeAsString();
}

std::string error_status(unsigned http_status, std::string_view message) {
    otlp::RpcStatus status;
    status.set_code(code_of(http_status));
    status.set_message(base::to_valid_utf8(message));
    return status.SerializeAsString();
}

std::string error_status_json(unsigned http_status, std::string_view message) {
    return JsonObject().number("code", code_of(http_status)).text("message", message).done();
}

}  // namespace server

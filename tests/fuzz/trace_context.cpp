// What a peer says of traces, and how it answers exports: headers are passed on as valid ones or not at all.
#include "telemetry/trace_context.hpp"

#include <algorithm>

#include "fuzz/fuzz.hpp"
#include "telemetry/otlp.hpp"

namespace {

bool is_one_line(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c == '\t' || (c >= ' ' && c <= '~'); });
}

/// The input's lines as the three headers.
telemetry::Carrier carrier_of(std::string_view input) {
    telemetry::Carrier carrier;
    for (std::string* header : {&carrier.traceparent, &carrier.tracestate, &carrier.baggage}) {
        const std::size_t end = std::min(input.find('\n'), input.size());
        *header = input.substr(0, end);
        input.remove_prefix(std::min(end + 1, input.size()));
    }
    return carrier;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using fuzz::must;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const telemetry::Carrier carrier = carrier_of(input);
    const std::string baggage = telemetry::extract_baggage(carrier);
    must(baggage.empty() || baggage == carrier.baggage, "baggage is handed on as it came");
    must(is_one_line(baggage) && baggage.size() <= 8192, "baggage cannot break out of its line");
    if (const auto context = telemetry::extract(carrier)) {
        must(context->is_valid() && context->is_remote, "what is extracted is a parent");
        must(context->trace_state.empty() || context->trace_state == carrier.tracestate,
             "a state is handed on as it came");
        must(is_one_line(context->trace_state), "a state cannot break out of its line");
        const telemetry::Carrier sent = telemetry::inject(*context, baggage);
        must(telemetry::extract(sent) == context, "what is sent is what was taken");
        must(telemetry::extract_baggage(sent) == baggage, "baggage that was taken is taken again");
    }
    if (const auto partial = telemetry::parse_response(input))
        must(partial->rejected > 0 || !partial->error_message.empty(), "a partial success says something");
    must(telemetry::parse_error(input).size() <= input.size(), "a message is no longer than its body");
    return 0;
}

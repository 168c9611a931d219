// What a span costs who begins and ends it.
#pragma once

namespace bench {

/// Recorded with four attributes and put into the queue; not sampled; and, without a budget, its way out of the queue
/// as OTLP. True if the budgets are kept.
bool measure_spans(int runs);

}  // namespace bench

// One request and its answer on a stream.
#pragma once

#include <string>
#include <string_view>

#include "net/http_answer.hpp"
#include "net/stream.hpp"

namespace net {

/// A request, and what is taken of its answer.
struct Exchange {
    std::string head;
    std::string_view body = {};  ///< Outlives the exchange.
    AnswerWanted answer;
    async::SteadyClock::duration silence = std::chrono::hours(24);
};

/// How far an exchange has come, also where it was cancelled.
struct Progress {
    bool was_sent = false;   ///< Some of the request may have been received.
    bool has_begun = false;  ///< Some of the answer has come.
};

/// Errors: too_large, invalid (not HTTP), timeout (`silence`), io. Of a status that is not a success the body is given
/// up rather than the answer.
async::Task<base::Result<Answered>> exchange_over(Stream& stream, const Exchange& exchange, Progress& progress);

}  // namespace net

// The answer to an HTTP request, taken apart as its bytes arrive: of a peer that may be hostile. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "net/http.hpp"

namespace net {

/// What is taken of an answer.
struct AnswerWanted {
    bool is_head_request = false;
    std::uint64_t body_limit = 0;
    bool is_cut_at_limit = false;  ///< Rather than refused.
};

struct Answered {
    HttpResponse response;
    bool keep_alive = false;  ///< The stream can serve another exchange.
};

class HttpAnswer {
public:
    explicit HttpAnswer(const AnswerWanted& wanted);
    ~HttpAnswer();

    /// Errors: too_large, invalid (not HTTP).
    base::Result<void> add(std::string_view bytes);
    /// Nothing more will come. Errors: io, where the answer is not whole.
    base::Result<void> end();

    bool is_complete() const;
    /// Whether there is an answer without its body: it says no, and how it says so is not needed.
    bool is_failure_status() const;

    /// Once it is complete, or of a failure status.
    Answered take();

private:
    class State;
    std::unique_ptr<State> state_;  ///< Beast's parser is kept out of this header.
};

/// Undoes the coding of the body; headers that describe what was sent are taken away with it.
/// Errors: too_large (over `limit` when inflated), invalid (another coding than gzip, or damaged).
base::Result<void> decode(HttpResponse& response, std::uint64_t limit);

}  // namespace net

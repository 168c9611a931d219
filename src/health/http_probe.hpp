// Asks an agent over HTTP whether it is well.
#pragma once

#include <string>

#include "async/task.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "net/http.hpp"
#include "net/url.hpp"

namespace health {

struct HttpProbe {
    net::Url url;
    base::Duration timeout = std::chrono::seconds(1);    ///< For one answer.
    base::Duration interval = std::chrono::seconds(10);  ///< Between two answers once the agent has been well …
    unsigned successes = 1;                              ///< … so many times in a row.
};

/// Told of each answer. Called on the event loop.
class Listener {
public:
    virtual ~Listener() = default;
    /// `took`: from the question to the answer.
    virtual void probe_up(base::Duration took) = 0;
    virtual void probe_down(base::Duration took, const std::string& reason) = 0;
};

/// What an agent answers. Errors: as net::http_get; refused (a status other than 200 to 299).
async::Task<base::Result<net::HttpResponse>> get(const net::Url& url, base::Duration timeout, std::size_t most_of_body);

/// One question. Well is any status of 200 to 299; else an Error says what came instead.
async::Task<base::Result<void>> ask(const HttpProbe& probe);

/// Asks until cancelled: from 1 ms up while the agent is not well yet, later every interval. A fast agent is seen to be
/// well within milliseconds, and a slow one within a tenth of the time that it took.
async::Task<> watch(HttpProbe probe, Listener& listener);

/// The pause before the next question, `elapsed` after the start. Pure.
base::Duration next_question(bool has_been_well, base::Duration elapsed, base::Duration interval);

}  // namespace health

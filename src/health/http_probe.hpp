// Asks an agent over HTTP whether it is well.
#pragma once

#include <string>
#include <vector>

#include "async/task.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "net/client.hpp"
#include "net/url.hpp"

namespace health {

struct StatusRange {
    unsigned first = 200;
    unsigned last = 299;
};

struct HttpProbe {
    net::Url url;
    base::Duration timeout = std::chrono::seconds(1);  ///< For one answer.
    std::vector<StatusRange> good = {StatusRange{}};   ///< In one of these.
    std::string body{};                                ///< A pattern that a line has to match; empty: any body.
    net::TlsOptions tls{};
};

/// What an agent answers with a good status. Errors: as net::http_get; refused (another status).
async::Task<base::Result<net::HttpResponse>> get(const HttpProbe& probe, std::size_t most_of_body);

/// One question. Errors: as `get`; not_found (no such line in the first 64 KiB of the body).
async::Task<base::Result<void>> ask(const HttpProbe& probe);

}  // namespace health

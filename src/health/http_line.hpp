// One line of what an agent says of itself over HTTP.
#pragma once

#include <string>
#include <string_view>

#include "async/task.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "net/url.hpp"

namespace health {

struct HttpLine {
    net::Url url;
    std::string begin;                                 ///< How the line begins; empty: the whole answer is meant.
    base::Duration timeout = std::chrono::seconds(1);  ///< For one answer.
};

/// The line as it is now. Of an answer the first 4 MiB count.
/// Errors: as net::http_get; refused (a status other than 200 to 299), not_found (no such line).
async::Task<base::Result<std::string>> read_line(const HttpLine& line);

/// The first line of `text` that begins so, without its end; nothing where there is none. Pure.
std::optional<std::string_view> find_line(std::string_view text, std::string_view begin);

}  // namespace health

#include "health/http_line.hpp"

#include <algorithm>

#include "health/http_probe.hpp"

namespace health {
namespace {

constexpr std::size_t kMostOfAnswer = 4u << 20;

}  // namespace

std::optional<std::string_view> find_line(std::string_view text, std::string_view begin) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        if (text.starts_with(begin)) return text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return std::nullopt;
}

async::Task<base::Result<std::string>> read_line(const HttpLine& line) {
    const HttpProbe probe{line.url, line.timeout};
    auto answer = co_await get(probe, kMostOfAnswer);
    if (!answer) co_return std::move(answer).error();
    if (line.begin.empty()) co_return std::move(answer->body);
    const auto found = find_line(answer->body, line.begin);
    if (!found)
        co_return base::Error(base::Kind::not_found, "no line of " + line.url.authority() + line.url.target +
                                                         " begins with '" + line.begin + "'");
    co_return std::string(*found);
}

}  // namespace health

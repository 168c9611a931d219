#include "net/http.hpp"

#include <time.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/bytes.hpp"

namespace net {
namespace {

using std::chrono::seconds;

// As nanoseconds in 64 bits, still far from overflow when added to a clock.
constexpr seconds kLongestWait = std::chrono::hours(24 * 3650);

bool is_token_character(unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
}

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

bool is_field_value(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7F; });
}

/// In seconds: nanoseconds end in the year 2262.
std::optional<std::chrono::sys_seconds> parse_http_date(const std::string& text) {
    for (const char* format : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
        tm parts{};
        const char* end = ::strptime(text.c_str(), format, &parts);
        if (end != nullptr && *end == '\0') return std::chrono::sys_seconds(seconds(::timegm(&parts)));
    }
    return std::nullopt;
}

/// Takes what stands before the first `separator` off the front of `text`.
std::string_view take_until(std::string_view& text, char separator) {
    const auto end = std::min(text.find(separator), text.size());
    const auto taken = base::trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    return taken;
}

/// Whether parameters have "q=0", with any number of zeros behind it.
bool has_weight_zero(std::string_view parameters) {
    while (!parameters.empty()) {
        const auto parameter = take_until(parameters, ';');
        if (parameter.size() > 2 && is_same_token(parameter.substr(0, 2), "q="))
            return parameter.substr(2).find_first_not_of("0.") == std::string_view::npos;
    }
    return false;
}

std::chrono::nanoseconds between_bounds(seconds wait) {
    return std::clamp(wait, seconds(0), kLongestWait);
}

}  // namespace

bool is_same_token(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string_view find_header(const std::vector<Header>& headers, std::string_view name) {
    for (const Header& header : headers)
        if (is_same_token(header.name, name)) return header.value;
    return {};
}

bool accepts_gzip(const std::vector<Header>& headers) {
    std::optional<bool> by_name;
    bool by_star = false;
    for (const Header& header : headers) {
        if (!is_same_token(header.name, "Accept-Encoding")) continue;
        for (std::string_view rest = header.value; !rest.empty();) {
            std::string_view parameters = take_until(rest, ',');
            const auto coding = take_until(parameters, ';');
            const bool is_wanted = !has_weight_zero(parameters);
            if (is_same_token(coding, "gzip") || is_same_token(coding, "x-gzip")) by_name = is_wanted;
            if (coding == "*") by_star = is_wanted;
        }
    }
    return by_name.value_or(by_star);
}

base::Result<void> check_headers(const std::vector<Header>& headers) {
    for (const Header& header : headers) {
        if (!is_token(header.name))
            return base::Error(base::Kind::invalid, "'" + header.name + "' is not the name of a header");
        if (!is_field_value(header.value))
            return base::Error(base::Kind::invalid,
                               "the value of the header '" + header.name + "' has control characters");
    }
    return {};
}

std::string_view HttpRequest::path() const {
    return std::string_view(target).substr(0, target.find('?'));
}

std::optional<std::chrono::nanoseconds> parse_retry_after(std::string_view value,
                                                          std::chrono::system_clock::time_point now) {
    long long count = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
    const bool is_number = !value.empty() && end == value.data() + value.size();
    if (is_number && error == std::errc::result_out_of_range) return kLongestWait;
    if (is_number && error == std::errc{})
        return count < 0 ? std::nullopt : std::optional(between_bounds(seconds(count)));
    const auto when = parse_http_date(std::string(value));
    if (!when) return std::nullopt;
    return between_bounds(*when - std::chrono::floor<seconds>(now));
}

}  // namespace net

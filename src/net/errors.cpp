#include "net/errors.hpp"

#include <boost/asio/error.hpp>
#include <cctype>
#include <string>

namespace net {
namespace {

namespace error = boost::asio::error;
using base::Error;
using base::Kind;

struct Words {
    boost::system::error_code code;
    const char* text;
};

std::string lower_case_start(std::string text) {
    if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    return text;
}

}  // namespace

base::Error network_error(const boost::system::error_code& code) {
    static const Words kWords[] = {
        {error::eof, "the peer closed the connection"},
        {error::connection_reset, "connection reset by the peer"},
        {error::broken_pipe, "the peer closed the connection"},
        {error::host_not_found, "name not found"},
        {error::no_data, "the name has no address"},
        {error::host_not_found_try_again, "the name server did not answer"},
        {error::host_unreachable, "host unreachable"},
        {error::network_unreachable, "network unreachable"},
        {error::timed_out, "the peer does not answer"},
    };
    if (code == error::operation_aborted) return {Kind::cancelled, "cancelled"};
    for (const Words& words : kWords)
        if (words.code == code) return {Kind::io, words.text};
    return {Kind::io, lower_case_start(code.message())};
}

}  // namespace net

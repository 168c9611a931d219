#include "net/errors.hpp"

#include <openssl/sslerr.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
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

/// What a TLS peer has told us, or said that is not TLS.
Error tls_error(const boost::system::error_code& code) {
    switch (ERR_GET_REASON(static_cast<unsigned long>(code.value()))) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED: return {Kind::refused, "the peer requires a client certificate"};
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED: return {Kind::refused, "the peer does not accept our client certificate"};
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        return {Kind::refused, "the peer refused the TLS handshake; it may require a client certificate"};
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL: return {Kind::refused, "no TLS version in common with the peer"};
    case SSL_R_TLSV1_UNRECOGNIZED_NAME:
        return {Kind::refused, "the peer does not know the server name it was asked for"};
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST: return {Kind::invalid, "the peer does not speak TLS"};
    default: return {Kind::io, "TLS: " + code.message()};
    }
}

}  // namespace

base::Error network_error(const boost::system::error_code& code) {
    static const Words kWords[] = {
        {error::eof, "the peer closed the connection"},
        {error::connection_reset, "connection reset by the peer"},
        {boost::asio::ssl::error::stream_truncated, "the peer closed the connection"},
        {error::broken_pipe, "the peer closed the connection"},
        {error::host_not_found, "name not found"},
        {error::no_data, "the name has no address"},
        {error::host_not_found_try_again, "the name server did not answer"},
        {error::host_unreachable, "host unreachable"},
        {error::network_unreachable, "network unreachable"},
        {error::timed_out, "the peer does not answer"},
    };
    if (code == error::operation_aborted) return {Kind::cancelled, "cancelled"};
    if (code.category() == error::get_ssl_category()) return tls_error(code);
    for (const Words& words : kWords)
        if (words.code == code) return {Kind::io, words.text};
    return {Kind::io, lower_case_start(code.message())};
}

}  // namespace net

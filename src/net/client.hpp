// The client's side of the transports: connecting, with TLS and what it verifies, and one-shot HTTP requests.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/task.hpp"
#include "base/result.hpp"
#include "net/http.hpp"
#include "net/limits.hpp"
#include "net/proxy.hpp"
#include "net/url.hpp"
#include "net/websocket.hpp"

namespace net {

/// How a TLS client proves itself and verifies its peer. Verification is on, names are checked, 1.2 is the minimum.
struct TlsOptions {
    std::string ca_file;                        ///< PEM; empty: the system's CAs.
    std::string ca_pem;                         ///< The same as text.
    bool include_system_ca_certs_pool = false;  ///< In addition to the CA given.
    std::string cert_file;                      ///< PEM client certificate, with `key_file`.
    std::string key_file;
    std::string cert_pem;  ///< The same as text; it goes before the file.
    std::string key_pem;
    std::string min_version = "1.2";  ///< Or "TLSv1.2".
    std::string max_version;
    bool insecure_skip_verify = false;
    std::vector<std::string>
        cipher_suites;  ///< By IANA's or OpenSSL's names; empty: the library's choice. Those of TLS 1.3 are
                        ///< restricted only where some are named; without one of 1.2, 1.2 is off.
    std::string server_name_override;  ///< Name to verify, and SNI.
    friend bool operator==(const TlsOptions&, const TlsOptions&) = default;
};

/// Whether connections can be made with these: texts and files parse, the key fits, names and versions are known. No
/// network. Errors: invalid.
base::Result<void> check_tls(const TlsOptions& options);

struct ClientOptions {
    Url url;
    std::vector<Header> headers;
    TlsOptions tls;
    Limits limits;
    std::optional<Proxy> proxy = std::nullopt;
    friend bool operator==(const ClientOptions&, const ClientOptions&) = default;
};

/// What the server answered instead of an upgrade, where it answered at all.
struct Refusal {
    unsigned http_status = 0;
    std::optional<std::chrono::nanoseconds> retry_after;  ///< From 429 and 503: seconds or an HTTP date.
    std::string location;                                 ///< From a redirect.
};

/// TCP, TLS and the WebSocket upgrade, within Limits::handshake.
/// Errors  io (refused, unreachable, name not found), refused (HTTP status; see `refusal`), timeout,
///         invalid (TLS: expired, wrong host, unknown CA, in clear words; unreadable CA or key file).
async::Task<base::Result<std::unique_ptr<WebSocket>>> connect_websocket(const ClientOptions& options, Refusal& refusal);

/// Whether a connection could stand: TCP, the proxy, TLS and, for ws and wss, the upgrade. Then it is closed in order;
/// nothing of OpAMP is sent. Errors: as above.
async::Task<base::Result<void>> try_connection(const ClientOptions& options, Refusal& refusal);

struct Exchange;
struct Progress;
class Stream;

/// Requests to one server, on one connection that is kept between them. One request at a time.
///
/// Ends    the destructor drops the connection; `close` ends it in order.
class HttpClient {
public:
    explicit HttpClient(ClientOptions options);
    ~HttpClient();

    struct Request {
        std::string method = "POST";
        std::vector<Header> headers;  ///< In addition to those of the options.
        std::string_view body;        ///< Outlives `send`.
        std::string content_type;
        bool gzip = false;  ///< Sends the body compressed.
    };
    /// Any status is a result; redirects are not followed. The body is inflated. An answer is waited for through
    /// Limits::idle of silence, and Limits::exchange in all. A kept connection that ends before the first byte of an
    /// answer is replaced, once, without a word.
    /// Errors  as connect_websocket's, and too_large (`body` is over Limits::send_bytes before compression, the
    /// answer's
    ///         over Limits::receive_bytes after inflation), invalid (what came is not HTTP, or not gzip).
    /// Cancel  drops the connection.
    async::Task<base::Result<HttpResponse>> send(const Request& request);
    /// Of the last `send`, where it failed: whether some of the request may have reached the server.
    bool may_have_been_received() const { return may_have_been_received_; }
    async::Task<> close();

private:
    async::Task<base::Result<HttpResponse>> exchange_once_or_twice(const Exchange& exchange);
    async::Task<base::Result<HttpResponse>> exchange_on(std::unique_ptr<Stream> stream, const Exchange& exchange,
                                                        Progress& progress);

    ClientOptions options_;
    std::unique_ptr<Stream> stream_;  // Between exchanges, where the last one left it usable.
    bool may_have_been_received_ = false;
};

inline constexpr std::size_t kProbeBody = 64 << 10;

/// One GET on a connection of its own, within Limits::handshake; of the body the first `most_of_body` bytes are kept.
/// Any status is a result; redirects are not followed. Errors: as above.
async::Task<base::Result<HttpResponse>> http_get(const ClientOptions& options, std::size_t most_of_body = kProbeBody);

/// One POST on a connection of its own, within Limits::handshake. Any status is a result.
/// Errors: as above, and too_large (`body` is over Limits::send_bytes, the answer's over Limits::receive_bytes).
async::Task<base::Result<HttpResponse>> http_post(const ClientOptions& options, const std::string& content_type,
                                                  const std::string& body);

}  // namespace net

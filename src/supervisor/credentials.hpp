// How opampd proves itself to the OpAMP server where fixed headers do not: a token from a file, or from a token server.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "async/task.hpp"
#include "base/result.hpp"
#include "net/client.hpp"
#include "settings/settings.hpp"
#include "supervisor/oauth2.hpp"

namespace supervisor {

/// One for each connection; used by one coroutine at a time.
///
/// A connection asks for the headers before each attempt (or request), says `accepted` when the server took them, and
/// `refused` when it answered 401.
class Credentials {
public:
    struct Options {
        settings::Auth auth;
        net::TlsOptions tls;    ///< For the token server.
        settings::Proxy proxy;  ///< To it: see `proxy_beside`.
        net::Variable variable = [](const char*) { return std::string(); };
        net::Limits limits{.receive_bytes = 64u << 10};
        std::function<async::SteadyClock::time_point()> now = async::SteadyClock::now;
    };
    explicit Credentials(Options options) : options_(std::move(options)) {}

    /// The headers to send: none, or Authorization. A token is asked for once and kept until shortly before its end
    /// (and to its end, while a new one cannot be had); a file is read each time, so that one that has changed counts
    /// at once. Errors  refused (the token server said no; or the OpAMP server has refused a fresh token as well: back
    /// off, and
    ///         the call after that begins anew), invalid, not_found, io, timeout. Never with a secret in the text.
    async::Task<base::Result<std::vector<net::Header>>> headers();
    void accepted() { refusals_ = 0; }
    /// True if an attempt with a fresh token is worth making at once; false after the second refusal in a row.
    bool refused();

private:
    async::Task<base::Result<std::string>> token();
    base::Result<std::string> token_from_file() const;
    async::Task<base::Result<std::string>> token_from_server();
    base::Result<std::string> client_secret() const;

    Options options_;
    std::string token_;                                                   ///< From the token server; empty: none.
    std::optional<async::SteadyClock::time_point> refresh_at_, ends_at_;  ///< Not known: until it is refused.
    int refusals_ = 0;                                                    ///< In a row.
};

/// The token server is verified with the authorities that server.tls names, and with nothing else of it. It is reached
/// through the proxy of server.proxy or of the environment.
Credentials::Options credentials_options(const settings::Server& server);

}  // namespace supervisor

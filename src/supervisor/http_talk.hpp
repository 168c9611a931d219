// The conversation over plain HTTP: every message is a POST, and its answer what the server has to say.
#pragma once

#include <optional>
#include <string>

#include "net/client.hpp"
#include "supervisor/credentials.hpp"
#include "supervisor/talk.hpp"

namespace supervisor {

/// Polls one server. It lives over failures: what may have been received is sent again as it was, so that the server
/// can tell a repeat from news; what was not is made anew, up to date. Spec: "Plain HTTP Transport", GAP-14.
class HttpTalk {
public:
    struct Options {
        net::ClientOptions client;
        bool compresses = false;
    };
    /// All outlive the talk.
    HttpTalk(Options options, Talk& talk, Credentials& credentials, ConnectionObserver& observer);

    /// Until the server fails, or `leave` is raised: then, after a goodbye, the end is a success.
    async::Task<base::Result<void>> run();
    /// What ended `run` was a 401.
    bool is_unauthorized() const { return is_unauthorized_; }

private:
    enum class Copy { first, repeated };  ///< Repeated: an earlier one may have been received.

    async::Task<base::Result<void>> deliver(std::string message, Copy copy);
    void keep(std::string message, Copy next);
    async::Task<base::Result<net::HttpResponse>> post(const std::string& message, std::vector<net::Header> headers);
    async::Task<> take(const net::HttpResponse& response);
    base::Result<void> refused(const net::HttpResponse& response, std::string message, Copy copy);

    Talk& talk_;
    Credentials& credentials_;
    ConnectionObserver& observer_;
    const bool compresses_;
    const bool has_authorization_;  ///< Offered by the server: then the credentials of the settings file are not used.
    const std::uint64_t send_bytes_;
    net::HttpClient client_;
    std::optional<std::string> unanswered_;  ///< It may have been received.
    bool is_established_ = false;            ///< In this `run`.
    bool is_unauthorized_ = false;
};

}  // namespace supervisor

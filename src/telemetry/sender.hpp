// Export requests of one signal, sent to a destination that may be replaced at any time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "async/notice.hpp"
#include "base/log.hpp"
#include "net/client.hpp"
#include "net/reconnect.hpp"
#include "telemetry/destination.hpp"

namespace telemetry {

/// What became of records, counted since the begin.
struct ExportCounts {
    std::uint64_t exported = 0;
    std::uint64_t rejected = 0;  ///< By the receiver: a partial success, or a refusal that is for good.
    std::uint64_t given_up = 0;  ///< It was not to be reached for too long.
};

/// One request at a time. A request that failed and may be repeated is sent again after a pause, to whatever the
/// destination is then; one that is under way is not torn by a change.
///
/// Spec    OTLP, "OTLP/HTTP": which answers may be repeated, Retry-After, partial success.
class Sender {
public:
    /// `log` outlives the sender. `limits`: of answers and connections.
    Sender(async::asio::any_io_executor executor, Signal signal, const base::log::Scope& log);
    ~Sender();

    /// From the next request on. None: the last one serves until `close`.
    void set_destination(std::optional<Destination> destination);
    /// That is to be used, or was last.
    bool has_destination() const { return target_.has_value(); }
    bool is_to_close() const { return target_ && !wanted_; }
    const std::optional<Destination>& wanted() const { return wanted_; }
    /// Raised by a change.
    async::Notice& changed() { return changed_; }

    struct Request {
        std::string body;  ///< In protobuf.
        std::size_t records = 0;
        async::SteadyClock::time_point give_up_at;  ///< The last time for a repetition.
    };
    /// Returns when it is known what became of it.
    /// Cancel  it is given up.
    async::Task<> deliver(Request request);
    /// Ends the connection in order, and forgets a destination that is not wanted any more.
    async::Task<> close();
    /// What failed is sent once more, now, and nothing is repeated after that.
    void lose_patience();

    const ExportCounts& counts() const { return counts_; }

    /// What went wrong last, in the words of the log; nothing yet: empty.
    struct Trouble {
        std::string what;
        std::uint64_t unix_nano = 0;
        bool lasts = false;  ///< The last request was in vain.
    };
    const Trouble& trouble() const { return trouble_; }

private:
    enum class Outcome { done, refused, again };
    async::Task<Outcome> attempt(const Request& request, net::Setback& setback);
    async::Task<> use_target();
    /// A destination that is left is tried once.
    bool is_patient() const { return has_patience_ && !is_to_close(); }
    Outcome note_answer(const net::HttpResponse& response, const Request& request);
    Outcome note_failure(const std::string& why, Outcome outcome);
    void note_success();
    void note_trouble(const std::string& what);
    void note_partial_success(const std::optional<std::string>& detail, std::uint64_t rejected);

    const Signal signal_;
    const base::log::Scope& log_;
    async::Notice changed_;
    std::optional<Destination> wanted_;
    std::optional<Destination> target_;   ///< What was wanted last, until `close`.
    std::optional<Destination> current_;  ///< Of `client_`.
    std::unique_ptr<net::HttpClient> client_;
    ExportCounts counts_;
    Trouble trouble_;
    bool is_partial_ = false;  ///< For the log: only changes are news.
    bool has_patience_ = true;
};

}  // namespace telemetry

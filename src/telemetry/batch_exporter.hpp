// Records that are exported a batch at a time: when there are enough of them, or when the first has waited long enough.
#pragma once

#include "telemetry/queue.hpp"
#include "telemetry/sender.hpp"

namespace telemetry {

/// Names and meaning of OTEL_BSP_* and OTEL_BLRP_*.
struct BatchLimits {
    QueueLimits queue;
    std::size_t batch = 512;                                  ///< Records of one request, at most.
    base::Duration schedule_delay = std::chrono::seconds(1);  ///< How long the first one waits for others.
    base::Duration patience = std::chrono::minutes(5);        ///< For how long a batch is repeated.
    friend bool operator==(const BatchLimits&, const BatchLimits&) = default;
};

/// What a BatchExporter takes from.
class BatchSource {
public:
    struct Batch {
        std::string body;
        std::size_t records = 0;
    };
    virtual std::size_t waiting() const = 0;
    /// The oldest records as an export request.
    virtual Batch take(std::size_t most) = 0;

protected:
    ~BatchSource() = default;
};

class BatchExporter {
public:
    BatchExporter(async::asio::any_io_executor executor, Signal signal, BatchSource& source, const BatchLimits& limits,
                  const base::log::Scope& log);

    Sender& sender() { return sender_; }
    const Sender& sender() const { return sender_; }
    /// Another record waits. Cheap, and no system call for most.
    void note_added() {
        const std::size_t waiting = source_.waiting();
        if (waiting == 1 || waiting == limits_.batch) wake_.raise();
    }

    /// Exports until cancelled, or until `finish` and all has been tried.
    async::Task<> run();
    /// What waits is tried once more.
    void finish();

private:
    async::Task<bool> wait_until_due();
    bool is_due_now() const;

    BatchSource& source_;
    const BatchLimits limits_;
    Sender sender_;
    async::Notice wake_;
    bool is_finishing_ = false;
};

}  // namespace telemetry

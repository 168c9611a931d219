// Metrics that are exported at an interval.
#pragma once

#include <functional>

#include "telemetry/sender.hpp"

namespace telemetry {

class MetricReader {
public:
    struct Options {
        base::Duration interval = std::chrono::seconds(10);  ///< Spec: "Own Telemetry Reporting" recommends this.
        base::Duration timeout = std::chrono::seconds(30);   ///< For how long an export is repeated, if not longer.
    };
    /// `collect`: all metrics of now as an export request; `records` are its points.
    using Collect = std::function<Sender::Request()>;
    MetricReader(async::asio::any_io_executor executor, Collect collect, const Options& options,
                 const base::log::Scope& log);

    Sender& sender() { return sender_; }
    const Sender& sender() const { return sender_; }
    /// From the next interval on.
    void set_interval(base::Duration interval);

    /// Exports until cancelled, or until `finish` and once more; nothing happens while there is no destination.
    async::Task<> run();
    void finish();

private:
    async::Task<> export_once();

    const Collect collect_;
    Options options_;
    Sender sender_;
    bool is_finishing_ = false;
};

}  // namespace telemetry

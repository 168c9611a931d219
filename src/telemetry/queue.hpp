// Records on their way to a destination: a bounded number and a bounded size. What does not fit is dropped and counted.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

namespace telemetry {

struct QueueLimits {
    std::size_t records = 2048;    ///< OTEL_BSP_MAX_QUEUE_SIZE
    std::size_t bytes = 1u << 20;  ///< Of what `footprint` says.
    friend bool operator==(const QueueLimits&, const QueueLimits&) = default;
};

template <typename Record>
class Queue {
public:
    explicit Queue(const QueueLimits& limits) : limits_(limits) {}

    /// Whether it fitted.
    bool push(Record record) {
        const std::size_t bytes = footprint(record);
        if (records_.size() >= limits_.records || bytes_ + bytes > limits_.bytes) {
            ++dropped_;
            return false;
        }
        bytes_ += bytes;
        records_.push_back(std::move(record));
        return true;
    }

    /// At most `most` of them, the oldest first.
    std::vector<Record> take(std::size_t most) {
        std::vector<Record> taken;
        while (taken.size() < most && !records_.empty()) {
            bytes_ -= footprint(records_.front());
            taken.push_back(std::move(records_.front()));
            records_.pop_front();
        }
        if (records_.empty()) records_.shrink_to_fit();
        return taken;
    }

    /// They are for nobody.
    void clear() { (void)take(records_.size()); }

    std::size_t size() const { return records_.size(); }
    std::uint64_t dropped() const { return dropped_; }

private:
    const QueueLimits limits_;
    std::deque<Record> records_;
    std::size_t bytes_ = 0;
    std::uint64_t dropped_ = 0;
};

}  // namespace telemetry

#include "output/capture.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <limits>
#include <system_error>

#include "base/blocked_signals.hpp"
#include "base/files.hpp"

namespace output {
namespace {

constexpr int kPipeSizes[] = {1 << 20, 256 << 10};
/// Of processes before that still hold theirs.
constexpr std::size_t kMostSources = 16;
/// Of one source, when others wait for what comes after it.
constexpr int kMostTakes = 64;

int timeout_of(const std::optional<base::Duration>& due_in) {
    if (!due_in) return -1;
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(*due_in).count();
    return static_cast<int>(std::min<std::int64_t>(ms, std::numeric_limits<int>::max()));
}

}  // namespace

base::Result<Pipe> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return base::errno_error(errno).within("making a pipe for the agent's output");
    Pipe pipe{base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
    for (const int size : kPipeSizes)
        if (::fcntl(pipe.read_end.get(), F_SETPIPE_SZ, size) >= 0) break;
    ::fcntl(pipe.read_end.get(), F_SETFL, O_NONBLOCK);
    return pipe;
}

Capture::~Capture() {
    if (!thread_.joinable()) return;
    // Without O_NONBLOCK: it has to arrive.
    ::fcntl(orders_in_.get(), F_SETFL, 0);
    send({Kind::end, -1, 0});
    thread_.join();
}

bool Capture::start() {
    if (thread_.joinable()) return true;
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
    orders_out_.reset(ends[0]);
    orders_in_.reset(ends[1]);
    const base::BlockedSignals blocked;
    try {
        thread_ = std::thread([this] { run(); });
    } catch (const std::system_error&) {
        // No more threads: said by the caller.
    }
    return thread_.joinable();
}

bool Capture::send(const Order& order) {
    return ::write(orders_in_.get(), &order, sizeof order) == sizeof order;
}

bool Capture::take_up(base::UniqueFd read_end, std::uint64_t id) {
    if (!start() || !send({Kind::pipe, read_end.get(), id})) return false;
    read_end.release();
    return true;
}

bool Capture::ask(std::uint64_t question, std::uint64_t from, std::size_t most) {
    return thread_.joinable() && send({Kind::question, -1, question, from, most});
}

void Capture::run() {
    ::prctl(PR_SET_NAME, "output");
    sink_->open();
    std::vector<pollfd> waited;
    for (;;) {
        waited.assign({{orders_out_.get(), POLLIN, 0}});
        for (const Source& source : sources_) waited.push_back({source.fd.get(), POLLIN, 0});
        const int ready = ::poll(waited.data(), waited.size(), timeout_of(sink_->due_in()));
        if (ready == 0) sink_->be_due();
        if (ready <= 0) continue;
        for (std::size_t i = waited.size(); i-- > 1;)
            if (waited[i].revents != 0) take_from(i - 1);
        if (waited[0].revents != 0 && !obey()) break;
    }
    sink_->finish();
}

/// One order; false if it is the last one.
bool Capture::obey() {
    Order order{};
    if (::read(orders_out_.get(), &order, sizeof order) != sizeof order) return true;
    drain();
    switch (order.kind) {
    case Kind::pipe:
        if (sources_.size() >= kMostSources) {
            listener_.ended(sources_.front().id);
            sources_.erase(sources_.begin());
        }
        sources_.push_back({base::UniqueFd(order.fd), order.id});
        sink_->begin_process();
        return true;
    case Kind::question: listener_.answer(order.id, sink_->printed_since(order.from, order.most)); return true;
    case Kind::end: break;
    }
    return false;
}

void Capture::take_from(std::size_t source) {
    if (sink_->take(sources_[source].fd.get()) != Sink::Taken::end) return;
    const std::uint64_t id = sources_[source].id;
    sources_.erase(sources_.begin() + static_cast<std::ptrdiff_t>(source));
    listener_.ended(id);
}

void Capture::drain() {
    for (const Source& source : sources_)
        for (int i = 0; i < kMostTakes && sink_->take(source.fd.get()) == Sink::Taken::some; ++i) {
        }
}

}  // namespace output

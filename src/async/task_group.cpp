#include "async/task_group.hpp"

#include <exception>

#include "base/log.hpp"

namespace async {

void TaskGroup::spawn(std::string name, Task<> task) {
    children_.emplace_back(std::move(name));
    const auto child = std::prev(children_.end());
    const auto done = [this, child](std::exception_ptr failure) {
        if (failure && !child->is_cancelled) {
            try {
                std::rethrow_exception(failure);
            } catch (const std::exception& e) {
                base::log::error("task.failed", {{"task", child->name}, {"error", e.what()}});
            }
        }
        children_.erase(child);
        ended_.raise();
    };
    asio::co_spawn(executor_, std::move(task), asio::bind_cancellation_slot(child->stop.slot(), done));
}

void TaskGroup::cancel() {
    // A task that ends at once removes itself from the list.
    for (auto next = children_.begin(); next != children_.end();) {
        Child& child = *next++;
        child.is_cancelled = true;
        child.stop.emit(asio::cancellation_type::terminal);
    }
}

Task<> TaskGroup::joined() {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    while (!children_.empty()) {
        ended_.clear();
        co_await ended_.raised();
    }
}

}  // namespace async

// Children of a changing number, owned by one object: ended and joined before it dies.
#pragma once

#include <list>
#include <string>

#include "async/notice.hpp"

namespace async {

/// The only place, beside main, that starts a coroutine without awaiting it.
///
/// Ends    the owner calls `cancel`, awaits `joined`, and only then destroys what the tasks use.
/// Errors  what a task throws is a bug: it is logged with the task's name, and the others go on. A task that ends by
///         throwing because it was cancelled has done what it was asked.
class TaskGroup {
public:
    explicit TaskGroup(asio::any_io_executor executor) : executor_(executor), ended_(executor) {}
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    void spawn(std::string name, Task<> task);
    /// Asks every task to end; later ones are still taken. Call it on the loop, from a coroutine or a handler: from outside,
    /// Asio 1.81 posts a pointer that the task's end leaves dangling.
    void cancel();
    /// Returns when no task is left. Not itself ended by cancellation.
    Task<> joined();
    std::size_t size() const { return children_.size(); }

private:
    struct Child {
        explicit Child(std::string task_name) : name(std::move(task_name)) {}
        std::string name;
        asio::cancellation_signal stop;
        bool is_cancelled = false;
    };
    asio::any_io_executor executor_;
    std::list<Child> children_;
    Notice ended_;
};

}  // namespace async

// Waits for files to be written, made or renamed in a folder.
#pragma once

#include <filesystem>

#include "async/task.hpp"
#include "base/result.hpp"

namespace supervisor {

class FolderChanges {
public:
    explicit FolderChanges(async::asio::any_io_executor executor) : events_(std::move(executor)) {}
    /// Errors: io, not_found.
    base::Result<void> watch(const std::filesystem::path& folder);
    /// Returns when something has changed since the last time. Safe to cancel.
    async::Task<> changed();

private:
    async::asio::posix::stream_descriptor events_;
};

}  // namespace supervisor

#include "supervisor/folder_changes.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/files.hpp"

namespace supervisor {

using namespace async;

base::Result<void> FolderChanges::watch(const std::filesystem::path& folder) {
    const int fd = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd < 0) return base::errno_error(errno).within("watching '" + folder.string() + "'");
    events_.assign(fd);
    if (::inotify_add_watch(fd, folder.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO) < 0)
        return base::errno_error(errno).within("watching '" + folder.string() + "'");
    return {};
}

Task<> FolderChanges::changed() {
    std::array<char, 4096> events;
    co_await events_.async_read_some(asio::buffer(events), as_result);
}

}  // namespace supervisor

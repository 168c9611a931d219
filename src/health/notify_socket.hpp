// Where an agent's processes send what they tell by sd_notify.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "async/task.hpp"
#include "base/result.hpp"

namespace health {

/// A datagram socket that the kernel writes each sender's PID to.
///
/// Owns    the socket and its name in the file system, which only our own user may write to.
/// Bounds  a message too long is dropped; descriptors that come with one are closed before it is seen. Who sends more
///         than is read waits.
class NotifySocket {
public:
    /// What a former one has left at `path` is removed. Errors: invalid (too long for a socket), io.
    static base::Result<std::unique_ptr<NotifySocket>> open(async::asio::any_io_executor executor,
                                                            std::filesystem::path path);
    NotifySocket(const NotifySocket&) = delete;
    ~NotifySocket();

    const std::filesystem::path& path() const { return path_; }
    /// Returns when `receive` may have something. Safe to cancel and to repeat.
    async::Task<> readable();

    struct Message {
        pid_t sender = 0;  ///< 0: not known here.
        std::string text;
    };
    /// The next one that waits; never blocks.
    std::optional<Message> receive();

private:
    NotifySocket(async::asio::any_io_executor executor, int fd, std::filesystem::path path);

    async::asio::posix::stream_descriptor socket_;
    const std::filesystem::path path_;
};

}  // namespace health

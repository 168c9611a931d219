#include "output/pack.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/files.hpp"
#include "base/gzip_streams.hpp"

namespace output {
namespace {

constexpr std::size_t kPiece = 64 << 10;

ssize_t read_piece(int fd, std::vector<Bytef>& piece) {
    ssize_t got = 0;
    do got = ::read(fd, piece.data(), piece.size());
    while (got < 0 && errno == EINTR);
    return got;
}

bool write_piece(int fd, const Bytef* data, std::size_t size) {
    while (size > 0) {
        const ssize_t written = ::write(fd, data, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        data += written;
        size -= static_cast<std::size_t>(written);
    }
    return true;
}

base::Result<void> deflate_all(int from, int to, const std::atomic<bool>& stop) {
    base::Deflater deflater;
    z_stream& stream = deflater.stream;
    std::vector<Bytef> in(kPiece), out(kPiece);
    for (bool is_last = false; !is_last;) {
        if (stop) return base::Error(base::Kind::cancelled, "stopped");
        const ssize_t got = read_piece(from, in);
        if (got < 0) return base::errno_error(errno);
        is_last = got == 0;
        stream.next_in = in.data();
        stream.avail_in = static_cast<uInt>(got);
        do {
            stream.next_out = out.data();
            stream.avail_out = static_cast<uInt>(out.size());
            ::deflate(&stream, is_last ? Z_FINISH : Z_NO_FLUSH);
            if (!write_piece(to, out.data(), out.size() - stream.avail_out)) return base::errno_error(errno);
        } while (stream.avail_out == 0);
    }
    return {};
}

base::Result<void> pack_into(int from, int to, const std::atomic<bool>& stop) {
    struct stat info {};
    if (::fstat(from, &info) != 0) return base::errno_error(errno);
    if (auto done = deflate_all(from, to, stop); !done) return done;
    const timespec times[2] = {info.st_atim, info.st_mtim};
    ::futimens(to, times);  // its age is that of what is in it
    const bool is_theirs = ::fchown(to, info.st_uid, info.st_gid) == 0;
    if (is_theirs) ::fchmod(to, info.st_mode & 07777);
    if (::fsync(to) != 0) return base::errno_error(errno);
    return {};
}

}  // namespace

base::Result<void> pack(const std::filesystem::path& from, const std::filesystem::path& to,
                        const std::atomic<bool>& stop) {
    const base::UniqueFd source(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!source) return base::errno_error(errno).within("packing '" + from.string() + "'");
    ::unlink(to.c_str());
    const base::UniqueFd packed(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    auto done = packed ? pack_into(source.get(), packed.get(), stop) : base::Result<void>(base::errno_error(errno));
    if (done) return done;
    ::unlink(to.c_str());
    return std::move(done).error().within("packing '" + from.string() + "'");
}

void step_aside() {
    // <linux/ioprio.h> is no part of glibc: the class "idle", of this thread.
    constexpr int kThread = 1, kIdle = 3 << 13;
    ::syscall(SYS_ioprio_set, kThread, 0, kIdle);
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), 19);
}

struct Unpacker::State {
    explicit State(base::UniqueFd file) : fd(std::move(file)), in(kPiece) {}

    base::UniqueFd fd;
    base::Inflater inflater;
    std::vector<Bytef> in;
    bool is_over = false;
};

Unpacker::Unpacker(base::UniqueFd file) : state_(std::make_unique<State>(std::move(file))) {}
Unpacker::~Unpacker() = default;

std::string Unpacker::read() {
    z_stream& stream = state_->inflater.stream;
    std::string out(kPiece, '\0');
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    while (!state_->is_over && stream.avail_out > 0) {
        if (stream.avail_in == 0) {
            const ssize_t got = read_piece(state_->fd.get(), state_->in);
            stream.next_in = state_->in.data();
            stream.avail_in = static_cast<uInt>(got > 0 ? got : 0);
            state_->is_over = got <= 0;
        }
        const int code = ::inflate(&stream, Z_NO_FLUSH);
        state_->is_over = state_->is_over || code != Z_OK;
    }
    out.resize(out.size() - stream.avail_out);
    return out;
}

}  // namespace output

#include "health/file_probe.hpp"

#include <sys/stat.h>

#include <cerrno>

#include "base/files.hpp"

namespace health {
namespace {

using base::Error;
using base::Kind;
using base::Result;
using namespace std::chrono_literals;

/// The clock of files is behind the other one by up to a tick.
constexpr std::uint64_t kTick = 10'000'000;

base::Duration age(std::uint64_t changed, std::uint64_t now) {
    return base::Duration(now > changed ? static_cast<std::int64_t>(now - changed) : 0);
}

}  // namespace

Result<void> judge(const FileProbe& probe, std::uint64_t changed, std::uint64_t now) {
    if (changed + kTick < probe.since_unix_nano)
        return Error(Kind::refused, "'" + probe.file.string() + "' was not written since the start of the agent");
    if (probe.max_age != base::Duration::zero() && age(changed, now) > probe.max_age)
        return Error(Kind::refused, "'" + probe.file.string() + "' was not written for more than " +
                                        base::format_duration(probe.max_age));
    return {};
}

async::Task<Result<void>> ask(const FileProbe& probe) {
    struct stat info {};
    if (::stat(probe.file.c_str(), &info) != 0)
        co_return base::errno_error(errno).within("'" + probe.file.string() + "'");
    const auto changed = static_cast<std::uint64_t>(info.st_mtim.tv_sec) * 1'000'000'000 +
                         static_cast<std::uint64_t>(info.st_mtim.tv_nsec);
    co_return judge(probe, changed, base::unix_nano_now());
}

}  // namespace health

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

Result<std::uint64_t> changed_unix_nano(const std::filesystem::path& file) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0) return base::errno_error(errno);
    return static_cast<std::uint64_t>(info.st_mtim.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(info.st_mtim.tv_nsec);
}

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
    const std::function<Result<std::uint64_t>()> look = [file = probe.file] { return changed_unix_nano(file); };
    const auto changed = co_await probe.disk->run_within(probe.timeout, look);
    if (!changed) co_return base::Error(changed.error()).within("'" + probe.file.string() + "'");
    co_return judge(probe, *changed, base::unix_nano_now());
}

}  // namespace health

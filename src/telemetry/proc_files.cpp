#include "telemetry/proc_files.hpp"

#include <dirent.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "base/files.hpp"
#include "base/number.hpp"

namespace telemetry {
namespace {

constexpr std::uint64_t kMostBytes = 64 << 10;

std::string path_of(pid_t pid, const char* file) {
    return "/proc/" + std::to_string(pid) + "/" + file;
}

struct CloseFolder {
    void operator()(DIR* folder) const { ::closedir(folder); }
};

/// Calls `visit` with each name; false where the folder cannot be read.
template <typename Visit>
bool for_each_name(const std::string& path, Visit visit) {
    const std::unique_ptr<DIR, CloseFolder> folder(::opendir(path.c_str()));
    if (!folder) return false;
    while (const dirent* entry = ::readdir(folder.get())) visit(std::string_view(entry->d_name));
    return true;
}

/// The number behind "\nNAME: ".
std::optional<double> number_of(std::string_view text, std::string_view name) {
    const std::size_t at = text.find(name);
    if (at == std::string_view::npos) return std::nullopt;
    const std::size_t begin = at + name.size();
    return base::parse_number<double>(text.substr(begin, text.find('\n', begin) - begin));
}

/// Numbers with blanks between.
void add_numbers(std::string_view text, std::vector<pid_t>& numbers) {
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find(' ', begin), text.size());
        if (const auto number = base::parse_number<pid_t>(text.substr(begin, end - begin))) numbers.push_back(*number);
        begin = end + 1;
    }
}

}  // namespace

std::optional<ProcessFigures> parse_stat(std::string_view stat) {
    // The name, in parentheses, may hold anything; the third field is the first one behind it. Spec: proc(5).
    const std::size_t name_end = stat.rfind(") ");
    if (name_end == std::string_view::npos) return std::nullopt;
    constexpr std::size_t kFirst = 3, kLast = 24;
    std::array<double, kLast + 1> fields{};
    std::size_t begin = name_end + 2;
    const char state = begin < stat.size() ? stat[begin] : 'X';
    if (state == 'Z' || state == 'X') return std::nullopt;
    for (std::size_t field = kFirst; field <= kLast; ++field) {
        const std::size_t end = std::min(stat.find_first_of(" \n", begin), stat.size());
        const auto number = base::parse_number<double>(stat.substr(begin, end - begin));
        if (!number && field != kFirst) return std::nullopt;
        fields[field] = number.value_or(0);
        begin = std::min(end + 1, stat.size());
    }
    static const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    static const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
    return ProcessFigures{fields[14] / ticks, fields[15] / ticks, fields[16] / ticks, fields[17] / ticks,
                          fields[20],         fields[22] / ticks, fields[23],         fields[24] * page};
}

std::optional<ProcessFigures> read_figures(pid_t pid) {
    const auto stat = base::read_file(path_of(pid, "stat"), kMostBytes);
    return stat ? parse_stat(*stat) : std::nullopt;
}

std::optional<DiskBytes> parse_io(std::string_view io) {
    const auto read = number_of(io, "\nread_bytes: "), written = number_of(io, "\nwrite_bytes: ");
    if (!read || !written) return std::nullopt;
    return DiskBytes{*read, *written};
}

std::optional<DiskBytes> read_disk_bytes(pid_t pid) {
    const auto io = base::read_file(path_of(pid, "io"), kMostBytes);
    return io ? parse_io(*io) : std::nullopt;
}

std::optional<double> count_descriptors(pid_t pid) {
    double count = 0;
    const bool was_read = for_each_name(path_of(pid, "fd"), [&](std::string_view name) { count += name[0] != '.'; });
    return was_read ? std::optional(count) : std::nullopt;
}

double seconds_since_boot() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    constexpr double kNanoseconds = 1e9;
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / kNanoseconds;
}

std::vector<pid_t> process_tree(pid_t pid, std::size_t most) {
    std::vector<pid_t> pids{pid};
    for (std::size_t at = 0; at < pids.size(); ++at) {
        const std::string tasks = path_of(pids[at], "task");
        for_each_name(tasks, [&](std::string_view thread) {
            if (thread[0] == '.') return;
            const auto children = base::read_file(tasks + "/" + std::string(thread) + "/children", kMostBytes);
            if (children) add_numbers(*children, pids);
        });
        if (pids.size() > most) pids.resize(most);
    }
    return pids;
}

}  // namespace telemetry

#include "supervisor/agent_output.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/files.hpp"
#include "supervisor/config_check.hpp"

namespace supervisor {
namespace {

constexpr std::uint64_t kTail = 8192;
constexpr std::size_t kLines = 10;
constexpr std::uintmax_t kMost = 10u << 20;

}  // namespace

base::Result<base::UniqueFd> AgentOutput::open() {
    forget();
    std::error_code code;
    if (std::filesystem::file_size(file_, code) > kMost && !code)
        std::filesystem::rename(file_, file_.string() + ".1", code);
    base::UniqueFd output(::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600));
    if (!output) return base::errno_error(errno).within("opening '" + file_.string() + "'");
    struct stat before {};
    if (::fstat(output.get(), &before) == 0) begin_ = static_cast<std::uint64_t>(before.st_size);
    return output;
}

std::uint64_t AgentOutput::printed() const {
    std::error_code code;
    const auto size = std::filesystem::file_size(file_, code);
    return code ? 0 : size;
}

base::Result<std::string> AgentOutput::printed_since(std::uint64_t printed, std::uint64_t most) const {
    return base::read_tail(file_, printed, most);
}

std::string AgentOutput::last_words() const {
    const auto text = begin_ ? base::read_tail(file_, *begin_, kTail) : base::Result<std::string>("");
    if (!text) return "";
    std::string_view said = *text;
    if (said.starts_with(kStartLineHead)) said.remove_prefix(std::min(said.find('\n'), said.size()));
    return last_lines(said, kLines);
}

}  // namespace supervisor

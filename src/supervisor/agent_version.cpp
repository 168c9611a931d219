#include "supervisor/agent_version.hpp"

#include <sys/stat.h>

#include <cctype>
#include <utility>

#include "base/bytes.hpp"
#include "base/files.hpp"
#include "process/run_command.hpp"
#include "supervisor/from_settings.hpp"

namespace supervisor {
namespace {

constexpr mode_t kPrivateFile = 0600;
constexpr std::uint64_t kMostOfFile = 4096;
constexpr std::size_t kLongestVersion = 100;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_of_version(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view(".+~-_").find(c) != std::string_view::npos;
}

bool is_version(std::string_view word) {
    std::size_t at = 0;
    while (at < word.size() && is_digit(word[at])) ++at;
    return at > 0 && at + 1 < word.size() && word[at] == '.' && is_digit(word[at + 1]);
}

/// What another file at the same place would not have.
std::string mark_of(const std::filesystem::path& program) {
    struct stat info {};
    if (::stat(program.c_str(), &info) != 0) return {};
    return program.string() + " " + std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) + ":" +
           std::to_string(info.st_size) + ":" + std::to_string(info.st_mtim.tv_sec) + "." +
           std::to_string(info.st_mtim.tv_nsec);
}

}  // namespace

std::string find_version(std::string_view output) {
    while (!output.empty()) {
        std::size_t end = 0;
        while (end < output.size() && is_of_version(output[end])) ++end;
        std::string_view word = output.substr(0, end);
        if (word.starts_with('v')) word.remove_prefix(1);
        if (is_version(word)) {
            while (word.ends_with('.')) word.remove_suffix(1);  // of a sentence
            return std::string(word.substr(0, kLongestVersion));
        }
        output.remove_prefix(std::max<std::size_t>(end, 1));
    }
    return {};
}

AgentVersion::AgentVersion(const settings::Agent& agent, std::filesystem::path folder)
    : agent_(agent), file_(std::move(folder) / "version") {}

std::string AgentVersion::remembered() const {
    if (agent_.version.command.empty()) return {};
    const auto text = base::read_file(file_, kMostOfFile);
    const std::string mark = mark_of(agent_.executable);
    if (!text || mark.empty() || !text->starts_with(mark + "\n")) return {};
    return find_version(std::string_view(*text).substr(mark.size() + 1));
}

async::Task<base::Result<std::string>> AgentVersion::ask(async::asio::any_io_executor executor,
                                                         std::string instance_uid, const Provision& provision,
                                                         process::Guard* guard) const {
    const auto spec = command_spec(agent_, agent_.version, instance_uid, provision);
    auto result = co_await process::run_command(executor, spec, guard);
    if (!result) co_return std::move(result).error();
    // Some print it as an error, and some end with another code than 0 after it.
    std::string version = find_version(result->output + "\n" + result->error_output);
    if (version.empty())
        co_return base::Error(base::Kind::refused, result->succeeded() ? "there is no version in what it prints"
                                                                       : process::describe_failure(*result));
    co_return version;
}

base::Result<void> AgentVersion::remember(const std::string& version) const {
    return base::replace_file(file_, mark_of(agent_.executable) + "\n" + version + "\n", kPrivateFile);
}

}  // namespace supervisor

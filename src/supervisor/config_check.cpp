#include "supervisor/config_check.hpp"

#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "process/run_command.hpp"
#include "rules/admission.hpp"
#include "supervisor/from_settings.hpp"

namespace supervisor {
namespace {

constexpr std::size_t kLines = 10;
constexpr std::size_t kLongestLine = 1000;  // the cause stands at the end of it

CheckVerdict verdict_of(const process::CommandResult& result, const std::optional<config::Redactor>& redactor,
                        const base::LiteralSecrets& secrets) {
    if (result.succeeded()) return std::nullopt;
    std::string said = last_lines(secrets.redact(result.output) + "\n" + result.error_output, kLines);
    if (redactor) said = redactor->redact_output(said);
    const std::string how = process::describe_failure({result.status, "", "", result.was_cut, result.timed_out});
    return "config check: " + how + (said.empty() ? "" : "\n" + said);
}

}  // namespace

std::string last_lines(std::string_view text, std::size_t most) {
    std::vector<std::string> lines;
    while (lines.size() < most) {
        const auto end = text.find_last_not_of(" \t\r\n");
        if (end == std::string_view::npos) break;
        const auto before = text.rfind('\n', end);
        const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
        lines.push_back(process::last_line(text.substr(begin, end + 1 - begin), kLongestLine));
        text = text.substr(0, begin);
    }
    std::string joined;
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) joined += (joined.empty() ? "" : "\n") + *line;
    return joined;
}

async::Task<base::Result<CheckVerdict>> check_config(async::asio::any_io_executor executor,
                                                     const settings::Agent& agent, base::Uuid uid,
                                                     std::filesystem::path file, process::Guard* guard) {
    settings::Agent with_copy = agent;
    with_copy.config_path = std::move(file);
    const auto provision = provide(with_copy, uid, "", For::command);
    if (!provision) co_return base::Error(provision.error()).within("config check");
    const auto spec = command_spec(with_copy, agent.config_check, uid.text(), *provision);
    auto result = co_await process::run_command(executor, spec, guard);
    if (!result) co_return std::move(result).error().within("config check");
    co_return verdict_of(*result, rules::redactor_of(agent), provision->secrets);
}

}  // namespace supervisor

#include "supervisor/reloader.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

#include "base/files.hpp"
#include "base/glob.hpp"
#include "health/http_line.hpp"
#include "health/watch.hpp"
#include "net/client.hpp"
#include "process/run_command.hpp"
#include "settings/command_line.hpp"
#include "settings/signal_name.hpp"
#include "supervisor/from_settings.hpp"

namespace supervisor {

using namespace async;
using base::Error;
using base::Kind;
using base::Result;

namespace {

constexpr std::uint64_t kMostChildren = 1u << 20;  // bytes of a list of PIDs
constexpr std::uint64_t kMostPrinted = 1u << 20;
constexpr std::size_t kLongestLine = 64u << 10;

}  // namespace

std::set<pid_t> children_of(pid_t pid) {
    std::set<pid_t> found;
    std::error_code code;
    std::filesystem::directory_iterator thread("/proc/" + std::to_string(pid) + "/task", code);
    for (; !code && thread != std::filesystem::directory_iterator(); thread.increment(code)) {
        const auto list = base::read_file(thread->path() / "children", kMostChildren);
        std::istringstream words(list ? *list : "");
        for (pid_t child = 0; words >> child;) found.insert(child);
    }
    return found;
}

Reloader::Reloader(const Partners& partners, pid_t pid, const Provision& provision, std::string instance_uid)
    : partners_(partners), pid_(pid), provision_(provision), instance_uid_(std::move(instance_uid)) {}

std::string Reloader::describe(const settings::Reload& reload) {
    if (!reload.command.empty()) return reload.command.front();  // its arguments may be secrets
    if (!reload.url.empty()) return "POST " + reload.url.substr(0, reload.url.find('?'));
    return settings::signal_name(reload.signal);
}

Task<Result<void>> Reloader::look_before() {
    const auto noted = co_await note_printed();
    if (!noted) co_return noted;
    auto before = co_await look();
    if (!before) co_return std::move(before).error().within("reload.confirm");
    before_ = std::move(*before);
    co_return Result<void>();
}

Task<Result<void>> Reloader::order(process::Child& child) {
    const settings::Reload& reload = partners_.agent.reload;
    const auto noted = co_await note_printed();
    if (!noted) co_return noted;
    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now().time_since_epoch());
    partners_.notified.expect_reload(static_cast<std::uint64_t>(now.count()));
    if (!reload.command.empty()) {
        auto printed = co_await run(reload.command);
        if (!printed) co_return std::move(printed).error().within("reload.command");
    } else if (!reload.url.empty()) {
        auto posted = co_await post();
        if (!posted) co_return std::move(posted).error().within("reload.url");
    } else {
        child.signal_leader(reload.signal);
    }
    co_return Result<void>();
}

Task<Result<void>> Reloader::await_proof() {
    const settings::Agent& agent = partners_.agent;
    const settings::ReloadConfirm& confirm = agent.reload.confirm;
    if (confirm.url.empty() && confirm.command.empty() && confirm.output.empty() && !confirm.children &&
        !confirm.notify)
        co_return Result<void>();
    const auto begun = SteadyClock::now();
    for (;;) {
        const auto now = co_await look();
        const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
        if (is_ended) co_return Error(Kind::cancelled, "cancelled");
        if (now && is_proof(*now)) co_return Result<void>();
        const base::Duration elapsed = SteadyClock::now() - begun;
        if (elapsed >= agent.reload.timeout) break;
        co_await sleep_for(health::next_question(false, elapsed, agent.health.interval));
    }
    co_return Error(Kind::timeout, "the agent has not taken the config within " +
                                       base::format_duration(agent.reload.timeout) + ": " + what_is_missing());
}

Task<Result<Reloader::Look>> Reloader::look() {
    const settings::Reload& reload = partners_.agent.reload;
    const settings::ReloadConfirm& confirm = reload.confirm;
    Look look;
    if (confirm.children) look.children = children_of(pid_);
    if (!confirm.url.empty()) {
        auto url = net::parse_url(confirm.url);
        if (!url) co_return std::move(url).error();
        const health::HttpLine line{std::move(*url), confirm.line, reload.timeout};
        auto answer = co_await health::read_line(line);
        if (!answer) co_return std::move(answer).error();
        look.text = std::move(*answer);
    } else if (!confirm.command.empty()) {
        auto printed = co_await run(confirm.command);
        if (!printed) co_return std::move(printed).error();
        look.text = std::move(*printed);
    } else if (!confirm.output.empty()) {
        auto printed = co_await printed_since_told();
        if (!printed) co_return std::move(printed).error();
        look.text = std::move(*printed);
    }
    co_return look;
}

/// What is printed up to here is no answer.
Task<Result<void>> Reloader::note_printed() {
    if (partners_.agent.reload.confirm.output.empty()) co_return Result<void>();
    auto printed = co_await partners_.output.printed_since(0, 0);
    if (!printed) co_return std::move(printed).error().within("reload.confirm.output");
    printed_ = printed->upto;
    begun_line_.clear();
    co_return Result<void>();
}

/// Whole lines: what is still being written may become another one.
Task<Result<std::string>> Reloader::printed_since_told() {
    auto printed = co_await partners_.output.printed_since(printed_, kMostPrinted);
    if (!printed) co_return std::move(printed).error();
    printed_ = printed->upto;
    std::string text = begun_line_ + printed->text;
    const std::size_t begun = text.rfind('\n') + 1;
    begun_line_ = text.substr(std::max(begun, text.size() - std::min(text.size(), kLongestLine)));
    text.resize(begun);
    co_return text;
}

bool Reloader::is_proof(const Look& now) const {
    const settings::ReloadConfirm& confirm = partners_.agent.reload.confirm;
    if (confirm.notify) return partners_.notified.has_reloaded();
    if (confirm.children) return !std::ranges::includes(before_.children, now.children);
    if (!confirm.output.empty()) return base::has_line(now.text, confirm.output);
    return now.text != before_.text;
}

std::string Reloader::what_is_missing() const {
    const settings::ReloadConfirm& confirm = partners_.agent.reload.confirm;
    if (confirm.notify) return "it has not sent RELOADING=1 and then READY=1";
    if (confirm.children) return "it has no new child process";
    if (!confirm.output.empty()) return "it has not printed '" + confirm.output + "'";
    if (!confirm.command.empty()) return "what " + confirm.command.front() + " prints has not changed";
    return confirm.url.substr(0, confirm.url.find('?')) + " has not changed";
}

Task<Result<std::string>> Reloader::run(std::vector<std::string> command) const {
    const settings::Agent& agent = partners_.agent;
    const settings::Replacements pid{{std::string(settings::kPidPlaceholder.name), std::to_string(pid_)}};
    for (std::string& word : command) word = settings::replaced(word, pid);
    const auto spec = command_spec(agent, {command, agent.reload.timeout}, instance_uid_, provision_);
    auto result = co_await process::run_command(partners_.executor, spec, partners_.guard);
    if (!result) co_return std::move(result).error();
    if (!result->succeeded()) co_return Error(Kind::refused, process::describe_failure(*result));
    co_return std::move(result->output);
}

Task<Result<void>> Reloader::post() const {
    const settings::Reload& reload = partners_.agent.reload;
    auto url = net::parse_url(reload.url);
    if (!url) co_return std::move(url).error();
    net::ClientOptions options;
    options.url = std::move(*url);
    options.limits.handshake = reload.timeout;
    auto answer = co_await net::http_post(options, "", "");
    if (!answer) co_return std::move(answer).error();
    if (answer->status >= 200 && answer->status <= 299) co_return Result<void>();
    const std::string said = process::last_line(answer->body);
    co_return Error(Kind::refused, "HTTP " + std::to_string(answer->status) + (said.empty() ? "" : ": " + said));
}

}  // namespace supervisor

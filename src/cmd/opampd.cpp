// opampd: the supervisor daemon.
#include <malloc.h>

#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "base/blocked_signals.hpp"
#include "base/log.hpp"
#include "process/guard.hpp"
#include "process/init.hpp"
#include "process/orphans.hpp"
#include "rules/admission.hpp"
#include "settings/describe.hpp"
#include "settings/load.hpp"
#include "settings/preset_list.hpp"
#include "supervisor/daemon.hpp"
#include "supervisor/privilege_check.hpp"

namespace {

constexpr int kFailed = 1;
constexpr int kBadInput = 2;

constexpr char kHelp[] =
    "Usage: opampd --config FILE [--check]\n"
    "       opampd --list-presets [--config FILE]\n"
    "\n"
    "Runs the agents that FILE names, configured from afar by an OpAMP server.\n"
    "\n"
    "  --config FILE  the settings, in YAML; the smallest has server.endpoint and agent.executable\n"
    "  --check        report what is wrong with FILE, or what the daemon would do, and exit\n"
    "  --list-presets print the kinds of agents that agent.preset can name, and exit\n"
    "  --version      print the version and exit\n"
    "  --help         print this and exit\n"
    "\n"
    "Signals: SIGTERM and SIGINT stop the agents and say goodbye to the server; a second one kills the agents at "
    "once. SIGHUP\nreads FILE again: what changes at once is its section telemetry.\n"
    "Exit codes: 0 stopped as asked or FILE is good, 1 failed, 2 bad command line or settings (nothing was started).\n";

struct Options {
    std::string config;
    bool only_checks = false;
    bool lists_presets = false;
};

int usage_error(const std::string& what) {
    std::fprintf(stderr, "opampd: %s; see opampd --help\n", what.c_str());
    return kBadInput;
}

/// Fills `options`; an exit code when that is all there is to do.
std::optional<int> parse_command_line(int count, char** arguments, Options& options) {
    for (int i = 1; i < count; ++i) {
        const std::string_view argument = arguments[i];
        if (argument == "--help" || argument == "-h") return std::fputs(kHelp, stdout) < 0 ? kFailed : 0;
        if (argument == "--version") return std::puts("opampd " OPAMPD_VERSION) < 0 ? kFailed : 0;
        if (argument == "--check") {
            options.only_checks = true;
        } else if (argument == "--list-presets") {
            options.lists_presets = true;
        } else if (argument == "--config" && i + 1 < count) {
            options.config = arguments[++i];
        } else if (argument.starts_with("--config=")) {
            options.config = argument.substr(std::string_view("--config=").size());
        } else {
            return usage_error(argument == "--config" ? "--config needs a file"
                                                      : "unknown argument '" + std::string(argument) + "'");
        }
    }
    if (options.config.empty() && !options.lists_presets) return usage_error("--config FILE is missing");
    return std::nullopt;
}

/// Nothing after every problem has been printed.
std::optional<settings::Settings> load_settings(const std::string& file) {
    auto loaded = settings::load(file);
    if (!loaded) {
        std::fprintf(stderr, "opampd: %s\n", loaded.error().text().c_str());
        return std::nullopt;
    }
    for (const settings::Problem& problem : loaded->problems)
        std::fprintf(stderr, "%s\n", settings::to_text(problem, file).c_str());
    if (!loaded->problems.empty()) return std::nullopt;
    for (const settings::Agent& agent : loaded->settings.agents) {
        const auto admission = rules::read_admission(agent);
        if (!admission) {
            std::fprintf(stderr, "%s: %s\n", file.c_str(), admission.error().text().c_str());
            return std::nullopt;
        }
    }
    const auto impossible = supervisor::impossible_privileges(loaded->settings);
    for (const std::string& problem : impossible) std::fprintf(stderr, "%s: %s\n", file.c_str(), problem.c_str());
    if (!impossible.empty()) return std::nullopt;
    return std::move(loaded->settings);
}

/// Those of the folder that `file` names, or of the usual one.
int list_presets(const std::string& file) {
    std::filesystem::path directory = settings::Presets{}.directory;
    if (!file.empty()) {
        const auto loaded = load_settings(file);
        if (!loaded) return kBadInput;
        directory = loaded->presets.directory;
    }
    settings::Report report;
    settings::PresetReader reader(settings::system_environment(), report);
    const std::string list = settings::list_of(reader.all(directory));
    const auto problems = report.take();
    for (const settings::Problem& problem : problems)
        std::fprintf(stderr, "%s\n", settings::to_text(problem, file).c_str());
    if (std::fputs(list.c_str(), stdout) < 0) return kFailed;
    return problems.empty() ? 0 : kBadInput;
}

int run_daemon(const settings::Settings& settings, process::Guard* guard) {
    async::asio::io_context context(1);
    supervisor::Daemon daemon(context.get_executor(), settings, guard);
    if (auto opened = daemon.open(); !opened) {
        base::log::error("daemon.start_failed", {{"error", opened.error().text()}});
        return kFailed;
    }
    async::asio::co_spawn(context, daemon.run(), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    });
    context.run();
    base::block_signals();
    return 0;
}

int start(const Options& options, char** arguments) {
    if (options.lists_presets) return list_presets(options.config);
    const auto settings = load_settings(options.config);
    if (!settings) return kBadInput;
    if (options.only_checks) return std::fputs(settings::describe(*settings).c_str(), stdout) < 0 ? kFailed : 0;
    const auto as_init = process::run_init_if_first();
    if (as_init) return *as_init;
    auto guard = process::Guard::start(arguments);
    const auto adopts = process::adopt_orphans();
    if (auto logs = base::log::start(settings->logs); !logs) {
        std::fprintf(stderr, "opampd: %s\n", logs.error().text().c_str());
        return kBadInput;
    }
    if (!adopts) base::log::warning("orphans.not_adopted", {{"error", adopts.error().text()}});
    if (!guard) base::log::warning("guard.lost", {{"detail", guard.error().text()}});
    return run_daemon(*settings, guard ? &*guard : nullptr);
}

}  // namespace

int main(int count, char** arguments) {
    ::mallopt(M_MMAP_THRESHOLD, 256 * 1024);  // what a large config took is given back at once
    ::mallopt(M_ARENA_MAX, 1);  // one arena for both threads: what the disk thread frees is the loop's to use again
    Options options;
    if (const auto code = parse_command_line(count, arguments, options)) return *code;
    try {
        return start(options, arguments);
    } catch (const std::exception& e) {
        base::log::error("daemon.failed", {{"error", e.what()}});
        return kFailed;
    }
}

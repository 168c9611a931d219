#include "ctl/run.hpp"

#include <algorithm>
#include <cstdlib>

#include "control/client.hpp"
#include "ctl/find_socket.hpp"
#include "ctl/logs.hpp"
#include "ctl/offline.hpp"
#include "ctl/options.hpp"
#include "ctl/text.hpp"

namespace ctl {
namespace {

constexpr std::chrono::seconds kLimit{30};

int code_of(control::Kind kind) {
    switch (kind) {
    case control::Kind::failed: return kFailed;
    case control::Kind::invalid: return kUsage;
    case control::Kind::not_found: return kNotFound;
    case control::Kind::refused: return kRefused;
    }
    return kFailed;
}

/// With --json a failure is a document too.
End failure(bool as_json, const control::Answer& answer, int code) {
    std::string problems;
    for (const std::string& problem : answer.problems.value_or(std::vector<std::string>()))
        problems += for_terminal(problem) + "\n";
    return {as_json ? to_json(answer) : "", problems + "opampctl: " + as_text(*answer.failure) + "\n", code};
}

End failure(bool as_json, const base::Error& error, int code) {
    control::Answer answer;
    answer.failure = control::as_failure(error);
    return failure(as_json, answer, code);
}

std::filesystem::path socket_of(const Options& options) {
    if (!options.socket.empty()) return options.socket;
    const char* variable = std::getenv("OPAMPCTL_SOCKET");
    return variable && *variable ? std::filesystem::path(variable) : find_socket();
}

/// The daemon was not there to ask, or did not let us.
int code_of(base::Kind kind) {
    switch (kind) {
    case base::Kind::not_found:
    case base::Kind::timeout: return kNotReachable;
    case base::Kind::refused: return kRefused;
    case base::Kind::invalid: return kUsage;
    case base::Kind::io:
    case base::Kind::too_large:
    case base::Kind::cancelled:
    case base::Kind::bug: return kFailed;
    }
    return kFailed;
}

End ask(const Options& options) {
    const auto answer = control::ask(socket_of(options), *options.request, kLimit);
    if (!answer) return failure(options.json, answer.error(), code_of(answer.error().kind()));
    if (answer->failure) return failure(options.json, *answer, code_of(answer->failure->kind));
    if (options.json) return {to_json(*answer), "", kDone};
    return {as_text(*options.request, *answer), answer->note.empty() ? "" : "opampctl: " + answer->note + "\n", kDone};
}

/// The bytes of `logs` have been written already.
End show_logs(const Options& options) {
    Logs logs(options.json);
    const auto answer = control::ask_for_bytes(
        socket_of(options), *options.request, kLimit, [&](const control::Answer& head) { logs.begin(head.agent); },
        [&](std::string_view bytes) { logs.add(bytes); });
    logs.finish();
    if (!answer) return failure(options.json, answer.error(), code_of(answer.error().kind()));
    if (answer->failure) return failure(options.json, *answer, code_of(answer->failure->kind));
    if (!answer->note.empty()) return {"", "opampctl: " + answer->note + "\n", kDone};
    if (options.request->follow) return {"", "opampctl: opampd has closed the connection\n", kNotReachable};
    return {};
}

}  // namespace

End run(const std::vector<std::string>& arguments) {
    const auto options = parse_options(arguments);
    if (!options) {
        const bool as_json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
        return failure(as_json, options.error(), kUsage);
    }
    if (options->shows_help) return {help_text(), "", kDone};
    if (options->shows_version) return {"opampctl " OPAMPD_VERSION "\n", "", kDone};
    if (options->request && control::has_bytes(options->request->command)) return show_logs(*options);
    if (options->request) return ask(*options);
    auto done = work_offline(*options);
    if (!done) {
        const auto reason = control::as_failure(done.error());
        return failure(options->json, done.error(),
                       reason.kind == control::Kind::not_found ? kUsage : code_of(reason.kind));
    }
    return std::move(*done);
}

}  // namespace ctl

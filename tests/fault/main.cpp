// Kills a program at one of its file-system calls, or makes that call fail; or only tells which ones there are.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "fault/tracer.hpp"

namespace {

using fault::Plan;

constexpr char kUsage[] =
    "usage: fault-shim --report FILE --within FOLDER... [--armed] [PLAN CALL OCCURRENCE PATH [ERROR]] -- COMMAND...\n"
    "\n"
    "Runs COMMAND. From SIGUSR1 (or from its start with --armed) to SIGUSR2 its file-system calls below FOLDER are\n"
    "counted, over all threads, and told in FILE. PLAN is --kill-before, --kill-after, --fail or --fail-from; the "
    "last\n"
    "fails also every later call that can fail with that ERROR: ENOSPC, EIO, EROFS, EMFILE.\n";

[[noreturn]] void refuse() {
    std::fputs(kUsage, stderr);
    std::exit(125);
}

int error_of(std::string_view name) {
    if (name == "ENOSPC") return ENOSPC;
    if (name == "EIO") return EIO;
    if (name == "EROFS") return EROFS;
    if (name == "EMFILE") return EMFILE;
    refuse();
}

Plan::Deed deed_of(std::string_view flag) {
    if (flag == "--kill-before") return Plan::Deed::kill_before;
    if (flag == "--kill-after") return Plan::Deed::kill_after;
    if (flag == "--fail") return Plan::Deed::fail;
    if (flag == "--fail-from") return Plan::Deed::fail_from;
    refuse();
}

}  // namespace

int main(int, char** argv) {
    fault::Tracer::Options options;
    char** next = argv + 1;
    const auto value = [&next] {
        if (!*next) refuse();
        return *next++;
    };
    while (*next && std::strcmp(*next, "--") != 0) {
        const std::string_view flag = *next++;
        if (flag == "--report") {
            options.report = std::fopen(value(), "ae");
        } else if (flag == "--within") {
            options.within.emplace_back(value());
        } else if (flag == "--armed") {
            options.is_armed = true;
        } else {
            options.plan.deed = deed_of(flag);
            options.plan.name = value();
            options.plan.occurrence = std::atoi(value());
            options.plan.path = value();
            if (flag == "--fail" || flag == "--fail-from") options.plan.error = error_of(value());
        }
    }
    if (!options.report || options.within.empty() || !*next || !next[1]) refuse();
    return fault::Tracer(std::move(options)).run(next + 1);
}

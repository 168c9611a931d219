// opampctl: looks at a running opampd, and gives it orders.
#include <unistd.h>

#include <cstdio>
#include <exception>

#include "ctl/run.hpp"
#include "ctl/text.hpp"

int main(int count, char** arguments) {
    try {
        ctl::End end = ctl::run({arguments + 1, arguments + count});
        if (::isatty(STDOUT_FILENO)) end.output = ctl::for_terminal(std::move(end.output));
        std::fputs(end.errors.c_str(), stderr);
        const bool is_written = std::fwrite(end.output.data(), 1, end.output.size(), stdout) == end.output.size();
        return std::fflush(stdout) == 0 && is_written ? end.code : ctl::kFailed;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "opampctl: %s\n", e.what());
        return ctl::kFailed;
    }
}

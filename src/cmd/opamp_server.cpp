// opamp-server: the bundled OpAMP server.
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "base/log.hpp"
#include "server/options.hpp"
#include "server/server.hpp"

namespace {

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : value;
}

int fail(int exit_code, const base::Error& error) {
    std::fprintf(stderr, "opamp-server: %s\n", error.text().c_str());
    return exit_code;
}

base::Result<void> run(const server::Options& options) {
    base::Result<void> end;
    async::asio::io_context context(1);
    async::asio::co_spawn(context, server::serve(options),
                          [&end](std::exception_ptr failure, base::Result<void> result) {
                              if (failure) std::rethrow_exception(failure);
                              end = std::move(result);
                          });
    try {
        context.run();
    } catch (const std::exception& e) {
        return base::Error(base::Kind::bug, e.what());
    }
    return end;
}

}  // namespace

int main(int count, char** arguments) {
    const auto options = server::parse_options({arguments + 1, arguments + count}, environment);
    if (!options) return fail(2, options.error());
    if (options->shows_help) return std::fputs(server::help_text().c_str(), stdout) < 0;
    if (options->shows_version) return std::puts("opamp-server " OPAMPD_VERSION) < 0;
    if (auto started = base::log::start({options->log_level, base::log::Format::logfmt, {"stderr"}}); !started)
        return fail(1, started.error());
    if (auto end = run(*options); !end) return fail(1, end.error());
    return 0;
}

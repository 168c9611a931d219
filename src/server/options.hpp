// The command line of opamp-server.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "server/telemetry_store.hpp"

namespace server {

struct Options {
    std::string opamp_listen = "127.0.0.1:4320";
    std::string page_listen = "127.0.0.1:4321";
    std::string path = "/v1/opamp";
    std::string endpoint;  ///< The URL that agents are told of; empty: the one they used.
    std::uint64_t receive_limit = 64u << 20;
    std::uint64_t send_limit = 64u << 20;
    std::string token_file;
    std::string own_metrics;  ///< URLs; empty: none.
    std::string own_traces;
    std::string own_logs;
    std::string ca_cert;  ///< Files.
    std::string ca_key;
    base::Duration certificate_lifetime = std::chrono::hours(30 * 24);
    std::string state;  ///< A file or ":memory:".
    TelemetryLimits telemetry;
    base::log::Level log_level = base::log::Level::info;
    bool shows_version = false;
    bool shows_help = false;
};

/// Looks up an environment variable; empty if it is not set.
using Environment = std::function<std::string(const char* name)>;

/// Without the program's name. "--flag VALUE" and "--flag=VALUE". Errors: invalid, naming the argument.
base::Result<Options> parse_options(const std::vector<std::string>& arguments, const Environment& environment);

/// Where telemetry is kept: a file beside that of the state, or ":memory:".
std::string telemetry_file(const Options& options);

std::string help_text();

}  // namespace server

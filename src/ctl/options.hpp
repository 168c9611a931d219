// The command line of opampctl. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "control/messages.hpp"

namespace ctl {

/// What works without the daemon.
enum class Offline { check, keygen, sign };

struct Options {
    std::optional<control::Request> request;
    std::optional<Offline> offline;     ///< If there is no request.
    std::vector<std::string> operands;  ///< Of `offline`.
    bool json = false;
    std::string lines;   ///< Of `logs`, as it was written.
    std::string socket;  ///< Empty: look for it.

    std::string key;      ///< The file with the secret key.
    std::string comment;  ///< Of a new key.
    std::string serial, not_before, not_after;

    bool shows_help = false;
    bool shows_version = false;
};

/// Without the program's name. "--flag VALUE" and "--flag=VALUE", anywhere. Errors: invalid, naming the argument.
base::Result<Options> parse_options(const std::vector<std::string>& arguments);

std::string help_text();

}  // namespace ctl

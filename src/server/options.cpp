#include "server/options.hpp"

#include <optional>

namespace server {
namespace {

using base::Error;
using base::Kind;

struct Flag {
    const char* name;
    const char* value;  ///< Its name in the help; nullptr: the flag takes none.
    const char* help;
    base::Result<void> (*store)(Options& options, const std::string& value);
};

base::Result<void> store_level(Options& options, const std::string& value) {
    for (const auto level :
         {base::log::Level::debug, base::log::Level::info, base::log::Level::warning, base::log::Level::error}) {
        if (value != base::log::to_string(level)) continue;
        options.log_level = level;
        return {};
    }
    return Error(Kind::invalid, "'" + value + "' is not a level").hint("write debug, info, warning or error");
}

base::Result<void> store_path(Options& options, const std::string& value) {
    if (!value.starts_with('/') || value.find_first_of("?# ") != std::string::npos)
        return Error(Kind::invalid, "'" + value + "' is not a path")
            .hint("write one that starts with /, such as /v1/opamp");
    options.path = value;
    return {};
}

base::Result<void> store_state(Options& options, const std::string& value) {
    if (value.empty()) return Error(Kind::invalid, "the file's name is empty");
    options.state = value;
    return {};
}

base::Result<void> check_address(const std::string& value) {
    const auto colon = value.rfind(':');
    if (colon != std::string::npos && colon > 0 && colon + 1 < value.size()) return {};
    return Error(Kind::invalid, "'" + value + "' is not ADDR:PORT")
        .hint("write one such as 127.0.0.1:4320 or [::1]:4320");
}

constexpr Flag kFlags[] = {
    {"--opamp-listen", "ADDR:PORT", "where agents connect (127.0.0.1:4320); port 0 takes a free one",
     [](Options& options, const std::string& value) { return options.opamp_listen = value, check_address(value); }},
    {"--page-listen", "ADDR:PORT", "where the web page and the REST interface are (127.0.0.1:4321)",
     [](Options& options, const std::string& value) { return options.page_listen = value, check_address(value); }},
    {"--path", "PATH", "the path of the OpAMP endpoint (/v1/opamp)", store_path},
    {"--state", "FILE",
     "what outlives the server; :memory: keeps nothing\n"
     "                            ($STATE_DIRECTORY/server.db, else $XDG_STATE_HOME/opamp-server/server.db)",
     store_state},
    {"--log-level", "LEVEL", "debug, info, warning or error (info)", store_level},
    {"--version", nullptr, "prints the version",
     [](Options& options, const std::string&) { return options.shows_version = true, base::Result<void>(); }},
    {"--help", nullptr, "prints this",
     [](Options& options, const std::string&) { return options.shows_help = true, base::Result<void>(); }},
};

const Flag* find_flag(const std::string& name) {
    for (const Flag& flag : kFlags)
        if (name == flag.name) return &flag;
    return nullptr;
}

std::string default_state(const Environment& environment) {
    if (const std::string folder = environment("STATE_DIRECTORY"); !folder.empty())
        return folder.substr(0, folder.find(':')) + "/server.db";
    if (const std::string folder = environment("XDG_STATE_HOME"); !folder.empty())
        return folder + "/opamp-server/server.db";
    if (const std::string home = environment("HOME"); !home.empty())
        return home + "/.local/state/opamp-server/server.db";
    return {};
}

}  // namespace

base::Result<Options> parse_options(const std::vector<std::string>& arguments, const Environment& environment) {
    Options options;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const auto equals = arguments[i].find('=');
        const std::string name = arguments[i].substr(0, equals);
        const Flag* flag = find_flag(name);
        if (flag == nullptr)
            return Error(Kind::invalid, "unknown argument '" + arguments[i] + "'").hint("see opamp-server --help");
        std::optional<std::string> value;
        if (equals != std::string::npos) value = arguments[i].substr(equals + 1);
        if (flag->value == nullptr && value) return Error(Kind::invalid, name + " takes no value");
        if (flag->value != nullptr && !value) {
            if (++i == arguments.size())
                return Error(Kind::invalid, name + " needs a value").hint(name + " " + flag->value);
            value = arguments[i];
        }
        if (auto stored = flag->store(options, value.value_or("")); !stored)
            return std::move(stored).error().within(name);
    }
    if (options.state.empty()) options.state = default_state(environment);
    const bool runs = !options.shows_version && !options.shows_help;
    if (options.state.empty() && runs)
        return Error(Kind::invalid,
                     "there is no place for the state: neither STATE_DIRECTORY, XDG_STATE_HOME nor HOME is set")
            .hint("give a file with --state, or :memory:");
    return options;
}

std::string help_text() {
    std::string text =
        "opamp-server: an OpAMP server with a web page and a REST interface\n"
        "\n"
        "Usage: opamp-server [FLAGS]\n"
        "\n";
    for (const Flag& flag : kFlags) {
        std::string usage =
            std::string("  ") + flag.name + (flag.value != nullptr ? std::string(" ") + flag.value : std::string());
        usage.resize(28, ' ');
        text += usage + flag.help + "\n";
    }
    return text +
           "\n"
           "SIGTERM and SIGINT end it: every connection gets a Close frame.\n"
           "Exit codes: 0 ended on request, 1 failed, 2 wrong arguments.\n";
}

}  // namespace server

#include "server/options.hpp"

#include <algorithm>
#include <optional>

#include "base/address.hpp"
#include "base/number.hpp"
#include "net/url.hpp"
#include "server/check_settings.hpp"

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
    if (base::parse_address(value)) return {};
    return Error(Kind::invalid, "'" + value + "' is not ADDR:PORT")
        .hint("write one such as 127.0.0.1:4320 or [::1]:4320");
}

base::Result<void> store_file(std::string& place, const std::string& value) {
    if (value.empty()) return Error(Kind::invalid, "the file's name is empty");
    place = value;
    return {};
}

base::Result<void> store_size(std::uint64_t& place, const std::string& value) {
    const auto bytes = base::parse_size(value);
    if (!bytes || *bytes == 0)
        return Error(Kind::invalid, "'" + value + "' is not a size").hint("write 4096, 64KiB or 64MiB");
    place = *bytes;
    return {};
}

base::Result<void> store_count(std::int64_t& place, const std::string& value) {
    const auto count = base::parse_number<std::int64_t>(value);
    if (!count || *count < 0) return Error(Kind::invalid, "'" + value + "' is not a number").hint("write 0 or more");
    place = *count;
    return {};
}

base::Result<void> store_endpoint(Options& options, const std::string& value) {
    auto url = net::parse_url(value);
    if (!url) return std::move(url).error();
    options.endpoint = value;
    return {};
}

base::Result<void> store_destination(std::string& place, const std::string& value) {
    if (auto checked = check_telemetry_endpoint(value); !checked) return checked;
    place = value;
    return {};
}

base::Result<void> store_lifetime(Options& options, const std::string& value) {
    const auto lifetime = base::parse_duration(value);
    if (!lifetime || *lifetime < std::chrono::seconds(1))
        return Error(Kind::invalid, "'" + value + "' is not a lifetime").hint("write 720h, or 1s at least");
    options.certificate_lifetime = *lifetime;
    return {};
}

/// What only makes sense together.
base::Result<void> check_together(const Options& options) {
    if (options.ca_cert.empty() != options.ca_key.empty())
        return Error(Kind::invalid, "a CA needs both its certificate and its key").hint("give --ca-cert and --ca-key");
    return {};
}

constexpr Flag kFlags[] = {
    {"--opamp-listen", "ADDR:PORT", "where agents connect (127.0.0.1:4320); port 0 takes a free one",
     [](Options& options, const std::string& value) { return options.opamp_listen = value, check_address(value); }},
    {"--page-listen", "ADDR:PORT", "where the web page and the REST interface are (127.0.0.1:4321)",
     [](Options& options, const std::string& value) { return options.page_listen = value, check_address(value); }},
    {"--path", "PATH", "the path of the OpAMP endpoint (/v1/opamp)", store_path},
    {"--endpoint", "URL", "the URL agents are told of with a certificate (the one they used)", store_endpoint},
    {"--token-file", "FILE", "who may speak OpAMP: a bearer token or user:password a line (everybody)",
     [](Options& options, const std::string& value) { return store_file(options.token_file, value); }},
    {"--receive-limit", "SIZE", "the largest message taken (64MiB)",
     [](Options& options, const std::string& value) { return store_size(options.receive_limit, value); }},
    {"--send-limit", "SIZE", "the largest message sent (64MiB)",
     [](Options& options, const std::string& value) { return store_size(options.send_limit, value); }},
    {"--own-metrics", "URL", "where agents send their own metrics, offered to all that report them",
     [](Options& options, const std::string& value) { return store_destination(options.own_metrics, value); }},
    {"--own-traces", "URL", "the same for their own traces",
     [](Options& options, const std::string& value) { return store_destination(options.own_traces, value); }},
    {"--own-logs", "URL", "the same for their own logs",
     [](Options& options, const std::string& value) { return store_destination(options.own_logs, value); }},
    {"--ca-cert", "FILE", "a CA (PEM) that issues the certificates agents ask for",
     [](Options& options, const std::string& value) { return store_file(options.ca_cert, value); }},
    {"--ca-key", "FILE", "its key (PEM, without a password)",
     [](Options& options, const std::string& value) { return store_file(options.ca_key, value); }},
    {"--certificate-lifetime", "TIME", "of an issued certificate (720h)", store_lifetime},
    {"--state", "FILE",
     "what outlives the server; :memory: keeps nothing\n"
     "                            ($STATE_DIRECTORY/server.db, else $XDG_STATE_HOME/opamp-server/server.db)",
     store_state},
    {"--telemetry-max-spans", "N",
     "how many spans of OTLP are kept, beside the state (100000); the oldest\n"
     "                            trace goes first",
     [](Options& options, const std::string& value) { return store_count(options.telemetry.spans, value); }},
    {"--telemetry-max-log-records", "N", "how many log records (100000)",
     [](Options& options, const std::string& value) { return store_count(options.telemetry.log_records, value); }},
    {"--telemetry-max-series", "N", "how many series of metrics (20000)",
     [](Options& options, const std::string& value) { return store_count(options.telemetry.series, value); }},
    {"--telemetry-max-size", "SIZE", "how much of all of them together (256MiB)",
     [](Options& options, const std::string& value) {
         std::uint64_t bytes = 0;
         auto stored = store_size(bytes, value);
         options.telemetry.bytes = static_cast<std::int64_t>(std::min<std::uint64_t>(bytes, 1ull << 60));
         return stored;
     }},
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
    if (auto checked = check_together(options); !checked) return std::move(checked).error();
    if (options.state.empty()) options.state = default_state(environment);
    const bool runs = !options.shows_version && !options.shows_help;
    if (options.state.empty() && runs)
        return Error(Kind::invalid,
                     "there is no place for the state: neither STATE_DIRECTORY, XDG_STATE_HOME nor HOME is set")
            .hint("give a file with --state, or :memory:");
    return options;
}

std::string telemetry_file(const Options& options) {
    return options.state == ":memory:" ? options.state : options.state + ".telemetry";
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
        // A usage that is too long has a line to itself.
        if (usage.size() < 28)
            usage.resize(28, ' ');
        else
            usage += "\n" + std::string(28, ' ');
        text += usage + flag.help + "\n";
    }
    return text +
           "\n"
           "SIGTERM and SIGINT end it: every connection gets a Close frame.\n"
           "Exit codes: 0 ended on request, 1 failed, 2 wrong arguments.\n";
}

}  // namespace server

#include "ctl/options.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "base/bytes.hpp"
#include "base/number.hpp"

namespace ctl {
namespace {

using base::Error;
using base::Kind;
using base::Result;

constexpr std::size_t kAnyNumber = 1000;

struct Row {
    std::string_view words;
    const char* operands;
    std::size_t least, most;  ///< Operands.
    const char* help;
    std::optional<control::Command> command;
    Offline offline = Offline::check;
};

constexpr Row kRows[] = {
    {"status", "", 0, 0, "all agents: process, health, config, connection", control::Command::status},
    {"show", "AGENT", 1, 1, "everything known of one", control::Command::show},
    {"restart", "AGENT", 1, 1, "stop it and start it again", control::Command::restart},
    {"stop", "AGENT", 1, 1, "keep it stopped until it is started, or opampd is", control::Command::stop},
    {"start", "AGENT", 1, 1, "start it again after a stop", control::Command::start},
    {"reload", "", 0, 0, "read the settings file again; what changes at once is its section telemetry",
     control::Command::reload},
    {"telemetry", "[AGENT]", 0, 1, "where traces, metrics and logs go to, and what became of them",
     control::Command::telemetry},
    {"telemetry sampler", "AGENT SAMPLER", 2, 3, "which traces are recorded, until the settings are read again",
     control::Command::sampler},
    {"logs", "[AGENT]", 0, 1, "what it printed last, and with -f what it prints", control::Command::logs},
    {"config history", "AGENT", 1, 1, "the configs it had, and what became of them", control::Command::history},
    {"config show", "AGENT [REVISION]", 1, 2, "one of them; the current one by default", control::Command::config_show},
    {"config diff", "AGENT [FROM [TO]]", 1, 3, "from the previous to the current one, or between any two",
     control::Command::config_diff},
    {"config rollback", "AGENT [REVISION]", 1, 2, "go back to what was good before, or to any of them",
     control::Command::rollback},
    {"config retry", "AGENT [HASH]", 1, 2, "try the server's config again that failed", control::Command::retry},
    {"config keygen", "FILE", 1, 1, "a new key to sign configs with: FILE and FILE.pub", {}, Offline::keygen},
    {"config sign",
     "--key FILE DIR | [NAME=]FILE...",
     1,
     kAnyNumber,
     "the entry opampd.signature for a config",
     {},
     Offline::sign},
    {"check", "FILE", 1, 1, "what opampd would do with these settings, or what is wrong with them", {}, Offline::check},
};

struct Flag {
    std::string_view name;
    std::string_view of;  ///< The only command that takes it; empty: all.
    const char* value;    ///< Its name in the help; nullptr: the flag takes none.
    const char* help;
    void (*store)(Options& options, const std::string& value);
};

constexpr Flag kFlags[] = {
    {"--json", "", nullptr, "one JSON document instead of text for people",
     [](Options& options, const std::string&) { options.json = true; }},
    {"--socket", "", "PATH", "where opampd listens (see below)",
     [](Options& options, const std::string& value) { options.socket = value; }},
    {"--follow", "logs", nullptr, "-f: and what comes, until it is ended",
     [](Options& options, const std::string&) { options.request->follow = true; }},
    {"--lines", "logs", "N", "-n N: so many of the last lines; 10 by default",
     [](Options& options, const std::string& value) { options.lines = value; }},
    {"--remote", "config show", nullptr, "the config as the server offered it",
     [](Options& options, const std::string&) { options.request->remote = true; }},
    {"--comment", "config keygen", "TEXT", "whose key it is; stands behind the public key",
     [](Options& options, const std::string& value) { options.comment = value; }},
    {"--key", "config sign", "FILE", "the secret key, made by config keygen",
     [](Options& options, const std::string& value) { options.key = value; }},
    {"--serial", "config sign", "N", "grows with each config, so that no old one can be offered again",
     [](Options& options, const std::string& value) { options.serial = value; }},
    {"--not-before", "config sign", "TIME", "from when on it is good: 2026-01-31T12:00:00Z",
     [](Options& options, const std::string& value) { options.not_before = value; }},
    {"--not-after", "config sign", "TIME", "until when it is good",
     [](Options& options, const std::string& value) { options.not_after = value; }},
    {"--version", "", nullptr, "prints the version",
     [](Options& options, const std::string&) { options.shows_version = true; }},
    {"--help", "", nullptr, "prints this", [](Options& options, const std::string&) { options.shows_help = true; }},
};

Error usage(std::string what) {
    return Error(Kind::invalid, std::move(what)).hint("see opampctl --help");
}

std::string in_quotes(const std::string& text) {
    return "'" + base::shortened(text, 80) + "'";
}

struct Given {
    const Flag* flag;
    std::string value;
};

std::string whole_name(const std::string& name) {
    if (name == "-h") return "--help";
    if (name == "-f") return "--follow";
    return name == "-n" ? "--lines" : name;
}

/// How many lines are to be shown. Errors: invalid.
Result<void> read_lines(Options& options) {
    constexpr std::uint64_t kMost = 10'000'000;
    if (options.lines.empty()) return {};
    const auto number = base::parse_number<std::uint64_t>(options.lines);
    if (!number || *number > kMost)
        return usage("--lines needs a number up to " + std::to_string(kMost) + ", not " + in_quotes(options.lines));
    options.request->lines = *number;
    return {};
}

Result<Given> read_flag(const std::vector<std::string>& arguments, std::size_t& at) {
    const auto equals = arguments[at].find('=');
    const std::string name = whole_name(arguments[at].substr(0, equals));
    const auto flag =
        std::find_if(std::begin(kFlags), std::end(kFlags), [&](auto& known) { return known.name == name; });
    if (flag == std::end(kFlags)) return usage("unknown flag " + in_quotes(name));
    if (flag->value == nullptr && equals != std::string::npos) return usage(name + " takes no value");
    if (flag->value == nullptr) return Given{flag, ""};
    std::string value;
    if (equals != std::string::npos)
        value = arguments[at].substr(equals + 1);
    else if (at + 1 < arguments.size())
        value = arguments[++at];
    if (value.empty()) return usage(name + " needs a value: " + name + " " + flag->value);
    return Given{flag, value};
}

/// Takes the words of the command off `words`.
Result<const Row*> find_row(std::vector<std::string>& words) {
    if (words.empty()) return usage("a command is missing");
    const bool is_config = words.front() == "config";
    if (is_config && words.size() == 1) return usage("config needs one more word, such as history or diff");
    const auto find = [](const std::string& name) {
        return std::find_if(std::begin(kRows), std::end(kRows), [&](auto& known) { return known.words == name; });
    };
    std::string name = words.size() > 1 ? words[0] + " " + words[1] : words[0];
    auto row = find(name);
    const bool has_two_words = words.size() > 1 && row != std::end(kRows);
    if (!has_two_words && !is_config) row = find(name = words.front());
    if (row == std::end(kRows)) return usage("unknown command " + in_quotes(name));
    words.erase(words.begin(), words.begin() + (has_two_words ? 2 : 1));
    const std::string form = "write opampctl " + name + (*row->operands ? " " : "") + row->operands;
    if (words.size() < row->least) return usage("'" + name + "' needs more than that: " + form);
    if (words.size() > row->most)
        return usage("too much for '" + name + "', from " + in_quotes(words[row->most]) + " on: " + form);
    return row;
}

control::Request request_of(control::Command command, const std::vector<std::string>& operands) {
    control::Request request;
    request.command = command;
    if (command == control::Command::sampler) {
        request.agent = operands[0];
        request.sampler = operands[1] + (operands.size() > 2 ? " " + operands[2] : "");
        return request;
    }
    const bool is_retry = command == control::Command::retry;
    std::string* const places[] = {&request.agent, is_retry ? &request.hash : &request.revision, &request.against};
    for (std::size_t i = 0; i < operands.size(); ++i) *places[i] = operands[i];
    return request;
}

}  // namespace

Result<Options> parse_options(const std::vector<std::string>& arguments) {
    Options options;
    std::vector<std::string> words;
    std::vector<Given> flags;
    for (std::size_t at = 0; at < arguments.size(); ++at) {
        if (!arguments[at].starts_with('-') || arguments[at] == "-") {
            words.push_back(arguments[at]);
            continue;
        }
        auto given = read_flag(arguments, at);
        if (!given) return std::move(given).error();
        flags.push_back(std::move(*given));
        const Flag& flag = *flags.back().flag;
        if (flag.name != "--help" && flag.name != "--version") continue;
        flag.store(options, "");
        return options;
    }
    const auto row = find_row(words);
    if (!row) return row.error();
    if ((*row)->command)
        options.request = request_of(*(*row)->command, words);
    else
        options.offline = (*row)->offline;
    options.operands = std::move(words);
    for (const Given& given : flags) {
        if (!given.flag->of.empty() && given.flag->of != (*row)->words)
            return usage(std::string(given.flag->name) + " is only for '" + std::string(given.flag->of) + "'");
        given.flag->store(options, given.value);
    }
    if (auto read = read_lines(options); !read) return std::move(read).error();
    if (options.offline == Offline::sign && options.key.empty()) return usage("config sign needs --key FILE");
    return options;
}

std::string help_text() {
    constexpr std::size_t kColumn = 34;
    const auto line = [](std::string usage, const char* help) {
        // A usage that is too long has a line to itself.
        if (usage.size() < kColumn)
            usage.resize(kColumn, ' ');
        else
            usage += "\n" + std::string(kColumn, ' ');
        return usage + help + "\n";
    };
    std::string text =
        "opampctl: looks at the agents of a running opampd, and at their configs\n"
        "\n"
        "Usage: opampctl COMMAND [FLAGS]\n"
        "\n";
    for (const Row& row : kRows)
        text += line("  " + std::string(row.words) + (*row.operands ? " " : "") + row.operands, row.help);
    text +=
        "\n"
        "REVISION, FROM and TO are numbers of config history, or current, last-good, previous, or local for\n"
        "the local config alone. HASH is the hash of an offer, or its beginning. SAMPLER is one of the\n"
        "settings file: always_on, always_off, traceidratio 0.1, rate_limited 5, or one of these with\n"
        "parentbased_ in front. Values that look like secrets are not shown.\n"
        "\n";
    for (const Flag& flag : kFlags)
        text += line("  " + std::string(flag.name) + (flag.value ? " " + std::string(flag.value) : ""), flag.help);
    return text +
           "\n"
           "opampd is looked for at --socket, else at $OPAMPCTL_SOCKET, else at control.sock in the state folder\n"
           "that opampd has by default for this user, else at /run/opampd/control.sock.\n"
           "\n"
           "Exit codes: 0 done, 1 failed, 2 wrong arguments or a bad file, 3 no such agent or revision,\n"
           "4 opampd is not reachable, 5 refused.\n";
}

}  // namespace ctl

// What opampctl asks a running opampd, and what it is told: plain data, and its form as JSON, which docs/opampctl.md
// promises to programs. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace control {

enum class Command {
    status,
    show,
    restart,
    stop,
    start,
    history,
    config_show,
    config_diff,
    rollback,
    retry,
    reload,
    telemetry,
    sampler,
    logs,
};

struct Request {
    Command command = Command::status;
    std::string agent;      ///< Its name; of `status` and `telemetry` it may be empty: all of them. Not for `reload`.
    std::string revision;   ///< A number, or current, last-good, previous, local; empty: what the command says.
    std::string against;    ///< Of `config_diff`: the other one.
    std::string hash;       ///< Of `retry`: of the offer, or its beginning; empty: the newest.
    bool remote = false;    ///< Of `config_show`: the offer as it was received.
    std::string sampler{};  ///< Of `sampler`: as in the settings file.
    std::optional<std::uint64_t> lines{};  ///< Of `logs`: how many of the last ones.
    bool follow = false;                   ///< Of `logs`: and those that come.
    friend bool operator==(const Request&, const Request&) = default;
};

// Times are in RFC 3339, UTC; an empty one is not known. Hashes are hexadecimal digits.

struct RemoteConfig {
    std::string status;  ///< As in the protocol: UNSET, APPLYING, APPLIED, FAILED.
    std::string hash;
    std::string error;
    friend bool operator==(const RemoteConfig&, const RemoteConfig&) = default;
};

struct Server {
    std::string endpoint;  ///< Host and port.
    bool connected = false;
    std::string since;  ///< Of the connection.
    std::string error;  ///< Why there is none.
    friend bool operator==(const Server&, const Server&) = default;
};

struct Agent {
    std::string name;
    std::string phase;
    bool held = false;  ///< Stopped by the operator.
    bool healthy = false;
    std::string reason;               ///< Why it is not.
    std::optional<std::int64_t> pid;  ///< Of its process, while there is one.
    std::string started_at;           ///< Of that process.
    std::string instance_uid;         ///< As the server knows it.
    std::uint64_t current = 0;        ///< The revision that it runs with; 0: none.
    std::uint64_t last_good = 0;      ///< The one that proved good last.
    bool trial = false;               ///< `current` has not proved good yet.
    std::string config_hash;          ///< Of `current`.
    RemoteConfig remote_config;
    Server server;
    std::string executable, config_path, state_folder;
    std::string output;  ///< Where what it prints goes to.
    friend bool operator==(const Agent&, const Agent&) = default;
};

struct Revision {
    std::uint64_t id = 0;
    std::string origin;  ///< local, remote, fallback
    std::string created_at;
    std::string hash;
    std::string remote_hash;  ///< Of the offer that it was made from.
    std::string outcome;      ///< none, applied, failed, rolled_back
    std::string outcome_at;
    std::string reason;  ///< Of a failure.
    bool current = false, last_good = false;
    friend bool operator==(const Revision&, const Revision&) = default;
};

/// One file of a config, without its secrets.
struct File {
    std::string name;
    std::string content_type;
    std::string body;
    friend bool operator==(const File&, const File&) = default;
};

/// Where an agent's telemetry of one signal goes to, and what became of its records so far.
struct SignalExport {
    std::string signal;    ///< traces, metrics, logs
    std::string endpoint;  ///< The receiver's URL without its query; empty: it goes nowhere.
    std::string origin;    ///< Whose word that is: server, settings (the file, or variables OTEL_*); empty: nobody's.
    std::uint64_t exported = 0;
    std::uint64_t rejected = 0;  ///< By the receiver.
    std::uint64_t given_up = 0;  ///< It was not to be reached for too long.
    std::uint64_t dropped = 0;   ///< They had no place in the queue.
    std::uint64_t waiting = 0;
    bool failing = false;  ///< The last request was in vain.
    std::string trouble;   ///< What went wrong last.
    std::string trouble_at;
    friend bool operator==(const SignalExport&, const SignalExport&) = default;
};

struct Telemetry {
    std::string agent;
    std::string sampler;              ///< Of its traces.
    bool sampler_of_settings = true;  ///< Else it was set meanwhile, until the next reload.
    std::vector<SignalExport> signals;
    friend bool operator==(const Telemetry&, const Telemetry&) = default;
};

/// What the daemon answers when it is asked for its health over HTTP.
struct AgentHealth {
    std::string name;
    std::string phase;
    bool healthy = false;  ///< Or it is down because it is meant to be; `reason` says so.
    std::string reason;
    friend bool operator==(const AgentHealth&, const AgentHealth&) = default;
};
struct Health {
    bool healthy = true;  ///< All of them are.
    std::vector<AgentHealth> agents;
    friend bool operator==(const Health&, const Health&) = default;
};

enum class Kind {
    failed,     ///< It did not work.
    invalid,    ///< The request is at fault.
    not_found,  ///< No such agent, or no such revision.
    refused,    ///< Not for this user, or not in this state.
};

struct Failure {
    Kind kind = Kind::failed;
    std::string message;
    std::string hint;  ///< What to do about it.
    friend bool operator==(const Failure&, const Failure&) = default;
};
Failure as_failure(const base::Error& error);

/// What is set depends on the command; a failure stands alone, but for `problems`.
struct Answer {
    std::optional<Failure> failure;
    std::optional<std::vector<Agent>> agents;        ///< status, show
    std::optional<std::vector<Revision>> revisions;  ///< config history, the newest first
    std::optional<std::vector<File>> files;          ///< config show
    std::optional<std::string> diff;                 ///< config diff; empty: what may be shown is the same
    std::optional<std::vector<Telemetry>> telemetry;
    std::optional<std::vector<std::string>> problems;       ///< reload: all that is wrong with the file.
    std::optional<std::vector<std::string>> at_next_start;  ///< reload: keys that have changed and do not count yet.
    std::optional<std::string> done;                        ///< What was begun, as a sentence.
    std::string agent;                                      ///< Whose; for all but status, show, telemetry and reload.
    std::uint64_t revision = 0, against = 0;                ///< Which; for config show, and for config diff the two.
    std::string note;                                       ///< What else people should know.
    friend bool operator==(const Answer&, const Answer&) = default;
};

std::string_view to_string(Command command);

/// Whether an answer to it that is no failure is followed by bytes, up to the end of the connection.
inline bool has_bytes(Command command) {
    return command == Command::logs;
}

/// One line each, with its newline. Bytes that are not UTF-8 become U+FFFD.
std::string to_json(const Request& request);
std::string to_json(const Answer& answer);
std::string to_json(const Health& health);

/// Errors: invalid (no JSON, a member that is unknown, or one of another type).
base::Result<Request> parse_request(std::string_view line);
/// Members that are unknown are passed over: they come from a later opampd. Errors: invalid.
base::Result<Answer> parse_answer(std::string_view line);

}  // namespace control

#include "ctl/text.hpp"

#include <algorithm>

#include "ctl/telemetry_text.hpp"

namespace ctl {
namespace {

using control::Agent;
using control::Answer;
using control::Revision;

using Row = std::vector<std::string>;

constexpr std::size_t kShownOfHash = 8;
constexpr std::size_t kWholeHash = std::string::npos;

std::string number(std::uint64_t id) {
    return id == 0 ? "-" : std::to_string(id);
}
std::string pid_of(const Agent& agent) {
    return agent.pid ? std::to_string(*agent.pid) : "-";
}
std::string short_hash(const std::string& hash) {
    return hash.substr(0, kShownOfHash);
}

/// In columns a character is a byte that does not continue one.
std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string phase_text(const Agent& agent) {
    return plain(agent.phase) + (agent.held ? " (stopped)" : "");
}

std::string revision_text(const Agent& agent) {
    return number(agent.current) + (agent.trial ? " (on trial)" : "");
}

std::string remote_text(const control::RemoteConfig& config, std::size_t digits) {
    if (config.status == "UNSET") return "-";
    return plain(config.status + " " + config.hash.substr(0, digits));
}

std::string server_text(const control::Server& server) {
    return server.connected ? "connected" : "not connected";
}

/// What is not as it should be, and where to look next.
std::string troubles(const Agent& agent) {
    std::string text;
    const auto add = [&](const std::string& what, const std::string& next) {
        text += plain(agent.name + ": " + what) + "\n" + (next.empty() ? "" : "  next: " + plain(next) + "\n");
    };
    if (agent.held)
        add("stopped by opampctl", "opampctl start " + agent.name);
    else if (!agent.healthy && !agent.reason.empty())
        add("not healthy: " + agent.reason, "opampctl logs " + agent.name);
    if (agent.remote_config.status == "FAILED")
        add("the server's config failed: " + agent.remote_config.error, "opampctl config history " + agent.name);
    if (!agent.server.connected && !agent.server.error.empty())
        add("no connection to " + agent.server.endpoint + ": " + agent.server.error, "");
    return text;
}

std::string status(const std::vector<Agent>& agents) {
    std::vector<Row> rows{{"AGENT", "PHASE", "HEALTHY", "PID", "SINCE", "REVISION", "REMOTE CONFIG", "SERVER"}};
    std::string details;
    for (const Agent& agent : agents) {
        rows.push_back({plain(agent.name), phase_text(agent), agent.healthy ? "yes" : "no", pid_of(agent),
                        or_dash(agent.started_at), revision_text(agent), remote_text(agent.remote_config, kShownOfHash),
                        server_text(agent.server)});
        details += troubles(agent);
    }
    return table(rows) + (details.empty() ? "" : "\n" + details);
}

std::string show(const Agent& agent) {
    const auto with = [](std::string text, const std::string& more) {
        return more.empty() ? text : text + ", " + plain(more);
    };
    const auto since = [](const std::string& time) { return time.empty() ? "" : "since " + time; };
    return table({
        {"agent", plain(agent.name)},
        {"phase", phase_text(agent)},
        {"healthy", with(agent.healthy ? "yes" : "no", agent.reason)},
        {"process", with(pid_of(agent), since(agent.started_at))},
        {"executable", plain(agent.executable)},
        {"config", plain(agent.config_path)},
        {"revision", with(revision_text(agent), agent.config_hash)},
        {"last good", number(agent.last_good)},
        {"remote config", with(remote_text(agent.remote_config, kWholeHash), agent.remote_config.error)},
        {"server", with(plain(agent.server.endpoint) + " " + server_text(agent.server),
                        agent.server.connected ? since(agent.server.since) : agent.server.error)},
        {"instance UID", plain(agent.instance_uid)},
        {"state", plain(agent.state_folder)},
        {"output", or_dash(agent.output)},
    });
}

std::string history(const std::vector<Revision>& revisions) {
    std::vector<Row> rows{{"REVISION", "ORIGIN", "CREATED", "HASH", "OUTCOME", "SINCE", "IS", "REASON"}};
    for (const Revision& revision : revisions) {
        std::string marks = revision.current ? "current" : "";
        if (revision.last_good) marks += marks.empty() ? "last-good" : ", last-good";
        const std::string outcome = revision.outcome == "rolled_back" ? "rolled back" : revision.outcome;
        rows.push_back({number(revision.id), plain(revision.origin), or_dash(revision.created_at),
                        or_dash(short_hash(revision.hash)), plain(outcome), or_dash(revision.outcome_at),
                        or_dash(marks), or_dash(revision.reason)});
    }
    return table(rows);
}

/// One file as it is, so that it can be used; several with their names.
std::string files(const Answer& answer) {
    if (answer.files->size() == 1) return answer.files->front().body;
    std::string text;
    for (const control::File& file : *answer.files) {
        const std::string type = file.content_type.empty() ? "" : " (" + file.content_type + ")";
        text += "==> " + or_dash(file.name) + plain(type) + " <==\n" + file.body;
        if (!text.ends_with('\n')) text += '\n';
    }
    return text;
}

}  // namespace

std::string plain(const std::string& text) {
    std::string result;
    for (const char c : for_terminal(text)) result += c == '\n' ? "; " : c == '\t' ? " " : std::string(1, c);
    return result;
}

std::string or_dash(const std::string& text) {
    return text.empty() ? "-" : plain(text);
}

std::string table(const std::vector<Row>& rows) {
    std::vector<std::size_t> widths;
    for (const Row& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
    }
    std::string text;
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i)
            text += row[i] + (i + 1 < row.size() ? std::string(widths[i] - width(row[i]) + 2, ' ') : "\n");
    }
    return text;
}

std::string for_terminal(std::string text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const bool is_layout = byte == '\n' || byte == '\t';
        // U+0080 to U+009F are C2 80 to C2 9F.
        const bool is_c1 = byte >= 0x80 && byte <= 0x9F && i > 0 && static_cast<unsigned char>(text[i - 1]) == 0xC2;
        if (is_c1) text[i - 1] = '?';
        if (is_c1 || byte == 0x7F || (byte < 0x20 && !is_layout)) text[i] = '?';
    }
    return text;
}

std::string as_text(const control::Request& request, const Answer& answer) {
    if (answer.agents) {
        const bool is_one = request.command == control::Command::show && answer.agents->size() == 1;
        return is_one ? show(answer.agents->front()) : status(*answer.agents);
    }
    if (answer.telemetry) return telemetry_text(*answer.telemetry);
    if (answer.revisions) return history(*answer.revisions);
    if (answer.files) return files(answer);
    if (answer.diff) return *answer.diff;
    return plain(answer.done.value_or("")) + "\n";
}

std::string as_text(const control::Failure& failure) {
    return plain(failure.message) + (failure.hint.empty() ? "" : " (" + plain(failure.hint) + ")");
}

}  // namespace ctl

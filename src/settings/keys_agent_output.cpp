// The keys of an agent: what becomes of its output.
#include "base/units.hpp"
#include "settings/checks.hpp"
#include "settings/key_tables.hpp"

namespace settings {
namespace {

using namespace std::chrono_literals;

Complaint file_size(Item item, const Environment&) {
    const auto bytes = base::parse_size(item.text);
    if (bytes && (*bytes < (4u << 10) || *bytes > (std::uint64_t{1} << 40))) return "is not between 4KiB and 1TiB";
    return std::nullopt;
}

Complaint tail_size(Item item, const Environment&) {
    const auto bytes = base::parse_size(item.text);
    if (bytes && *bytes > (1u << 20)) return "is too large (at most 1MiB)";
    return std::nullopt;
}

/// 0 is no limit.
Complaint age(Item item, const Environment&) {
    const auto age = base::parse_duration(item.text);
    if (age && *age != 0s && *age < 1s) return "is too short (at least 1s, or 0s for no limit)";
    return std::nullopt;
}

Complaint identifier(Item item, const Environment&) {
    constexpr std::size_t kLongest = 64;
    for (const char c : item.text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return "has a control character in it (remove it)";
    if (item.text.empty()) return "is empty (leave the key out, or give it a value)";
    if (item.text.size() > kLongest) return "is too long (at most 64 bytes)";
    return std::nullopt;
}

// clang-format off
const Key kKeys[] = {
    {.name = "agent.output.destination", .meaning = "`file`: files that opampd rotates. `log`: opampd's own log, an event `agent.output` for each line. `journal`: systemd's journal. `none`: nothing is kept but the tail.",
     .field = FIELD(agent.output.destination)},
    {.name = "agent.output.direct", .meaning = "The agent writes to the file or the journal by itself, and opampd sees nothing of it: a file is rotated only while no process runs, and what the journal gets is in no report and no log record.",
     .field = FIELD(agent.output.direct)},
    {.name = "agent.output.file", .meaning = "For `destination: file`. The rotated ones are beside it: `FILE.1.gz`, then `FILE.2.gz` and so on.",
     .field = FIELD(agent.output.file), .check = not_empty, .default_text = "`agent.log` in the agent's folder of the state directory"},
    {.name = "agent.output.max_size", .meaning = "A file of this size is rotated at the next end of a line.",
     .field = FIELD(agent.output.max_size), .check = file_size},
    {.name = "agent.output.max_age", .meaning = "So is one that was begun so long ago. `0s`: no limit.",
     .field = FIELD(agent.output.max_age), .check = age, .at_least = 0s, .default_text = "no limit"},
    {.name = "agent.output.keep", .meaning = "How many rotated files are kept.",
     .field = FIELD(agent.output.keep)},
    {.name = "agent.output.keep_for", .meaning = "How long they are. `0s`: no limit.",
     .field = FIELD(agent.output.keep_for), .check = age, .at_least = 0s, .default_text = "no limit"},
    {.name = "agent.output.compress", .meaning = "Rotated files are packed with gzip.",
     .field = FIELD(agent.output.compress)},
    {.name = "agent.output.identifier", .meaning = "For `destination: journal`: `SYSLOG_IDENTIFIER`, for `journalctl -t`.",
     .field = FIELD(agent.output.identifier), .check = identifier, .default_text = "the agent's name"},
    {.name = "agent.output.tail", .meaning = "How much of what the agent printed last a report of its failure is made from: of that the last ten lines.",
     .field = FIELD(agent.output.tail), .check = tail_size},
};

const Section kSections[] = {
    {"agent.output", "What the agent prints, to standard output and standard error; see docs/output.md."},
};
// clang-format on

}  // namespace

KeyTable agent_output_keys() {
    return {kKeys, kSections};
}

}  // namespace settings

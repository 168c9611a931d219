// A command that is run to its end: input given, output collected, both within bounds.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "base/literal_secrets.hpp"
#include "base/units.hpp"
#include "process/child.hpp"
#include "process/guard.hpp"

namespace process {

struct CommandSpec {
    std::vector<std::string> argv;         ///< The program, an absolute path, and its arguments.
    std::vector<std::string> environment;  ///< "NAME=value", the whole of it.
    std::filesystem::path working_directory = "/";
    Privileges privileges{};
    std::vector<int> descriptors{};  ///< As those of SpawnSpec.
    std::string input;               ///< On standard input, which then ends.
    base::Duration timeout = std::chrono::seconds(10);
    std::size_t most_output = 1u << 20;  ///< Bytes of standard output; a command that writes more is killed.
    base::LiteralSecrets secrets{};      ///< That it was given: they are taken out of its error output.
};

struct CommandResult {
    ExitStatus status;
    std::string output;        ///< At most `most_output` bytes.
    std::string error_output;  ///< For people: the end of it, at most 64 KiB, without the secrets.
    bool was_cut = false;      ///< There was more output: the command was killed, or ended by itself just then.
    bool timed_out = false;    ///< It was killed because its time was up.
    bool succeeded() const { return status == ExitStatus{} && !was_cut && !timed_out; }
};
/// Why it did not succeed, with the last line of its error output: "exit code 2: no such unit".
std::string describe_failure(const CommandResult& result);
/// The last line of `text` that is not empty, as valid UTF-8 without control characters, of at most `most` bytes.
std::string last_line(std::string_view text, std::size_t most = 200);

/// Runs a command until it ends. What it leaves running in its process group is killed then; what has left the group
/// lives on and is not waited for, even where it holds the output open.
///
/// Errors  as Child::spawn, io (no pipe), cancelled. Any end of a command that has started is a result.
/// Cancel  kills the whole group and returns once the command is reaped.
/// Guard   may be null; else the group dies with the daemon. `spec` outlives the task.
async::Task<base::Result<CommandResult>> run_command(async::asio::any_io_executor executor, const CommandSpec& spec,
                                                     Guard* guard);

}  // namespace process

// Streams of systemd's journal: what is written to one becomes entries, a line each.
#pragma once

#include <chrono>
#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace output {

inline constexpr char kJournalSocket[] = "/run/systemd/journal/stdout";

/// Under that SYSLOG_IDENTIFIER, with priority info; "<3>" in front of a line gives it another one.
/// Neither this nor a write to it waits longer than `patience` for a journal that hangs.
/// Spec: sd_journal_stream_fd(3). Errors: not_found (there is no journal here), io.
base::Result<base::UniqueFd> open_journal(const std::string& identifier, std::chrono::seconds patience);

/// What the variable JOURNAL_STREAM is to say to a program that writes to `stream` itself.
std::string journal_stream_of(int stream);

}  // namespace output

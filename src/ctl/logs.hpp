// What an agent printed, as opampctl shows it.
#pragma once

#include <string>
#include <string_view>

namespace ctl {

/// Writes to standard output: the bytes as they are, on a terminal without what it would obey, or with --json a
/// document a line.
class Logs {
public:
    explicit Logs(bool as_json);
    void begin(const std::string& agent) { agent_ = agent; }
    void add(std::string_view bytes);
    void finish();

private:
    void write(std::string_view text) const;
    void write_document(std::string_view line) const;

    const bool as_json_;
    const bool is_terminal_;
    std::string agent_;
    std::string unfinished_;  ///< A line without its end.
};

}  // namespace ctl

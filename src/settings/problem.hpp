// What is wrong with a settings file: all of it at once, each with its place.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace settings {

/// A place in the file, counted from 1.
struct Mark {
    int line = 1;
    int column = 1;
};

struct Problem {
    int line = 1;
    int column = 1;
    std::string key;      ///< "agent.stop_timeout"; empty where it is about the whole file.
    std::string message;  ///< What, with which value, and what to do. Never a secret.
};

/// "opampd.yaml:7: agent.stop_timeout: '10' is not a duration (write 500ms, 10s or 5m)".
std::string to_text(const Problem& problem, const std::filesystem::path& file);

/// Collects problems, and knows where each key stands.
class Report {
public:
    void saw(const std::string& key, Mark mark) { marks_[key] = mark; }
    bool has(const std::string& key) const { return marks_.contains(key); }
    void add(Mark mark, const std::string& key, const std::string& message);
    /// At the key's own place, or where that is missing at the section's.
    void add(const std::string& key, const std::string& message) { add(where(key), key, message); }
    bool failed(std::string_view key) const;
    bool empty() const { return problems_.empty(); }
    /// In the order of the file.
    std::vector<Problem> take();

private:
    Mark where(std::string key) const;

    std::map<std::string, Mark> marks_;
    std::vector<Problem> problems_;
};

}  // namespace settings

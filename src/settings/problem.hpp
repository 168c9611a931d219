// What is wrong with a settings file and the presets that it uses: all of it at once, each with its place.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace settings {

/// A place in a file, counted from 1.
struct Mark {
    int line = 1;
    int column = 1;
    int file = 0;  ///< 0: the settings file. Others: see Report::add_file.
};

struct Problem {
    int line = 1;
    int column = 1;
    std::string key;      ///< "agent.stop_timeout"; empty where it is about the whole file.
    std::string message;  ///< What, with which value, and what to do. Never a secret.
    std::string file{};   ///< Empty: the settings file.
    friend bool operator==(const Problem&, const Problem&) = default;
};

/// "opampd.yaml:7: agent.stop_timeout: '10' is not a duration (write 500ms, 10s or 5m)". `file` is the settings file.
std::string to_text(const Problem& problem, const std::filesystem::path& file);

/// Collects problems, and knows where each key stands.
class Report {
public:
    /// An agent's section: in a preset its keys stand without it.
    void saw_agent(const std::string& path) { agents_.push_back(path + "."); }
    /// Another file that marks may point to.
    int add_file(std::string name) { return files_.push_back(std::move(name)), static_cast<int>(files_.size()); }
    void saw(const std::string& key, Mark mark) { marks_[key] = mark; }
    bool has(const std::string& key) const { return marks_.contains(key); }
    void add(Mark mark, const std::string& key, const std::string& message);
    /// At the key's own place, or where that is missing at the section's.
    void add(const std::string& key, const std::string& message) { add(where(key), key, message); }
    /// The key does not count: it is as if it had not been written.
    void forget(const std::string& key) { marks_.erase(key); }
    bool failed(std::string_view key) const;
    /// What is wrong with `key` has been said elsewhere.
    void spoil(const std::string& key) { spoiled_.insert(key); }
    bool empty() const { return found_.empty(); }
    /// Whether the key stands in a preset, not in the settings file.
    bool is_from_preset(const std::string& key) const { return has(key) && marks_.at(key).file != 0; }
    /// In the order of the files.
    std::vector<Problem> take();

private:
    struct Found {
        Mark mark;
        Problem problem;
    };

    Mark where(std::string key) const;

    std::map<std::string, Mark> marks_;
    std::set<std::string, std::less<>> spoiled_;
    std::vector<std::string> agents_;
    std::vector<std::string> files_;  ///< Mark::file counts them from 1.
    std::vector<Found> found_;
};

}  // namespace settings

// What the probes of one agent say together. Pure: no clock, no question.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace health {

/// So many answers in a row decide.
struct Thresholds {
    unsigned successes = 1;  ///< Of good ones, until a probe is up.
    unsigned failures = 1;   ///< Of bad ones, until one that is up is down.
};

/// What is shown of one probe. It changes with what is decided, not with each answer.
struct Finding {
    std::string name;
    bool is_up = false;
    std::string status;  ///< "starting", "up", "down", or what the agent says itself.
    std::string error;   ///< Why it is not up; never empty then.
    std::uint64_t since_unix_nano = 0;
};

class Checkup {
public:
    /// One more probe; its index.
    std::size_t add(std::string name, const Thresholds& thresholds);
    std::size_t size() const { return parts_.size(); }

    /// Another process: nothing is known of it, and that is no change.
    void begin(std::uint64_t now_unix_nano);
    /// The same process, which has to prove itself again. What is shown stays until an answer says otherwise.
    void begin_again();

    void well(std::size_t index, std::uint64_t now_unix_nano);
    void unwell(std::size_t index, const std::string& reason, std::uint64_t now_unix_nano);
    /// What the agent says of itself in the place of "up"; empty: nothing.
    void say(std::size_t index, const std::string& status, std::uint64_t now_unix_nano);

    enum class Verdict {
        undecided,  ///< There are not enough answers yet.
        well,       ///< All are up.
        unwell,     ///< One is down, or its last answer before it was ever up is a bad one.
    };
    Verdict verdict() const;
    /// Of `unwell`: "HTTP 503", or with names "api: HTTP 503; disk: …".
    std::string reason() const;

    std::vector<Finding> findings() const;
    /// Whether findings have changed since this was asked last.
    bool take_changed();

private:
    struct Part {
        Thresholds thresholds;
        Finding shown;
        std::string said;
        bool is_up = false;
        bool is_bad = false;       ///< Down; before it has ever been up: by its last answer.
        bool has_been_up = false;  ///< This process.
        unsigned good_in_a_row = 0, bad_in_a_row = 0;
    };
    void show(Part& part, bool is_up, const std::string& error, std::uint64_t now);

    std::vector<Part> parts_;
    bool is_changed_ = false;
};

}  // namespace health

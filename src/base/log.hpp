// The log: events with fields, as logfmt or JSON lines.
//
// An event is named subject.past_participle and is an interface: people alert on it. docs/events.md lists them.
// error: someone must act. warning: survived, and what is done instead. info: a state changed. debug: the rest.
// Config bodies, header values and tokens are never logged.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"

namespace base::log {

enum class Level { debug, info, warning, error };
enum class Format { logfmt, json };

struct Options {
    Level level = Level::info;
    Format format = Format::logfmt;
    std::vector<std::string> outputs{"stderr"};  ///< "stdout", "stderr" or files, which are appended to.
};

/// A value is kept as text; numbers are told apart so that JSON can write them bare.
class Field {
public:
    Field(std::string_view key, std::string_view value) : key_(key), value_(value) {}
    Field(std::string_view key, const char* value) : key_(key), value_(value) {}
    Field(std::string_view key, const std::string& value) : key_(key), value_(value) {}
    Field(std::string_view key, bool value) : key_(key), value_(value ? "true" : "false"), bare_(true) {}
    template <typename N>
    requires std::is_integral_v<N> Field(std::string_view key, N value)
        : key_(key), value_(std::to_string(value)), bare_(true) {}
    Field(std::string_view key, Duration value) : key_(key), value_(rounded_duration(value)) {}

    const std::string& key() const { return key_; }
    const std::string& value() const { return value_; }
    bool bare() const { return bare_; }

private:
    std::string key_;
    std::string value_;
    bool bare_ = false;
};
using Fields = std::vector<Field>;

/// Opens the outputs. Until then, and in tests, events of level warning and above go to stderr.
/// Errors: invalid (a file that cannot be opened for appending).
Result<void> start(const Options& options);

void write(Level level, std::string_view event, const Fields& fields);

/// One of what is passed on rather than logged: whatever the level, and unheard by the listener. On any thread, unlike
/// all else here.
void pass(std::string_view event, const Fields& fields);

/// Hears of each event that is logged, after it was. One at a time; empty for none. Events that it logs itself come to
/// it as well.
using Listener = std::function<void(Level level, std::string_view event, const Fields& fields)>;
void listen(Listener listener);

/// One line without its newline, as `write` makes it. Pure.
std::string format_line(Format format, std::chrono::system_clock::time_point now, Level level, std::string_view event,
                        const Fields& fields);

inline void debug(std::string_view event, const Fields& fields = {}) {
    write(Level::debug, event, fields);
}
inline void info(std::string_view event, const Fields& fields = {}) {
    write(Level::info, event, fields);
}
inline void warning(std::string_view event, const Fields& fields = {}) {
    write(Level::warning, event, fields);
}
inline void error(std::string_view event, const Fields& fields = {}) {
    write(Level::error, event, fields);
}

std::string_view to_string(Level level);

/// The log of one subject: its fields (say agent=otelcol) come first on each line.
class Scope {
public:
    explicit Scope(Fields fields) : fields_(std::move(fields)) {}
    void debug(std::string_view event, const Fields& fields = {}) const { write(Level::debug, event, fields); }
    void info(std::string_view event, const Fields& fields = {}) const { write(Level::info, event, fields); }
    void warning(std::string_view event, const Fields& fields = {}) const { write(Level::warning, event, fields); }
    void error(std::string_view event, const Fields& fields = {}) const { write(Level::error, event, fields); }

private:
    void write(Level level, std::string_view event, const Fields& fields) const;
    Fields fields_;
};

}  // namespace base::log

#include "base/log.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <memory>

#include "base/bytes.hpp"
#include "base/units.hpp"

namespace base::log {
namespace {

struct State {
    Options options{Level::warning, Format::logfmt, {}};
    std::shared_ptr<spdlog::logger> logger;
    Listener listener;
};

State& state() {
    static State instance;
    return instance;
}

spdlog::sink_ptr open_output(const std::string& output) {
    if (output == "stdout") return std::make_shared<spdlog::sinks::stdout_sink_mt>();
    if (output == "stderr") return std::make_shared<spdlog::sinks::stderr_sink_mt>();
    return std::make_shared<spdlog::sinks::basic_file_sink_mt>(output);
}

std::string as_json(std::string_view time, Level level, std::string_view event, const Fields& fields) {
    std::string line = "{\"time\":\"" + std::string(time) + "\",\"level\":\"" + std::string(to_string(level)) +
                       "\",\"event\":" + json_string(event);
    for (const Field& field : fields)
        line += "," + json_string(field.key()) + ":" + (field.bare() ? field.value() : json_string(field.value()));
    return line + "}";
}

std::string as_logfmt(std::string_view time, Level level, std::string_view event, const Fields& fields) {
    std::string line =
        "time=" + std::string(time) + " level=" + std::string(to_string(level)) + " event=" + std::string(event);
    for (const Field& field : fields) line += " " + field.key() + "=" + quoted_if_needed(field.value());
    return line;
}

void put(const State& log, Level level, std::string_view event, const Fields& fields) {
    const std::string line = format_line(log.options.format, std::chrono::system_clock::now(), level, event, fields);
    if (log.logger)
        log.logger->log(spdlog::level::info, line);
    else
        std::fprintf(stderr, "%s\n", line.c_str());
}

}  // namespace

std::string_view to_string(Level level) {
    switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warning: return "warning";
    case Level::error: return "error";
    }
    return "error";
}

std::string format_line(Format format, std::chrono::system_clock::time_point now, Level level, std::string_view event,
                        const Fields& fields) {
    const std::string time = format_time(std::chrono::duration_cast<Duration>(now.time_since_epoch()).count(), 6);
    return format == Format::json ? as_json(time, level, event, fields) : as_logfmt(time, level, event, fields);
}

Result<void> start(const Options& options) {
    std::vector<spdlog::sink_ptr> sinks;
    for (const std::string& output : options.outputs) {
        try {
            sinks.push_back(open_output(output));
        } catch (const spdlog::spdlog_ex& e) {
            return Error(Kind::invalid, "telemetry.logs.outputs: cannot write to '" + output + "': " + e.what());
        }
    }
    auto logger = std::make_shared<spdlog::logger>("opampd", sinks.begin(), sinks.end());
    logger->set_pattern("%v");
    logger->set_level(spdlog::level::trace);
    logger->flush_on(spdlog::level::trace);
    state().options = options;
    state().logger = std::move(logger);
    return {};
}

void pass(std::string_view event, const Fields& fields) {
    put(state(), Level::info, event, fields);
}

void write(Level level, std::string_view event, const Fields& fields) {
    const State& log = state();
    if (level < log.options.level) return;
    put(log, level, event, fields);
    if (log.listener) log.listener(level, event, fields);
}

void listen(Listener listener) {
    state().listener = std::move(listener);
}

void Scope::write(Level level, std::string_view event, const Fields& fields) const {
    Fields all = fields_;
    all.insert(all.end(), fields.begin(), fields.end());
    log::write(level, event, all);
}

}  // namespace base::log

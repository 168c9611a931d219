#include <catch2/catch.hpp>
#include <csignal>

#include "settings/keys.hpp"
#include "settings/signal_name.hpp"
#include "settings/suggest.hpp"

TEST_CASE("the distance of two words counts swaps as one", "[settings][suggest]") {
    CHECK(settings::edit_distance("", "") == 0);
    CHECK(settings::edit_distance("", "abc") == 3);
    CHECK(settings::edit_distance("args", "args") == 0);
    CHECK(settings::edit_distance("agrs", "args") == 1);
    CHECK(settings::edit_distance("stop_timout", "stop_timeout") == 1);
    CHECK(settings::edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("names are offered from where they stand", "[settings][suggest]") {
    CHECK(settings::names_in("") == std::vector<std::string>{"server", "agents", "agent", "capabilities", "presets",
                                                             "storage", "control", "telemetry", "healthcheck"});
    CHECK(settings::names_in("agent.restart") ==
          std::vector<std::string>{"policy", "crash_loop_after", "initial_backoff", "max_backoff", "reset_after"});
    CHECK(settings::names_in("agent.args").empty());
    CHECK(settings::remedy_for_unknown("agent", std::string(100'000, 'x')).starts_with("(known here: "));
}

TEST_CASE("a signal's name is read back as that signal", "[settings][signal]") {
    for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGKILL, SIGUSR1, SIGWINCH, SIGRTMIN, SIGRTMIN + 3, SIGRTMAX})
        CHECK(settings::parse_signal(settings::signal_name(number)) == number);
    for (const char* text : {"", "0", "-1", "65", "99999999999", "32", "SIG", "SIGSIGTERM", "RTMIN+", "RTMIN+99",
                             "RTMIN+2147483647", "RTMIN+-1", "TERM "}) {
        CAPTURE(text);
        CHECK_FALSE(settings::parse_signal(text));
    }
}

TEST_CASE("every key belongs to a section that is introduced", "[settings][keys]") {
    for (const settings::Key& key : settings::keys()) {
        CAPTURE(key.name);
        bool introduced = key.name == "agents";
        for (const settings::Section& section : settings::sections())
            introduced = introduced || section.name == settings::section_of(key.name);
        CHECK(introduced);
        CHECK(settings::find_key(key.name) == &key);
        CHECK(key.meaning.ends_with("."));
        CHECK(key.meaning.find('|') == std::string_view::npos);
    }
}

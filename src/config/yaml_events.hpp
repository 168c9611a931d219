// What reading YAML as events needs beside yaml-cpp. Private to this folder.
#pragma once

#include <yaml-cpp/eventhandler.h>

#include <streambuf>
#include <string>
#include <string_view>
#include <utility>

namespace config::yaml {

/// Whether the parser would need far more memory than `text` has: over a million commas and opening brackets.
bool has_too_many_brackets(std::string_view text);

/// Before a root list or map in brackets the parser queues all of it as tokens, to see whether it is a key: many times
/// the text. With this in front it does not. Empty where there is little to queue.
inline std::string_view start_for(std::string_view text) {
    constexpr std::size_t kLarge = 1'000'000;
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    const bool is_bracket = first != std::string_view::npos && (text[first] == '[' || text[first] == '{');
    return is_bracket && text.size() > kLarge ? "--- " : "";
}

/// Reads `start`, then `text`, as one stream, without a copy.
class ViewBuffer : public std::streambuf {
public:
    ViewBuffer(std::string_view start, std::string_view text) : rest_(text) { show(start); }

protected:
    int_type underflow() override {
        if (rest_.empty()) return traits_type::eof();
        show(std::exchange(rest_, {}));
        return traits_type::to_int_type(*gptr());
    }

private:
    void show(std::string_view view) {
        char* const begin = const_cast<char*>(view.data());  // a streambuf that only reads never writes through it
        setg(begin, begin, begin + view.size());
    }
    std::string_view rest_;
};

/// Passes over every event; a base for handlers that want some of them.
class Ignore : public YAML::EventHandler {
public:
    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
    void OnMapEnd() override {}
};

}  // namespace config::yaml

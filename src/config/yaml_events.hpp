// What reading YAML as events needs beside yaml-cpp. Private to this folder.
#pragma once

#include <yaml-cpp/eventhandler.h>

#include <streambuf>
#include <string>
#include <string_view>

namespace config::yaml {

/// Reads a string_view as a stream, without a copy.
class ViewBuffer : public std::streambuf {
public:
    explicit ViewBuffer(std::string_view text) {
        char* const begin = const_cast<char*>(text.data());  // a streambuf that only reads never writes through it
        setg(begin, begin, begin + text.size());
    }
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

// The components of agents, remembered by their hash: agents of one kind are asked for them once.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "opamp/convert.hpp"

namespace server {

/// Bounded; beyond it what was learnt first is forgotten.
/// Spec    "Initial Handshake": the server may remember components per hash.
class ComponentCache {
public:
    explicit ComponentCache(std::uint64_t most_bytes = 8u << 20) : most_bytes_(most_bytes) {}

    /// Adds the components that a reported hash stands for, if they are known; remembers them if they were reported.
    void complete(std::optional<opamp::AvailableComponents>& reported);

private:
    struct Entry {
        opamp::Components components;
        std::uint64_t bytes = 0;
    };
    void remember(const opamp::AvailableComponents& reported);

    std::uint64_t most_bytes_;
    std::uint64_t bytes_ = 0;
    std::map<std::string, Entry> known_;
    std::deque<std::string> by_age_;  ///< The hashes in `known_`, oldest first.
};

/// The memory they take, roughly.
std::uint64_t bytes_of(const opamp::Components& components);
std::uint64_t bytes_of(const opamp::Attributes& attributes);

}  // namespace server

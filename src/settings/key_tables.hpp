// The parts of the table of keys. Private to this folder.
#pragma once

#include <span>

#include "settings/keys.hpp"

namespace settings {

#define FIELD(member)            \
    [](Target target) -> auto& { \
        return target.member;    \
    }

struct KeyTable {
    std::span<const Key> keys;
    std::span<const Section> sections;
};

KeyTable server_keys();
KeyTable agent_keys();
KeyTable agent_process_keys();
KeyTable agent_health_keys();
KeyTable agent_privileges_keys();
KeyTable agent_cgroup_keys();
KeyTable agent_output_keys();
KeyTable daemon_keys();

}  // namespace settings

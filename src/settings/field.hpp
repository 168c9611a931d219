// From a node of the file to the field of a key.
#pragma once

#include <string>

#include "settings/keys.hpp"
#include "settings/tree.hpp"

namespace settings {

/// Where a value is read: the full key in the file ("agents.web.env"), and what surrounds it.
struct Place {
    std::string path;
    Target target;
    const Environment& environment;
    Report& report;
};

/// Reads and checks `node`. A null leaves the default. What is wrong is reported, and leaves the default too.
void read_field(const Key& key, const Node& node, const Place& place);

}  // namespace settings

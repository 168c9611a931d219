// An agent's section over its preset, as trees: every node keeps the place that it comes from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "settings/tree.hpp"

namespace settings {

/// The value of the key `name` in `map`; null if there is none.
const Node* value_of(const Node& map, std::string_view name);
/// The entries of the map that the key `name` of `map` has; none where it has something else.
const std::vector<Entry>& entries_of(const Node& map, std::string_view name);

/// Gives `own` what it does not say: maps are merged key by key, anything else in `own` wins as a whole. A key without
/// a value says nothing. Returns the keys that came from `defaults` ("health.endpoint"), in its order.
std::vector<std::string> add_defaults(Node& own, const Node& defaults);

/// Replaces each `{NAME}` in the texts of `agent` by the value that its `parameters` have for NAME. What a preset says
/// with a value of the settings file counts as said there.
void fill_in_parameters(Node& agent);

}  // namespace settings

// Policy on a remote config: what of it the operator of this host lets a server say at all. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/compose.hpp"

namespace config {

/// The rules; an empty list, or 0, is no rule. Names and content types take `*` and `?`, keys see KeyPattern.
struct RemotePolicy {
    std::vector<std::string> allowed_keys;  ///< Every value of the offer stands at or below one of these.
    std::vector<std::string> denied_keys;   ///< None stands at or below one of these. Beats allowed_keys.
    std::vector<std::string> allowed_entries;
    std::vector<std::string> allowed_content_types;  ///< Without parameters, in any case; "" is an entry without one.
    std::uint64_t max_bytes = 0;                     ///< Of all bodies together.
    friend bool operator==(const RemotePolicy&, const RemotePolicy&) = default;
};

/// Whether the patterns of keys can be understood, for whoever reads the settings.
/// Errors: invalid, with the pattern.
base::Result<void> check_patterns(const RemotePolicy& policy);

/// Whether the policy lets `files` through, as the server offered them, before they are merged with anything. When in
/// doubt it does not:
/// - Denying ignores ASCII case, white space and the index of a list's element (`a.b` denies b in each element of a);
///   allowing is exact, and an element is a segment: `a.*.b`, `a.0.b`.
/// - A key that holds `.` or `::` is taken whole and taken apart: denied if one of these is, allowed if each is.
/// - A reference (`${...}`) as a whole value may become anything, so it may not stand above a denied key.
/// - Aliases and merge keys count where they are used. Each document of an entry is checked.
/// - With rules on keys, refused: an entry that is not YAML, unless allowed_entries has its very name; a null, a tag or
///   a reference as a key; a tag of a value that is not YAML's own; characters that YAML readers disagree about.
/// Errors  invalid, in one sentence with the entry, the path and the rule; too_large (max_bytes).
base::Result<void> check(const RemotePolicy& policy, const opamp::ConfigMap& files, Format format);

}  // namespace config

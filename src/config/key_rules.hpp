// The part of the policy that looks at keys: one walk through a document.
#pragma once

#include <vector>

#include "base/result.hpp"
#include "config/key_pattern.hpp"
#include "config/policy.hpp"
#include "config/yaml.hpp"

namespace config {

/// The patterns of a policy, understood.
class KeyRules {
public:
    /// Errors: invalid, naming the list and the pattern.
    static base::Result<KeyRules> make(const RemotePolicy& policy);

    bool empty() const { return denied_.empty() && allowed_.empty(); }

    /// Errors: invalid, with the path and the rule.
    base::Result<void> check(const yaml::Value& document) const;

private:
    friend class KeyWalk;
    std::vector<KeyPattern> denied_;  ///< Widened.
    std::vector<KeyPattern> allowed_;
};

}  // namespace config

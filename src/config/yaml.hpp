// YAML as a value that keeps what a merge must not lose: key order, and whether a scalar was quoted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace config::yaml {

struct Value {
    enum class Kind { null, plain, quoted, list, map };
    Kind kind = Kind::null;
    std::string text;                              ///< Of a scalar.
    std::string tag;                               ///< As written, "!secret" or "!!str"; mostly empty.
    std::vector<Value> items;                      ///< Of a list.
    std::vector<std::pair<Value, Value>> entries;  ///< Of a map, in order.
    friend bool operator==(const Value&, const Value&) = default;
};

/// Whether `text` is YAML, of any number of documents, without keeping anything of it: large configs cost no memory.
/// Errors: invalid, with line and column; too_large (over a million items in brackets, as JSON has them).
base::Result<void> check(std::string_view text);

/// The one document in `text`; null for an empty one. Aliases are resolved.
/// Errors  invalid (not YAML, several documents, a map or list as a key, a duplicate key, an alias inside its own
/// anchor),
///         too_large (over a million values, which only aliases of aliases reach).
base::Result<Value> parse(std::string_view text);

/// The same of every document in `text`; also too_large for more than a thousand.
base::Result<std::vector<Value>> parse_documents(std::string_view text);

/// `over` laid over `under`: maps merge key by key, anything else replaces.
void merge(Value& under, Value&& over);

/// Block style, two spaces an indent, ending with a newline; reads back as an equal value.
std::string emit(const Value& value);

}  // namespace config::yaml

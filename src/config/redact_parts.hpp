// The steps of taking secrets out of a text. Pure; private to this folder.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/literal_secrets.hpp"
#include "config/redact.hpp"

namespace config {

using base::kRedacted;

/// Whether all of `value` is `${NAME}` or `${env:NAME}`.
bool is_reference(std::string_view value);

struct Cleaned {
    std::size_t secrets = 0;
    std::string text;  ///< Without them; empty where there were none.
};

/// Replaces passwords of URLs and private keys in PEM.
Cleaned clean_text(std::string_view text);
/// The same, and what follows `key=` with a matching key, up to the end: for one scalar.
Cleaned clean_scalar(std::string_view text, const Redactor& redactor);

/// What is not YAML, and what stands in a block scalar: line by line.
std::string redact_lines(std::string_view text, const Redactor& redactor);

/// Nothing if `text` is not YAML, or a scalar alone.
std::optional<Cleaned> redact_yaml(std::string_view text, const Redactor& redactor);

}  // namespace config

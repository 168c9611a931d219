// A config as it may be shown to people: without its secrets. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace config {

/// The usual names of secrets: passwords, tokens, keys of APIs, credentials.
const std::vector<std::string>& default_patterns();

/// Takes the secrets out of configs of any format; what a secret is, is said by the names of keys.
class Redactor {
public:
    /// `patterns` are globs for a key alone, without the keys above it: `*` any characters, `?` one byte; upper and
    /// lower case of ASCII letters are the same.
    explicit Redactor(std::vector<std::string> patterns = default_patterns());

    bool is_secret(std::string_view key) const;

    /// `text` with each secret replaced by `[REDACTED]`, and everything else byte for byte as it was. Never fails.
    ///
    /// YAML and JSON, if every document in it is a map, a list or empty: every scalar below a matching key, at any
    /// depth, becomes "[REDACTED]" in quotes, so that the text parses to the same structure. Aliases stay: what an
    /// alias below such a key names is redacted where it stands. Nulls, keys and comments stay, and so do references
    /// to the environment, `${X}` and `${env:X}`, as the whole value.
    ///
    /// In every other scalar: passwords in URLs become REDACTED, without the brackets, which a URL may not have;
    /// private keys in PEM, and what follows `key=` with a matching key; in block scalars the lines as below.
    ///
    /// Any other text, and YAML with such a secret in a key, line by line: the value of a matching key in `key =
    /// value`, `key: value`, `key value;` up to the end of the line, and the lines below that are indented more, or
    /// that its open quote reaches. Text in UTF-16 or UTF-32 becomes `[REDACTED]` as a whole.
    ///
    /// Memory: the result, and the longest scalar a few times.
    std::string redact(std::string_view text) const;
    /// The same; a large config without secrets is not copied.
    void redact_in_place(std::string& text) const;
    /// The same of what a program printed, which may look like YAML and is none: line by line, and what follows `key=`
    /// anywhere in a line.
    std::string redact_output(std::string_view text) const;

private:
    std::vector<std::string> patterns_;  ///< In lower case.
};

}  // namespace config

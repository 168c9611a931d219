// A small state file as text: one "key: value" a line, bytes in hexadecimal, so that one line is always one field.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace base {

class Record {
public:
    /// Nothing for an empty text, a line without ": ", or a last line without its newline: the file was cut.
    static std::optional<Record> parse(std::string_view text);
    /// The lines in the order in which they were set.
    std::string text() const;

    void set(std::string_view key, std::string_view value) { fields_.emplace_back(key, value); }
    void set_bytes(std::string_view key, std::string_view bytes);

    /// Nothing where the key is missing.
    std::optional<std::string> find(std::string_view key) const;
    /// Nothing where the key is missing or its value is not hexadecimal.
    std::optional<std::string> find_bytes(std::string_view key) const;

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace base

#include "settings/environment_file.hpp"

#include <cctype>

namespace settings {
namespace {

using base::Error;
using base::Kind;
using base::Result;

bool is_name(std::string_view name) {
    if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0) return false;
    for (const unsigned char c : name)
        if (std::isalnum(c) == 0 && c != '_') return false;
    return true;
}

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) {}

    Result<std::map<std::string, std::string>> read() {
        std::map<std::string, std::string> variables;
        while (skip_to_name()) {
            const int line = line_;
            const auto failed = [&](const char* why) {
                return Error(Kind::invalid, "line " + std::to_string(line) + " " + why);
            };
            const std::size_t end = std::min(rest_.find_first_of("=\n"), rest_.size());
            std::string_view name = rest_.substr(0, end);
            while (!name.empty() && is_blank(name.back())) name.remove_suffix(1);
            if (end == rest_.size() || rest_[end] == '\n') return failed("is not NAME=VALUE");
            if (!is_name(name)) return failed("has no good name of a variable (letters, digits and _)");
            rest_.remove_prefix(end + 1);
            const auto value = read_value();
            if (!value) return failed("has a quote that is not closed");
            if (value->find('\0') != std::string::npos) return failed("has a NUL character in it");
            variables[std::string(name)] = *value;
        }
        return variables;
    }

private:
    char take() {
        const char c = rest_.front();
        rest_.remove_prefix(1);
        if (c == '\n') ++line_;
        return c;
    }

    /// False at the end of the text.
    bool skip_to_name() {
        while (!rest_.empty()) {
            if (rest_[0] == '#' || rest_[0] == ';')
                while (!rest_.empty() && rest_[0] != '\n') take();
            else if (is_blank(rest_[0]) || rest_[0] == '\n')
                take();
            else
                return true;
        }
        return false;
    }

    /// Nothing where a quote is not closed.
    std::optional<std::string> read_value() {
        std::string value;
        std::size_t kept = 0;  // blanks behind it are the line's, unless more follows
        while (!rest_.empty() && is_blank(rest_[0])) take();
        while (!rest_.empty()) {
            const char c = take();
            if (c == '\n') break;
            if (c == '\'' || c == '"') {
                if (!read_quoted(c, value)) return std::nullopt;
                kept = value.size();
            } else if (c == '\\' && !rest_.empty()) {
                const char next = take();
                if (next == '\n') continue;
                value += next;
                kept = value.size();
            } else {
                value += c;
                if (!is_blank(c)) kept = value.size();
            }
        }
        value.resize(kept);
        return value;
    }

    bool read_quoted(char quote, std::string& value) {
        while (!rest_.empty()) {
            const char c = take();
            if (c == quote) return true;
            if (c == '\\' && quote == '"' && !rest_.empty()) {
                const char next = take();
                if (next == '\n') continue;
                if (std::string_view("\"\\$`").find(next) == std::string_view::npos) value += c;
                value += next;
            } else {
                value += c;
            }
        }
        return false;
    }

    std::string_view rest_;
    int line_ = 1;
};

}  // namespace

Result<std::map<std::string, std::string>> parse_environment_file(std::string_view text) {
    return Reader(text).read();
}

EnvironmentFile environment_file_of(const std::string& item) {
    const bool may_be_missing = item.starts_with('-');
    return {item.substr(may_be_missing ? 1 : 0), may_be_missing};
}

}  // namespace settings

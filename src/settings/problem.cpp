#include "settings/problem.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace settings {
namespace {

/// A key may be any text that the file has: one problem stays one line.
std::string printable(std::string text) {
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
    return text;
}

}  // namespace

std::string to_text(const Problem& problem, const std::filesystem::path& file) {
    std::string text = file.string() + ":" + std::to_string(problem.line) + ": ";
    if (!problem.key.empty()) text += printable(problem.key) + ": ";
    return text + printable(problem.message);
}

void Report::add(Mark mark, const std::string& key, const std::string& message) {
    problems_.push_back({mark.line, mark.column, key, message});
}

bool Report::failed(std::string_view key) const {
    return std::any_of(problems_.begin(), problems_.end(), [&](const Problem& problem) { return problem.key == key; });
}

std::vector<Problem> Report::take() {
    std::stable_sort(problems_.begin(), problems_.end(), [](const Problem& a, const Problem& b) {
        return std::tie(a.line, a.column) < std::tie(b.line, b.column);
    });
    return std::exchange(problems_, {});
}

Mark Report::where(std::string key) const {
    for (;;) {
        if (const auto found = marks_.find(key); found != marks_.end()) return found->second;
        const auto dot = key.rfind('.');
        if (dot == std::string::npos) return {};
        key.resize(dot);
    }
}

}  // namespace settings

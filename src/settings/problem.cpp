#include "settings/problem.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace settings {

std::string to_text(const Problem& problem, const std::filesystem::path& file) {
    std::string text = file.string() + ":" + std::to_string(problem.line) + ": ";
    if (!problem.key.empty()) text += problem.key + ": ";
    return text + problem.message;
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

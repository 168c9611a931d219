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
    std::string text = problem.file.empty() ? file.string() : printable(problem.file);
    text += ":" + std::to_string(problem.line) + ": ";
    if (!problem.key.empty()) text += printable(problem.key) + ": ";
    return text + printable(problem.message);
}

void Report::add(Mark mark, const std::string& key, const std::string& message) {
    const std::string file = mark.file == 0 ? "" : files_.at(static_cast<std::size_t>(mark.file) - 1);
    found_.push_back({mark, {mark.line, mark.column, key, message, file}});
}

bool Report::failed(std::string_view key) const {
    return spoiled_.contains(key) ||
           std::any_of(found_.begin(), found_.end(), [&](const Found& found) { return found.problem.key == key; });
}

std::vector<Problem> Report::take() {
    std::stable_sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) {
        return std::tie(a.mark.file, a.mark.line, a.mark.column) < std::tie(b.mark.file, b.mark.line, b.mark.column);
    });
    std::vector<Problem> problems;
    for (Found& found : std::exchange(found_, {})) {
        Problem& problem = found.problem;
        const auto above =
            std::ranges::find_if(agents_, [&](const auto& path) { return problem.key.starts_with(path); });
        if (found.mark.file != 0 && above != agents_.end()) problem.key.erase(0, above->size());
        // A preset's mistake is one, however many agents have the preset.
        if (problems.empty() || problems.back() != problem) problems.push_back(std::move(problem));
    }
    return problems;
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

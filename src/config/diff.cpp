#include "config/diff.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/bytes.hpp"

namespace config {
namespace {

/// Beyond these the remainder counts as replaced: 12 MiB for the lines, 16 MiB for the search, some 100 ms.
constexpr std::size_t kMostLines = 500'000;  ///< Of both texts together, without what they begin and end with.
constexpr std::int32_t kMostEdits = 2'000;   ///< Lines removed and added.
constexpr std::int64_t kMostSteps = 50'000'000;

struct Line {
    std::size_t begin;  ///< Where it stands in its text.
    std::size_t size;
    std::size_t hash;  ///< Equal lines have equal ones; mostly spares the comparison.
};

/// What is left of both texts without their common lines at either end.
struct Middle {
    std::size_t begin;  ///< The same in both.
    std::size_t before_end, after_end;
};

/// Lines replaced by lines; counted from the start of the middle.
struct Change {
    std::int64_t before, after;
    std::int64_t removed, added;
};

std::size_t line_end(std::string_view text, std::size_t from) {
    const std::size_t found = text.find('\n', from);
    return found == std::string_view::npos ? text.size() : found + 1;
}

Middle trim(std::string_view before, std::string_view after) {
    const std::size_t most = std::min(before.size(), after.size());
    const auto parted =
        std::mismatch(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(most), after.begin());
    const auto same = static_cast<std::size_t>(parted.first - before.begin());
    const std::size_t newline = same == 0 ? std::string_view::npos : before.rfind('\n', same - 1);
    const std::size_t begin = newline == std::string_view::npos ? 0 : newline + 1;

    std::size_t tail = 0;
    while (tail < most - begin && before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) ++tail;
    const auto starts_line = [&](std::string_view text) {
        const std::size_t at = text.size() - tail;
        return at == begin || text[at - 1] == '\n';
    };
    if (!starts_line(before) || !starts_line(after)) tail = before.size() - line_end(before, before.size() - tail);
    return {begin, before.size() - tail, after.size() - tail};
}

std::size_t count_lines(std::string_view text) {
    const auto newlines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    return newlines + (text.empty() || text.ends_with('\n') ? 0 : 1);
}

/// The lines of a part of `text`.
std::vector<Line> split(std::string_view text, std::size_t begin, std::size_t end) {
    std::vector<Line> lines;
    while (begin < end) {
        const std::size_t next = line_end(text, begin);
        lines.push_back({begin, next - begin, std::hash<std::string_view>()(text.substr(begin, next - begin))});
        begin = next;
    }
    return lines;
}

/// Finds the fewest changes by Myers' greedy search: for each number of edits, how far each diagonal gets.
class Search {
public:
    Search(std::string_view before, const std::vector<Line>& old_lines, std::string_view after,
           const std::vector<Line>& new_lines)
        : before_(before), after_(after), old_(old_lines), new_(new_lines) {}

    std::vector<Change> run() {
        const auto rows = static_cast<std::int32_t>(old_.size());
        const auto columns = static_cast<std::int32_t>(new_.size());
        std::vector<std::int32_t> reach(static_cast<std::size_t>(2 * kMostEdits + 3), 0);
        for (std::int32_t edits = 0;; ++edits) {
            const std::int32_t best = advance(reach, edits);
            const std::int32_t x = reach[index(best)];
            if (x == rows && x - best == columns) return changes_to(edits, best, x);
            if (edits == kMostEdits || steps_ > kMostSteps) return with_rest(changes_to(edits, best, x), x, x - best);
        }
    }

private:
    static std::size_t index(std::int32_t diagonal) { return static_cast<std::size_t>(diagonal + kMostEdits + 1); }

    bool same(std::int32_t x, std::int32_t y) const {
        const Line& one = old_[static_cast<std::size_t>(x)];
        const Line& other = new_[static_cast<std::size_t>(y)];
        return one.hash == other.hash && one.size == other.size &&
               before_.compare(one.begin, one.size, after_, other.begin, other.size) == 0;
    }

    /// Whether the best way to `diagonal` with `edits` ends with an added line, not with a removed one.
    static bool adds(const std::vector<std::int32_t>& reach, std::int32_t edits, std::int32_t diagonal) {
        return diagonal == -edits || (diagonal != edits && reach[index(diagonal - 1)] < reach[index(diagonal + 1)]);
    }

    /// Takes every diagonal one edit further and returns the one that got furthest. Remembers where each began, for
    /// the way back.
    std::int32_t advance(std::vector<std::int32_t>& reach, std::int32_t edits) {
        const auto rows = static_cast<std::int32_t>(old_.size());
        const auto columns = static_cast<std::int32_t>(new_.size());
        trace_.emplace_back(reach.begin() + kMostEdits + 1 - edits, reach.begin() + kMostEdits + 2 + edits);
        std::int32_t best = 0;
        std::int64_t furthest = -1;
        for (std::int32_t k = -edits; k <= edits; k += 2) {
            std::int32_t x = 0;
            if (edits > 0) x = adds(reach, edits, k) ? reach[index(k + 1)] : reach[index(k - 1)] + 1;
            std::int32_t y = x - k;
            if (x > rows || y > columns) {  // past an edge: of no use, and kept only as a value to compare
                reach[index(k)] = x;
                continue;
            }
            for (; x < rows && y < columns && same(x, y); ++x, ++y)
                steps_ += 1 + static_cast<std::int64_t>(old_[static_cast<std::size_t>(x)].size / 64);
            reach[index(k)] = x;
            ++steps_;
            if (std::int64_t{x} + y > furthest) furthest = std::int64_t{x} + y, best = k;
        }
        return best;
    }

    /// The changes on the way to a point, first one first.
    std::vector<Change> changes_to(std::int32_t edits, std::int32_t k, std::int32_t x) const {
        std::vector<Change> changes;
        for (; edits > 0; --edits) {
            const auto& kept = trace_[static_cast<std::size_t>(edits)];
            const auto reached = [&](std::int32_t diagonal) {
                return kept[static_cast<std::size_t>(diagonal + edits)];
            };
            const bool added = k == -edits || (k != edits && reached(k - 1) < reached(k + 1));
            k += added ? 1 : -1;
            x = reached(k);
            join_front(changes, {x, x - k, added ? 0 : 1, added ? 1 : 0});
        }
        std::reverse(changes.begin(), changes.end());
        return changes;
    }

    /// Adds a change that ends before those so far, which are in reverse order.
    static void join_front(std::vector<Change>& changes, const Change& change) {
        if (!changes.empty() && changes.back().before == change.before + change.removed &&
            changes.back().after == change.after + change.added) {
            changes.back() = {change.before, change.after, changes.back().removed + change.removed,
                              changes.back().added + change.added};
        } else {
            changes.push_back(change);
        }
    }

    std::vector<Change> with_rest(std::vector<Change> changes, std::int32_t x, std::int32_t y) const {
        changes.push_back(
            {x, y, static_cast<std::int64_t>(old_.size()) - x, static_cast<std::int64_t>(new_.size()) - y});
        return changes;
    }

    std::string_view before_, after_;
    const std::vector<Line>& old_;
    const std::vector<Line>& new_;
    std::vector<std::vector<std::int32_t>> trace_;
    std::int64_t steps_ = 0;
};

std::vector<Change> changes_in(std::string_view before, std::string_view after, const Middle& middle) {
    const std::size_t removed = count_lines(before.substr(middle.begin, middle.before_end - middle.begin));
    const std::size_t added = count_lines(after.substr(middle.begin, middle.after_end - middle.begin));
    if (removed == 0 || added == 0 || removed + added > kMostLines)
        return {{0, 0, static_cast<std::int64_t>(removed), static_cast<std::int64_t>(added)}};
    const std::vector<Line> old_lines = split(before, middle.begin, middle.before_end);
    const std::vector<Line> new_lines = split(after, middle.begin, middle.after_end);
    return Search(before, old_lines, after, new_lines).run();
}

/// Walks a text line by line.
class Cursor {
public:
    Cursor(std::string_view text, std::size_t at) : text_(text), at_(at) {}

    bool at_end() const { return at_ == text_.size(); }

    std::string_view next() {
        const std::size_t begin = at_;
        at_ = line_end(text_, at_);
        return text_.substr(begin, at_ - begin);
    }
    void skip(std::int64_t lines) {
        while (lines-- > 0) next();
    }
    /// Goes back by up to `most` lines; returns by how many.
    std::int64_t back(std::int64_t most) {
        std::int64_t lines = 0;
        for (; lines < most && at_ > 0; ++lines) {
            const std::size_t newline = at_ < 2 ? std::string_view::npos : text_.rfind('\n', at_ - 2);
            at_ = newline == std::string_view::npos ? 0 : newline + 1;
        }
        return lines;
    }

private:
    std::string_view text_;
    std::size_t at_;
};

/// Lines of one side of a hunk's header: "3,2", "3" for one, "2,0" for none after the second.
std::string range(std::int64_t begin, std::int64_t lines) {
    if (lines == 1) return std::to_string(begin + 1);
    return std::to_string(lines == 0 ? begin : begin + 1) + "," + std::to_string(lines);
}

class Writer {
public:
    Writer(std::string_view before, std::string_view after, std::size_t begin, std::int64_t context)
        : first_line_(static_cast<std::int64_t>(count_lines(before.substr(0, begin)))),
          context_(context),
          old_(before, begin),
          new_(after, begin) {}

    std::string write(const std::vector<Change>& changes) {
        for (std::size_t i = 0; i < changes.size();) {
            std::size_t end = i + 1;
            while (end < changes.size() &&
                   (changes[end].before - changes[end - 1].before - changes[end - 1].removed + 1) / 2 <= context_)
                ++end;
            hunk(&changes[i], &changes[end - 1]);
            i = end;
        }
        return std::move(out_);
    }

private:
    /// The changes from `first` to `last` with what stands between and around them.
    void hunk(const Change* first, const Change* last) {
        body_.clear();
        old_.skip(first->before - place_);
        new_.skip(first->before - place_);
        const std::int64_t lead = old_.back(context_);
        new_.back(lead);
        for (std::int64_t i = 0; i < lead; ++i) keep();
        place_ = first->before;
        for (const Change* change = first; change <= last; ++change) {
            for (; place_ < change->before; ++place_) keep();
            for (std::int64_t i = 0; i < change->removed; ++i) line('-', old_.next());
            for (std::int64_t i = 0; i < change->added; ++i) line('+', new_.next());
            place_ += change->removed;
        }
        std::int64_t trail = 0;
        for (; trail < context_ && !old_.at_end(); ++trail) keep();
        place_ += trail;
        const std::int64_t removed = last->before + last->removed - first->before;
        const std::int64_t added = last->after + last->added - first->after;
        out_ += "@@ -" + range(first_line_ + first->before - lead, lead + removed + trail) + " +" +
                range(first_line_ + first->after - lead, lead + added + trail) + " @@\n" + body_;
    }

    void keep() {
        line(' ', old_.next());
        new_.next();
    }

    void line(char sign, std::string_view text) {
        body_ += sign;
        body_ += text;
        if (!text.ends_with('\n')) body_ += "\n\\ No newline at end of file\n";
    }

    std::int64_t first_line_;  ///< Of the middle, from 0.
    std::int64_t context_;
    Cursor old_, new_;
    std::int64_t place_ = 0;  ///< The line of the old text where its cursor stands, from the middle's start.
    std::string body_, out_;
};

std::string header_name(const std::string& name) {
    const bool odd = std::any_of(name.begin(), name.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '"' || c == '\\';
    });
    return odd ? base::json_string(name) : name;
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after, const std::string& before_name,
                         const std::string& after_name, int context) {
    if (before == after) return {};
    const Middle middle = trim(before, after);
    const std::vector<Change> changes = changes_in(before, after, middle);
    return "--- " + header_name(before_name) + "\n+++ " + header_name(after_name) + "\n" +
           Writer(before, after, middle.begin, std::max(context, 0)).write(changes);
}

}  // namespace config

// The last bytes of a stream, and its lines. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace output {

/// The last `most` bytes.
class Tail {
public:
    explicit Tail(std::size_t most) : most_(most) {}
    void add(std::string_view bytes);
    void clear() { kept_.clear(); }
    std::string_view text() const;
    /// How many have been added, ever.
    std::uint64_t count() const { return count_; }

private:
    std::size_t most_;
    std::uint64_t count_ = 0;
    std::string kept_;  ///< Up to twice as many: what is too old goes in large pieces.
};

/// Whole lines, from pieces that end anywhere. A line that is longer than `longest` is cut into several.
class Lines {
public:
    explicit Lines(std::size_t longest) : longest_(longest) {}
    /// Calls `take` for each line that has come to its end with `bytes`, without its newline.
    template <typename Take>
    void add(std::string_view bytes, Take take) {
        while (!bytes.empty()) {
            const std::size_t end = bytes.find('\n');
            const bool is_whole = end != std::string_view::npos;
            std::string_view piece = bytes.substr(0, end);
            bytes.remove_prefix(is_whole ? end + 1 : bytes.size());
            while (begun_.size() + piece.size() > longest_) {
                const std::size_t room = longest_ - begun_.size();
                begun_ += piece.substr(0, room);
                piece.remove_prefix(room);
                take(std::string_view(begun_));
                begun_.clear();
                was_cut_ = true;
            }
            const bool is_rest = was_cut_ && begun_.empty() && piece.empty();  // of a line that fitted exactly
            begun_ += piece;
            if (!is_whole) continue;
            if (!is_rest) take(std::string_view(begun_));
            begun_.clear();
            was_cut_ = false;
        }
    }
    /// What has no end yet counts as a line, if there is anything.
    template <typename Take>
    void finish(Take take) {
        if (!begun_.empty()) take(std::string_view(begun_));
        begun_.clear();
        was_cut_ = false;
    }

private:
    std::size_t longest_;
    std::string begun_;
    bool was_cut_ = false;
};

}  // namespace output

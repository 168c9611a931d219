// Bytes in pieces: the large ones are views of what they were made of, so that nothing large is copied.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace base {

class Pieces {
public:
    Pieces() = default;
    Pieces(Pieces&&) = default;  // a deque that is moved leaves its strings where the views look for them
    Pieces(const Pieces&) = delete;

    /// `bytes` outlives this.
    void add(std::string_view bytes) {
        size_ += bytes.size();
        all_.push_back(bytes);
    }
    void add_made(std::string bytes) { add(made_.emplace_back(std::move(bytes))); }

    const std::vector<std::string_view>& all() const { return all_; }
    std::size_t size() const { return size_; }

private:
    std::deque<std::string> made_;
    std::vector<std::string_view> all_;
    std::size_t size_ = 0;
};

}  // namespace base

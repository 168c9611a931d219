// Reads an agent's output across its files, as one text, while it is written and rotated.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "output/files.hpp"
#include "output/pack.hpp"

namespace output {

/// Everything here blocks on the disk, and takes memory that does not depend on how much there is.
class Reader {
public:
    /// `files` outlives the object.
    explicit Reader(const Files& files) : files_(files) {}

    /// To the end of what is there now.
    void to_end();
    /// To where the last `lines` lines begin.
    void to_last_lines(std::uint64_t lines);
    /// The next bytes; empty at the end of what has been written.
    std::string read();
    /// Whether all has been read that was there when it was placed.
    bool is_past() const {
        return number_ > end_number_ || (number_ == end_number_ && plain_ && offset_ >= end_offset_);
    }
    /// Whether files were skipped since it was asked last: they were removed before they could be read.
    bool has_skipped() { return std::exchange(has_skipped_, false); }

private:
    bool open();
    std::string read_open();
    void move_on();

    const Files& files_;
    std::uint64_t number_ = 0;  ///< Of the file that is read.
    std::uint64_t offset_ = 0;  ///< In that, unpacked.
    std::uint64_t end_number_ = 0, end_offset_ = 0;
    base::UniqueFd plain_;
    std::unique_ptr<Unpacker> packed_;
    bool has_skipped_ = false;
};

}  // namespace output

#include "output/reader.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "output/tail.hpp"

namespace output {
namespace {

constexpr std::size_t kPiece = 64 << 10;

bool is_removed(int fd) {
    struct stat info {};
    return ::fstat(fd, &info) == 0 && info.st_nlink == 0;
}

/// Where the last `lines` lines begin; `lines` becomes how many there were to find.
std::uint64_t last_lines_of_plain(int fd, std::uint64_t& lines) {
    const std::uint64_t wanted = lines;
    std::uint64_t begin = size_of(fd);
    lines = 0;
    // `begin` is where a line begins, or the end of the file: the line before it ends just before that.
    for (std::uint64_t end = begin; end > 0 && lines < wanted;) {
        const std::uint64_t from = end - std::min<std::uint64_t>(end, kPiece);
        const std::string text = read_at(fd, from, static_cast<std::size_t>(end - from));
        for (std::size_t i = text.size(); i > 0 && lines < wanted; --i) {
            if (text[i - 1] != '\n' || from + i == begin) continue;
            begin = from + i;
            ++lines;
        }
        end = from;
    }
    if (lines < wanted && begin > 0) {
        begin = 0;
        ++lines;
    }
    return begin;
}

/// Visits what is in a packed file, piece by piece.
template <typename Visit>
void each_piece(base::UniqueFd fd, Visit visit) {
    Unpacker packed(std::move(fd));
    for (std::string piece = packed.read(); !piece.empty(); piece = packed.read()) visit(piece);
}

std::uint64_t count_lines(base::UniqueFd fd) {
    std::uint64_t lines = 0;
    char last = '\n';
    each_piece(std::move(fd), [&](const std::string& piece) {
        lines += static_cast<std::uint64_t>(std::count(piece.begin(), piece.end(), '\n'));
        last = piece.back();
    });
    return lines + (last == '\n' ? 0 : 1);
}

std::uint64_t begin_of_line(base::UniqueFd fd, std::uint64_t line) {
    std::uint64_t begin = 0, offset = 0;
    each_piece(std::move(fd), [&](const std::string& piece) {
        for (std::size_t at = 0; line > 0; --line) {
            at = piece.find('\n', at);
            if (at == std::string::npos) break;
            begin = offset + ++at;
        }
        offset += piece.size();
    });
    return begin;
}

}  // namespace

void Reader::to_end() {
    plain_.reset();
    packed_.reset();
    number_ = files_.live_number();
    const auto live = files_.open_to_read(number_);
    offset_ = live && !live->is_packed ? size_of(live->fd.get()) : 0;
    end_number_ = number_;
    end_offset_ = offset_;
}

void Reader::to_last_lines(std::uint64_t lines) {
    to_end();
    if (lines == 0) return;
    std::vector<std::uint64_t> numbers = files_.numbers();
    std::erase_if(numbers, [&](std::uint64_t number) { return number >= number_; });
    numbers.push_back(number_);
    for (auto number = numbers.rbegin(); number != numbers.rend() && lines > 0; ++number) {
        auto opened = files_.open_to_read(*number);
        if (!opened) continue;
        std::uint64_t found = lines;
        if (!opened->is_packed) {
            offset_ = last_lines_of_plain(opened->fd.get(), found);
        } else {
            const std::uint64_t all = count_lines(std::move(opened->fd));
            found = std::min(all, lines);
            opened = files_.open_to_read(*number);
            offset_ = opened && all > found ? begin_of_line(std::move(opened->fd), all - found) : 0;
        }
        number_ = *number;
        lines -= found;
    }
}

std::string Reader::read() {
    for (;;) {
        // Before the bytes: what is complete by now gets no more of them.
        const std::uint64_t live = files_.live_number();
        if (!plain_ && !packed_ && !open()) {
            if (number_ >= live) return {};
            move_on();
            continue;
        }
        std::string text = read_open();
        if (!text.empty() || number_ >= live) return text;
        move_on();
    }
}

bool Reader::open() {
    auto opened = files_.open_to_read(number_);
    if (!opened) return false;
    if (!opened->is_packed) {
        plain_ = std::move(opened->fd);
        return true;
    }
    packed_ = std::make_unique<Unpacker>(std::move(opened->fd));
    return true;
}

std::string Reader::read_open() {
    if (plain_) {
        std::string text = read_at(plain_.get(), offset_, kPiece);
        // Somebody has emptied it.
        if (text.empty() && size_of(plain_.get()) < offset_) text = read_at(plain_.get(), offset_ = 0, kPiece);
        offset_ += text.size();
        // Somebody has removed it: there is another one of its name, or will be.
        if (text.empty() && is_removed(plain_.get())) {
            plain_.reset();
            offset_ = 0;
        }
        return text;
    }
    // `offset_` counts down what is to be passed over.
    for (;;) {
        std::string text = packed_->read();
        if (text.empty() || text.size() > offset_) {
            text.erase(0, static_cast<std::size_t>(std::min<std::uint64_t>(offset_, text.size())));
            offset_ = 0;
            return text;
        }
        offset_ -= text.size();
    }
}

void Reader::move_on() {
    const bool was_there = plain_ || packed_;
    plain_.reset();
    packed_.reset();
    offset_ = 0;
    ++number_;
    if (was_there) return;
    has_skipped_ = true;
    // To what is there still.
    for (const std::uint64_t number : files_.numbers())
        if (number >= number_) {
            number_ = std::min(number, files_.live_number());
            return;
        }
    number_ = files_.live_number();
}

}  // namespace output

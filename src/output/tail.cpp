#include "output/tail.hpp"

#include <algorithm>

namespace output {

void Tail::add(std::string_view bytes) {
    count_ += bytes.size();
    if (bytes.size() >= most_) {
        kept_.assign(bytes.substr(bytes.size() - most_));
        return;
    }
    if (kept_.size() + bytes.size() > 2 * most_) kept_.erase(0, kept_.size() - std::min(kept_.size(), most_));
    kept_ += bytes;
}

std::string_view Tail::text() const {
    return std::string_view(kept_).substr(kept_.size() - std::min(kept_.size(), most_));
}

}  // namespace output

// The answer of a proxy to CONNECT (RFC 9110, 9.3.6), taken apart as its bytes arrive. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace net {

class ProxyAnswer {
public:
    /// Errors: too_large (an endless answer).
    base::Result<void> add(std::string_view bytes);
    /// The head of the final answer is there, behind those that may come before it (RFC 9110, 15.2).
    bool is_complete() const { return is_complete_; }
    /// Whether the tunnel stands. Errors: refused (with the proxy's status), invalid (not HTTP; a body where there is
    /// none).
    base::Result<void> verdict() const;

private:
    std::string bytes_;
    std::size_t final_ = 0;  ///< Where the final answer begins, as far as is known.
    bool is_complete_ = false;
};

}  // namespace net

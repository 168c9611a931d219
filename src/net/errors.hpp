// Errors of sockets and of TLS in clear words.
#pragma once

#include <boost/system/error_code.hpp>

#include "base/result.hpp"

namespace net {

/// "connection refused", "name not found", "the peer does not speak TLS", …: io, refused, invalid, or cancelled.
base::Error network_error(const boost::system::error_code& code);

}  // namespace net

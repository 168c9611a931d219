// Precompiled for every target that uses Asio. Only what most of them include, and no Beast.
#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "pch_std.hpp"

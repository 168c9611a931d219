#include "net/gzip.hpp"

#include <algorithm>
#include <limits>

#include "base/gzip_streams.hpp"
#include "base/units.hpp"

namespace net {
namespace {

using base::Error;
using base::Kind;
using base::Result;

constexpr std::size_t kFirstRoom = 4 << 10;

/// zlib counts in 32 bits, and does not write through `next_in`.
void give_input(z_stream& stream, std::string_view bytes) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(std::min<std::size_t>(bytes.size(), std::numeric_limits<uInt>::max()));
}

void give_room(z_stream& stream, std::string& out, std::size_t used) {
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
    stream.avail_out = static_cast<uInt>(std::min<std::size_t>(out.size() - used, std::numeric_limits<uInt>::max()));
}

void grow(std::string& out, std::size_t used, std::uint64_t most) {
    if (used == out.size()) out.resize(std::min<std::uint64_t>(std::max(kFirstRoom, used * 2), most));
}

}  // namespace

std::string gzip(std::string_view bytes) {
    base::Deflater deflater;
    z_stream& stream = deflater.stream;
    std::string out;
    std::size_t used = 0;
    for (int code = Z_OK; code != Z_STREAM_END;) {
        grow(out, used, std::numeric_limits<std::uint64_t>::max());
        give_input(stream, bytes);
        give_room(stream, out, used);
        const uInt offered = stream.avail_in;
        const uInt room = stream.avail_out;
        code = ::deflate(&stream, offered == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
        bytes.remove_prefix(offered - stream.avail_in);
        used += room - stream.avail_out;
    }
    out.resize(used);
    return out;
}

Result<std::string> gunzip(std::string_view packed, std::uint64_t limit) {
    base::Inflater inflater;
    z_stream& stream = inflater.stream;
    std::string out;
    std::size_t used = 0;
    for (int code = Z_OK; code != Z_STREAM_END || !packed.empty();) {
        if (code == Z_STREAM_END) ::inflateReset(&stream);  // the next member
        grow(out, used, std::max(limit, limit + 1));        // one byte more tells "at the limit" from "over it"
        give_input(stream, packed);
        give_room(stream, out, used);
        const uInt offered = stream.avail_in;
        const uInt room = stream.avail_out;
        code = ::inflate(&stream, Z_NO_FLUSH);
        packed.remove_prefix(offered - stream.avail_in);
        used += room - stream.avail_out;
        if (used > limit) return Error(Kind::too_large, "more than " + base::format_size(limit) + " when inflated");
        if (code == Z_BUF_ERROR) return Error(Kind::invalid, "gzip data that are cut short");
        if (code != Z_OK && code != Z_STREAM_END) return Error(Kind::invalid, "not gzip, or damaged");
    }
    out.resize(used);
    return out;
}

}  // namespace net

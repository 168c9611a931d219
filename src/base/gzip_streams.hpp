// zlib's streams of gzip, with an end.
#pragma once

#include <zlib.h>

#include <new>

namespace base {

inline constexpr int kGzipWindow = 15 + 16;  ///< zlib's largest, and gzip's header instead of its own.

/// Throws std::bad_alloc; so does the next.
struct Inflater {
    Inflater() {
        if (::inflateInit2(&stream, kGzipWindow) != Z_OK) throw std::bad_alloc();
    }
    ~Inflater() { ::inflateEnd(&stream); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    z_stream stream{};
};

struct Deflater {
    Deflater() {
        constexpr int kMemoryLevel = 8;  // zlib's own default
        if (::deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, kMemoryLevel, Z_DEFAULT_STRATEGY) !=
            Z_OK)
            throw std::bad_alloc();
    }
    ~Deflater() { ::deflateEnd(&stream); }
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;

    z_stream stream{};
};

}  // namespace base

"""Protobuf's encoding by hand, for tests that may not believe a library of either side. Each takes the number of its field."""

import struct


def varint(value):
    encoded = b""
    while value > 0x7f:
        encoded += bytes([value & 0x7f | 0x80])
        value >>= 7
    return encoded + bytes([value])


def part(number, content):
    """A message, text or bytes."""
    content = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(content)) + content


def integer(number, value):
    return varint(number << 3) + varint(value)


def fixed(number, value):
    """64 bits: a float, or an unsigned integer."""
    return varint(number << 3 | 1) + struct.pack("<d" if isinstance(value, float) else "<Q", value)


def pair(number, key, value):
    """A KeyValue."""
    return part(number, part(1, key) + part(2, value))

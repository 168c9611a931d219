"""WebSocket frames, as both of the fakes need them (RFC 6455)."""

import base64
import hashlib
import os
import struct
from typing import NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Frame(NamedTuple):
    opcode: int
    is_masked: bool
    is_last: bool
    reserved: int
    payload: bytes


def accept_of(key):
    return base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()


def frame(opcode, payload=b"", is_last=True, reserved=0, mask=None):
    """`mask`: 4 bytes, as a client's frames have them."""
    size = len(payload)
    bit = 0x80 if mask else 0
    if size < 126:
        length = bytes([bit | size])
    elif size < 1 << 16:
        length = struct.pack("!BH", bit | 126, size)
    else:
        length = struct.pack("!BQ", bit | 127, size)
    head = bytes([(0x80 if is_last else 0) | reserved << 4 | opcode]) + length
    return head + (mask + masked(payload, mask) if mask else payload)


def close_frame(code=1000, reason=b"", mask=None):
    return frame(CLOSE, struct.pack("!H", code) + reason if code else b"", mask=mask)


def fragments(payload, count):
    """One message in `count` frames."""
    step = max(1, -(-len(payload) // count))
    pieces = [payload[start:start + step] for start in range(0, len(payload), step)] or [b""]
    return b"".join(frame(BINARY if index == 0 else CONTINUATION, piece, is_last=index == len(pieces) - 1)
                    for index, piece in enumerate(pieces))


def masked(payload, mask):
    if not payload or mask == b"\0" * 4:
        return payload
    size = len(payload)
    whole = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(whole, "big")).to_bytes(size, "big")


def new_mask():
    return os.urandom(4)


def read_frame(stream):
    """The next frame, or None at the end."""
    head = stream.read(2)
    if len(head) < 2:
        return None
    length = head[1] & 0x7F
    if length >= 126:
        size = 2 if length == 126 else 8
        length = int.from_bytes(stream.read(size), "big")
    mask = stream.read(4) if head[1] & 0x80 else b"\0" * 4
    payload = stream.read(length)
    if len(payload) < length:
        return None
    return Frame(head[0] & 0xF, bool(head[1] & 0x80), bool(head[0] & 0x80), head[0] >> 4 & 7, masked(payload, mask))


def close_code(payload):
    return struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else None

"""A WebSocket server that looks at the frames themselves: one connection, nothing is answered."""

import base64
import hashlib
import socket
import struct
import threading
from typing import NamedTuple

BINARY, CLOSE = 2, 8


class Frame(NamedTuple):
    opcode: int
    is_masked: bool
    payload: bytes


class RawServer:
    """`frames` fills as they come; `ended` is set when the peer has closed the TCP connection."""

    def __init__(self, port):
        self.listener = socket.create_server(("127.0.0.1", port))
        self.frames, self.head, self.ended = [], "", threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        connection, _ = self.listener.accept()
        with connection, connection.makefile("rb") as stream:
            self._upgrade(connection, stream)
            while frame := self._read(stream):
                self.frames.append(frame)
                if frame.opcode == CLOSE:
                    connection.sendall(bytes([0x80 | CLOSE, len(frame.payload)]) + frame.payload)
        self.ended.set()

    def _upgrade(self, connection, stream):
        lines = []
        while (line := stream.readline().decode().strip()):
            lines.append(line)
        self.head = "\n".join(lines)
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        key = headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        connection.sendall(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            f"Sec-WebSocket-Accept: {accept}\r\n\r\n").encode())

    @staticmethod
    def _read(stream):
        head = stream.read(2)
        if len(head) < 2:
            return None
        length = head[1] & 0x7F
        if length >= 126:
            size = 2 if length == 126 else 8
            length, = struct.unpack("!H" if size == 2 else "!Q", stream.read(size))
        mask = stream.read(4) if head[1] & 0x80 else b"\0" * 4
        payload = bytes(byte ^ mask[index % 4] for index, byte in enumerate(stream.read(length)))
        return Frame(head[0] & 0xF, bool(head[1] & 0x80), payload)

    def close(self):
        self.listener.close()

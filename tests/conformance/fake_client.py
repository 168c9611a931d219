"""OpAMP clients that do what their test says: FC(ws) and FC(http), for rows about a server."""

import contextlib
import gzip
import http.client
import socket
import time
import uuid

import websocket
from protocol import A2S, S2A  # noqa: F401
from rig import Failed, expect

PATH = "/v1/opamp"
PROTOBUF = "application/x-protobuf"


class Refused(Exception):
    """The answer to an upgrade that was not 101."""

    def __init__(self, status, headers):
        super().__init__(f"refused with {status}")
        self.status, self.headers = status, headers


class WsClient:
    """One WebSocket. `frames`: what came; `close_code`: of the server's Close."""

    def __init__(self, port, path=PATH, headers=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb")
        self.frames, self.close_code = [], None
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", *(f"{name}: {value}" for name, value in (headers or {}).items())]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        status = int(self.stream.readline().split()[1])
        answer = {}
        while line := self.stream.readline().decode().strip():
            name, _, value = line.partition(":")
            answer[name.lower()] = value.strip()
        if status != 101:
            self.end()
            raise Refused(status, answer)

    def raw(self, data):
        self.socket.sendall(data)

    def send_bytes(self, data):
        """A binary message, header and all."""
        self.raw(websocket.frame(websocket.BINARY, data, mask=websocket.new_mask()))

    def send(self, message):
        self.send_bytes(b"\0" + (message if isinstance(message, bytes) else message.SerializeToString()))

    def receive(self):
        """The next message of the server."""
        data = b""
        while True:
            frame = websocket.read_frame(self.stream)
            if frame is None:
                raise Failed("the server has ended the connection")
            self.frames.append(frame)
            if frame.opcode == websocket.CLOSE:
                self.close_code = websocket.close_code(frame.payload)
                with contextlib.suppress(OSError):
                    self.raw(websocket.frame(websocket.CLOSE, frame.payload, mask=websocket.new_mask()))
                raise Failed(f"the server has closed the connection with {self.close_code}")
            if frame.opcode == websocket.PING:
                self.raw(websocket.frame(websocket.PONG, frame.payload, mask=websocket.new_mask()))
            if frame.opcode < 8:
                data += frame.payload
                if frame.is_last:
                    expect("header 0", data[:1] == b"\0")
                    return S2A.FromString(data[1:])

    def ask(self, message):
        self.send(message)
        return self.receive()

    def is_quiet(self, seconds=0.3):
        """Nothing comes within that time."""
        self.socket.settimeout(seconds)
        try:
            data = self.socket.recv(1, socket.MSG_PEEK)
            return False if data else True
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(20)

    def wait_for_end(self):
        """The code with which the server closes."""
        with contextlib.suppress(Failed, OSError):
            while True:
                self.receive()
        return self.close_code

    def end(self):
        self.stream.close()
        self.socket.close()


class HttpClient:
    """Every message a POST, on one connection while the server keeps it."""

    def __init__(self, port, path=PATH, headers=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self.path, self.headers = path, headers or {}

    def post(self, body, **headers):
        """The answer, whatever it is: (status, headers, body). `headers`: with _ for -."""
        sent = {"Content-Type": PROTOBUF, **self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        self.connection.request("POST", self.path, body=body, headers={name: value for name, value in sent.items() if value is not None})
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def ask(self, message, **headers):
        status, answer, body = self.post(message if isinstance(message, bytes) else message.SerializeToString(), **headers)
        expect(f"200, not {status}: {body[:200]}", status == 200)
        expect("protobuf", answer["Content-Type"] == PROTOBUF)
        if answer["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        return S2A.FromString(body)

    def end(self):
        self.connection.close()


class FakeAgent:
    """What an agent says, with numbers that follow."""

    def __init__(self, capabilities=0x1, uid=None):
        self.uid = uid or new_uid()
        self.capabilities, self.number = capabilities, -1

    def message(self, **parts):
        """A message with nothing but its head and `parts`."""
        self.number += 1
        return A2S(instance_uid=self.uid, sequence_num=self.number, capabilities=self.capabilities, **parts)

    def full(self, **parts):
        report = self.message(**parts)
        pair = report.agent_description.identifying_attributes.add(key="service.name")
        pair.value.string_value = "fake"
        if not report.HasField("health"):
            report.health.healthy = True
        return report


def new_uid():
    """Version 7, which Python 3.11 does not make."""
    number = int(time.time() * 1000) << 80 | uuid.uuid4().int & (1 << 80) - 1
    number = number & ~(0xF << 76) | 0x7 << 76
    return uuid.UUID(int=number & ~(0x3 << 62) | 0x2 << 62).bytes

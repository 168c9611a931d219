"""An OpAMP server that does what its test says: WebSocket and plain HTTP on one port, over TCP or TLS.

Everything that comes is kept: connections with their requests and frames, and the reports in the order of their coming. By
default each report is acknowledged. `answer`, `refusal` and `push` change that, `Connection.raw` sends any bytes at all.
"""

import contextlib
import gzip
import itertools
import socket
import ssl
import struct
import threading
import time
from typing import Any, NamedTuple

import websocket
from http_parts import Reply, Request, message_reply
from protocol import A2S, S2A, SERVER_EVERYTHING
from rig import eventually


class Report(NamedTuple):
    """An AgentToServer as it came."""
    message: Any
    raw: bytes
    connection: Any
    request: Request
    at: float


class Connection:
    """One TCP connection. `ended` is set when the peer has closed it, or we have."""

    def __init__(self, number, sock):
        self.number, self.socket, self.opened_at = number, sock, time.monotonic()
        self.transport = self.stream = self.close_code = self.closed_at = self.ended_at = None
        self.request, self.requests, self.frames = None, [], []
        self.peer_certificate, self.tls_version, self.cipher = None, None, None
        self.is_reset = False
        self.reads = threading.Event()  # while it is set
        self.reads.set()
        self.ended = threading.Event()
        self.lock = threading.Lock()

    # --- what a test does to it

    def raw(self, data):
        with self.lock:
            self.socket.sendall(data)

    def send(self, message):
        """A message of protobuf, or the bytes behind the header 0."""
        data = message if isinstance(message, bytes) else message.SerializeToString()
        self.raw(websocket.frame(websocket.BINARY, b"\0" + data))

    def close(self, code=1000):
        """A Close frame; TCP ends when the peer has answered."""
        self.raw(websocket.close_frame(code))

    def reset(self):
        """TCP ends with RST: the reader is woken, and its thread closes what has no time to linger."""
        self.is_reset = True
        with contextlib.suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.cut(socket.SHUT_RD)

    def cut(self, how=socket.SHUT_RDWR):
        """TCP ends without a Close frame. SHUT_WR: half of it."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(how)
        self.reads.set()

    # --- what came of it

    def data_frames(self):
        return [frame for frame in self.frames if frame.opcode < 8]


class FakeServer:
    """`answer(report)`: what to answer: S2A, bytes, Reply (HTTP), a list of them, or None for silence.
    `refusal`: a Reply, or a function of the request that gives one or None, for upgrades and posts alike."""

    def __init__(self, port=0, tls=None, answer=None, refusal=None, capabilities=SERVER_EVERYTHING):
        self.capabilities, self.refusal, self.gzips, self.speaks = capabilities, refusal, False, True
        self.keeps_alive = True  # over HTTP
        self.longest_body = None  # of a request; before a longer one it stops reading
        self.answer = answer or self.acknowledge
        self.reports, self.connections, self.garbage, self.tls_failures = [], [], [], []
        self.in_flight, self.most_in_flight = 0, 0
        self.pushes = []
        self.lock, self.numbers = threading.RLock(), itertools.count(1)
        self.context = tls.context() if tls else None
        self.listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.is_closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    # --- what a test says

    def acknowledge(self, report):
        return S2A(instance_uid=report.message.instance_uid, capabilities=self.capabilities)

    def push(self, message):
        """To the agent: at once over a WebSocket, else with the next answer. The uid is filled in."""
        with self.lock:
            if isinstance(message, S2A) and self.reports and not message.instance_uid:
                filled = S2A()
                filled.CopyFrom(message)
                filled.instance_uid = self.reports[-1].message.instance_uid
                message = filled
            open_now = [one for one in self.open_connections() if one.transport == "ws"]
            if not open_now:
                return self.pushes.append(message)
        open_now[-1].send(message)

    def ask_for_everything(self, limit=15):
        """A full report: it comes after all that the agent had to say before."""
        since = self.now()
        self.push(S2A(flags=1))
        return self.wait_for("a full report", lambda message: message.HasField("agent_description"), since, limit)

    def stop_listening(self):
        """New connections are refused from here on."""
        self.is_closed = True
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def close(self):
        self.stop_listening()
        for connection in list(self.connections):
            connection.cut()

    # --- what it has seen

    def now(self):
        return len(self.reports)

    def messages(self, since=0):
        return [report.message for report in self.reports[since:]]

    def wait_for(self, what, fits, since=0, limit=15):
        """The message of the first report that fits."""
        return self.wait_for_report(what, lambda report: fits(report.message), since, limit).message

    def wait_for_report(self, what, fits=lambda report: True, since=0, limit=15):
        return eventually(what, lambda: next((report for report in self.reports[since:] if fits(report)), None), limit)

    def open_connections(self):
        return [one for one in self.connections if not one.ended.is_set()]

    def upgrades(self):
        return [one for one in self.connections if one.transport == "ws"]

    def requests(self):
        return sorted((request for one in list(self.connections) for request in one.requests), key=lambda request: request.at)

    def latest(self):
        return self.connections[-1]

    def wait_for_connection(self, count):
        """That one, or one after it, once it has reported: what is sent to it comes behind the answer to its upgrade."""
        return eventually(f"connection number {count}", lambda: next(
            (report.connection for report in reversed(self.reports) if report.connection in self.connections[count - 1:]), None))

    # --- the work

    def _accept(self):
        while not self.is_closed:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        with self.lock:
            connection = Connection(next(self.numbers), sock)
            self.connections.append(connection)
        try:
            with contextlib.suppress(OSError, ValueError):
                if self.context and not self._handshake(connection):
                    return
                connection.stream = connection.socket.makefile("rb")
                while self.speaks and connection.reads.wait() and (request := self._read_request(connection)):
                    connection.request = connection.request or request
                    connection.requests.append(request)
                    if not self._take(connection, request):
                        break
                if not self.speaks:
                    while connection.stream.read(4096):
                        pass
        finally:
            if not connection.is_reset:
                connection.cut()
            for one in filter(None, (connection.stream, connection.socket)):
                with contextlib.suppress(OSError):
                    one.close()
            connection.ended_at = time.monotonic()
            connection.ended.set()

    def _handshake(self, connection):
        try:
            tls = self.context.wrap_socket(connection.socket, server_side=True)
        except (ssl.SSLError, OSError) as failure:
            self.tls_failures.append(str(failure))
            return False
        connection.socket = tls
        connection.peer_certificate = tls.getpeercert(binary_form=True)
        connection.tls_version = tls.version()
        connection.cipher = tls.cipher()[0]
        return True

    def _read_request(self, connection):
        line = connection.stream.readline().decode().split()
        if len(line) != 3:
            return None
        headers = {}
        while text := connection.stream.readline().decode().strip():
            name, _, value = text.partition(":")
            name = name.lower()
            headers[name] = f"{headers[name]}, {value.strip()}" if name in headers else value.strip()
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while size := int(connection.stream.readline(), 16):
                body += connection.stream.read(size)
                connection.stream.readline()
            connection.stream.readline()
        else:
            length = int(headers.get("content-length", 0))
            if self.longest_body is not None and length > self.longest_body:
                connection.reads.clear()
            connection.reads.wait()
            body = connection.stream.read(length)
            if len(body) < length:  # the client is gone
                return None
        return Request(line[0], line[1], headers, body, time.monotonic())

    def _take(self, connection, request):
        """False: the connection is done with."""
        is_upgrade = request.headers.get("upgrade", "").lower() == "websocket"
        refusal = self.refusal(request) if callable(self.refusal) else self.refusal
        if refusal is not None:
            connection.raw(refusal.bytes())
            return not is_upgrade
        if is_upgrade:
            self._speak_websocket(connection, request)
            return False
        connection.transport = "http"
        return self._answer_post(connection, request)

    def _speak_websocket(self, connection, request):
        connection.raw(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        f"Sec-WebSocket-Accept: {websocket.accept_of(request.headers['sec-websocket-key'])}\r\n\r\n").encode())
        connection.transport = "ws"
        message = b""
        while connection.reads.wait() and (frame := websocket.read_frame(connection.stream)):
            connection.frames.append(frame)
            if frame.opcode == websocket.CLOSE:
                connection.close_code, connection.closed_at = websocket.close_code(frame.payload), time.monotonic()
                return connection.raw(websocket.frame(websocket.CLOSE, frame.payload))
            if frame.opcode == websocket.PING:
                connection.raw(websocket.frame(websocket.PONG, frame.payload))
            if frame.opcode < 8:
                message += frame.payload
                if frame.is_last:
                    self._take_message(connection, request, message)
                    message = b""
        return None

    def _take_message(self, connection, request, message):
        if message[:1] != b"\0" or not (report := self._record(connection, request, message[1:])):
            return self.garbage.append(message)
        with self.lock:
            answers, self.pushes = [*_listed(self.answer(report)), *self.pushes], []
        for answer in answers:
            connection.send(answer)
        return None

    def _record(self, connection, request, payload):
        try:
            message = A2S.FromString(payload)
        except ValueError:
            return None
        report = Report(message, payload, connection, request, time.monotonic())
        with self.lock:
            self.reports.append(report)
        return report

    def _answer_post(self, connection, request):
        body = request.body
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        with self.lock:
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            report = self._record(connection, request, body)
            if report is None:
                self.garbage.append(body)
                connection.raw(Reply(400).bytes())
                return True
            answer = self.answer(report)
        finally:
            with self.lock:
                self.in_flight -= 1
        if answer is None:  # silence, until the client has had enough
            connection.stream.read()
            return False
        reply = self._as_reply(answer)
        if not self.keeps_alive:
            reply.headers["Connection"] = "close"
        connection.raw(reply.bytes())
        return self.keeps_alive

    def _as_reply(self, answer):
        if isinstance(answer, Reply):
            return answer
        merged = S2A()
        with self.lock:
            pushes, self.pushes = self.pushes, []
        for one in [*_listed(answer), *pushes]:
            merged.MergeFrom(one if isinstance(one, S2A) else S2A.FromString(one))
        reply = message_reply(merged)
        if self.gzips:
            reply.body = gzip.compress(reply.body)
            reply.headers["Content-Encoding"] = "gzip"
        return reply


def _listed(answer):
    if answer is None:
        return []
    return answer if isinstance(answer, list) else [answer]

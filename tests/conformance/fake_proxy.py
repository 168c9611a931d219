"""An HTTP proxy that does what its test says."""

import contextlib
import socket
import ssl
import threading
import time

from http_parts import Request


class FakeProxy:
    """An HTTP proxy for CONNECT, in the clear or over TLS. `refusal`: a Reply for every CONNECT. `ways`: the port on this machine
    that stands for a target."""

    def __init__(self, tls=None, refusal=None, ways=None):
        self.ways = ways or {}
        self.context = tls.context() if tls else None
        self.requests, self.certificates, self.tls_failures, self.refusal = [], [], [], refusal
        self.sockets = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.sockets.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with contextlib.suppress(OSError, ValueError):
            if self.context:
                try:
                    client = self.context.wrap_socket(client, server_side=True)
                except (ssl.SSLError, OSError) as failure:
                    return self.tls_failures.append(str(failure))
                self.certificates.append(client.getpeercert(binary_form=True))
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                if not (byte := client.recv(1)):
                    return None
                head += byte
            lines = head.decode().strip().split("\r\n")
            method, target, _ = lines[0].split()
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            self.requests.append(Request(method, target, headers, b"", time.monotonic()))
            if self.refusal:
                return client.sendall(self.refusal.bytes())
            host, _, port = target.rpartition(":")
            address = ("127.0.0.1", self.ways[target]) if target in self.ways else (host.strip("[]"), int(port))
            upstream = socket.create_connection(address)
            self.sockets.append(upstream)
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=self._pump, args=(upstream, client), daemon=True)
            back.start()
            self._pump(client, upstream)
            back.join()
            client.close()
            upstream.close()
        return None

    @staticmethod
    def _pump(source, sink):
        with contextlib.suppress(OSError, ValueError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def close(self):
        for sock in [self.listener, *self.sockets]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

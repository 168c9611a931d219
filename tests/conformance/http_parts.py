"""What the fakes' sides of TLS and HTTP are made of."""

import ssl
from dataclasses import dataclass, field
from typing import Any, NamedTuple

PROTOBUF = "application/x-protobuf"


@dataclass
class Tls:
    """Files; `client_ca` makes a client certificate required unless it is only `asked` for."""
    cert: Any
    key: Any
    client_ca: Any = None
    asked: bool = False
    min_version: Any = None
    max_version: Any = None
    ciphers: str = ""

    def context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        context.minimum_version = self.min_version or context.minimum_version
        context.maximum_version = self.max_version or context.maximum_version
        if self.ciphers:
            context.set_ciphers(self.ciphers)
        if self.client_ca:
            context.load_verify_locations(self.client_ca)
            context.verify_mode = ssl.CERT_OPTIONAL if self.asked else ssl.CERT_REQUIRED
        return context


@dataclass
class Reply:
    """An HTTP answer."""
    status: int = 200
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    chunked: bool = False

    def bytes(self):
        lines = [f"HTTP/1.1 {self.status} Scripted", *(f"{name}: {value}" for name, value in self.headers.items())]
        lines.append("Transfer-Encoding: chunked" if self.chunked else f"Content-Length: {len(self.body)}")
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(self.body), self.body) if self.chunked and self.body else self.body
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def message_reply(message, **options):
    return Reply(headers={"Content-Type": PROTOBUF}, body=message.SerializeToString(), **options)


class Request(NamedTuple):
    method: str
    target: str
    headers: dict  # names in lower case
    body: bytes
    at: float

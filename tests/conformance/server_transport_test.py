#!/usr/bin/python3
"""Part 2 of the matrix, groups SRV-GEN, SRV-WS and SRV-HTTP: opamp-server on both transports."""

import gzip
import json
import socket
import uuid

import stage as stage_module  # noqa: F401  (finds tests/support)
import websocket
from fake_client import FakeAgent, HttpClient, Refused, WsClient
from protocol import S2A, padded, unknown_field
from rig import Failed, eventually, expect
from server_stage import BAD_REQUEST, CLIENTS, KIB, MIB, TAKES_CONFIG, run
from suite import conformance


# --- SRV-GEN, SRV-WS


@conformance("[SRV-GEN-1] [SRV-HTTP-1] both transports are served at one address, told apart by the Content-Type")
def both_transports(stage):
    stage.serve()
    for kind in (WsClient, HttpClient):
        agent = FakeAgent()
        expect("an answer", stage.client(kind).ask(agent.full()).instance_uid == agent.uid)
    status, _, _ = stage.client(HttpClient).post(FakeAgent().full().SerializeToString(), Content_Type="text/plain")
    expect(f"another type is no report: {status}", status >= 400)


@conformance("[SRV-GEN-2] without settings agents find it on port 4320 at /v1/opamp")
def default_address(stage):
    stage.serve(listen=False)
    expect("an answer", stage.client(port=4320).ask(FakeAgent().full()).instance_uid)


@conformance("[SRV-GEN-2] with another path only that one answers")
def another_path(stage):
    stage.serve("--path", "/x/y")
    expect("an answer", stage.client(path="/x/y").ask(FakeAgent().full()).instance_uid)
    for path in ("/v1/opamp", "/", "/x"):
        try:
            stage.client(path=path)
            raise Failed(f"{path} was accepted")
        except Refused as refused:
            expect(f"{refused}", refused.status == 404)


@conformance("[SRV-GEN-3] fields of a later version are passed over", CLIENTS)
def later_fields(stage, kind):
    stage.serve()
    agent = FakeAgent()
    answer = stage.client(kind).ask(agent.full().SerializeToString() + unknown_field())
    expect(f"{answer}", answer.instance_uid == agent.uid and not answer.HasField("error_response"))


@conformance("[SRV-WS-1] answers are binary messages behind header 0")
def binary(stage):
    stage.serve()
    client, agent = stage.client(), FakeAgent()
    client.ask(agent.full())
    expect("binary, not masked", all(frame.opcode == websocket.BINARY and not frame.is_masked for frame in client.frames))
    expect("header 0", client.frames[0].payload[:1] == b"\0")


@conformance("[SRV-WS-2] a header that is not 0 is refused, and nothing of the message is taken", {"01": b"\x01", "7F": b"\x7f", "FF 01": b"\xff\x01"})
def bad_header(stage, header):
    stage.serve()
    client, agent = stage.client(), FakeAgent()
    client.send_bytes(header + agent.full().SerializeToString())
    try:
        answer = client.receive()
        expect(f"{answer}", answer.error_response.type == BAD_REQUEST)
    except Failed:
        pass  # it may close instead
    expect("not taken", str(uuid.UUID(bytes=agent.uid)) not in json.dumps(stage.api("GET", "agents")))


@conformance("[SRV-WS-3] an overlong header is a header, and a header alone a message")
def overlong(stage):
    stage.serve()
    client, agent = stage.client(), FakeAgent()
    client.send_bytes(b"\x80\x80\x00" + agent.full().SerializeToString())
    expect("an answer", client.receive().instance_uid == agent.uid)
    client.send_bytes(b"\0")
    client.receive()
    expect("the connection stands", client.ask(agent.message()).instance_uid == agent.uid)


@conformance("[SRV-WS-4] [SRV-WS-5] [SRV-WS-8] a message over the limit is refused with 1009 and not taken; one of the limit is taken")
def ws_limit(stage):
    stage.serve("--receive-limit", "64KiB")
    agent = FakeAgent()
    expect("the limit", stage.client().ask(padded(agent.full(), 64 * KIB - 1)).instance_uid == agent.uid)
    other, client = FakeAgent(), stage.client()
    client.send(padded(other.full(), 64 * KIB))
    expect(f"1009, not {client.close_code}", client.wait_for_end() == 1009)
    expect("not taken", str(uuid.UUID(bytes=other.uid)) not in json.dumps(stage.api("GET", "agents")))


@conformance("[SRV-WS-8] [SRV-HTTP-7] without settings 64 MiB are taken, and one byte more is not", CLIENTS)
def default_limits(stage, kind):
    stage.serve()
    agent = FakeAgent()
    header = 1 if kind is WsClient else 0
    expect("64 MiB", stage.client(kind).ask(padded(agent.full(), 64 * MIB - header)).instance_uid == agent.uid)
    client = stage.client(kind)
    if kind is WsClient:
        try:
            client.send(padded(FakeAgent().full(), 64 * MIB))
        except OSError:
            pass
        expect("1009", client.wait_for_end() == 1009)
    else:
        expect("413", posted(client, padded(FakeAgent().full(), 64 * MIB + 1)) == 413)


@conformance("[SRV-WS-6] [SRV-WS-7] [SRV-HTTP-6] an offer over the limit is not sent, and that is in the log", CLIENTS)
def send_limit(stage, kind):
    stage.serve("--send-limit", "4KiB")
    client, agent = stage.client(kind), FakeAgent(TAKES_CONFIG)
    client.ask(agent.full())
    stage.set_config(agent, {"": "x" * 8 * KIB})
    if kind is WsClient:
        answer = client.ask(agent.message())
        expect(f"nothing of it: {answer}", not answer.HasField("remote_config"))
        expect("nor later", client.is_quiet())
    else:
        status, _, body = client.post(agent.message().SerializeToString())
        expect(f"no offer: {status}", len(body) < 4 * KIB and (status >= 500 or not S2A.FromString(body).HasField("remote_config")))
    eventually("it is in the log", lambda: "limit" in stage.log() or "too_large" in stage.log() or "withheld" in stage.log())


# --- SRV-HTTP


def posted(client, body, **headers):
    """The status; a server that has seen enough may stop reading."""
    try:
        return client.post(body, **headers)[0]
    except (BrokenPipeError, ConnectionResetError):
        client.end()
        try:
            answer = client.connection.getresponse()
            return answer.status
        except Exception:  # noqa: BLE001  (the answer was lost with the connection)
            return None


@conformance("[SRV-HTTP-2] gzipped and plain requests have the same answer, and what only claims to be gzip is an error")
def gzip_requests(stage):
    stage.serve()
    client, agent = stage.client(HttpClient), FakeAgent()
    plain = client.ask(agent.full())
    packed = client.ask(gzip.compress(agent.message().SerializeToString()), Content_Encoding="gzip")
    expect(f"{plain} {packed}", packed.instance_uid == plain.instance_uid == agent.uid and not packed.HasField("error_response"))
    status, _, _ = stage.client(HttpClient).post(agent.message().SerializeToString(), Content_Encoding="gzip")
    expect(f"{status}", 400 <= status < 500)
    status, _, _ = stage.client(HttpClient).post(b"x", Content_Encoding="unheard-of")
    expect(f"{status}", status == 415)


ACCEPTED = {"gzip": ("gzip", True), "a list": ("gzip, deflate", True), "gzip;q=0": ("gzip;q=0", False), "none": (None, False),
            "another": ("br", False), "half a wish": ("br;q=1.0, gzip;q=0.5", True)}


@conformance("[SRV-HTTP-3] answers are compressed where Accept-Encoding allows it, and nowhere else", ACCEPTED)
def gzip_answers(stage, accept, is_welcome):
    stage.serve()
    client, agent = stage.client(HttpClient), FakeAgent(TAKES_CONFIG)
    client.ask(agent.full())
    stage.set_config(agent, {"": "worth compressing " * 1000})
    status, headers, body = client.post(agent.message().SerializeToString(), Accept_Encoding=accept or "identity")
    expect(f"{headers}", status == 200 and (headers["Content-Encoding"] == "gzip") == is_welcome == (body[:2] == b"\x1f\x8b"))
    answer = S2A.FromString(gzip.decompress(body) if is_welcome else body)
    expect("whole", len(answer.remote_config.config.config_map[""].body) == 18000)


@conformance("[SRV-HTTP-4] [SRV-HTTP-5] [SRV-HTTP-7] a request over the limit is answered 413 and not taken; one of the limit is taken")
def http_limit(stage):
    stage.serve("--receive-limit", "64KiB")
    agent = FakeAgent()
    expect("the limit", stage.client(HttpClient).ask(padded(agent.full(), 64 * KIB)).instance_uid == agent.uid)
    expect("the limit, packed", stage.client(HttpClient).ask(gzip.compress(padded(agent.message(), 64 * KIB)), Content_Encoding="gzip").instance_uid)
    other = FakeAgent()
    body = padded(other.full(), 64 * KIB + 1)
    expect("plain", posted(stage.client(HttpClient), body) == 413)
    expect("a small gzip", posted(stage.client(HttpClient), gzip.compress(body), Content_Encoding="gzip") == 413)
    expect("a bomb", posted(stage.client(HttpClient), gzip.compress(body + bytes(64 * MIB), 1), Content_Encoding="gzip") == 413)
    expect("chunked", chunked(stage, body) == 413)
    expect("not taken", str(uuid.UUID(bytes=other.uid)) not in json.dumps(stage.api("GET", "agents")))


def chunked(stage, body):
    with socket.create_connection(("127.0.0.1", stage.port), timeout=20) as raw:
        raw.sendall(b"POST /v1/opamp HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            for start in range(0, len(body), 8192):
                piece = body[start:start + 8192]
                raw.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            raw.sendall(b"0\r\n\r\n")
        except OSError:
            pass
        return int(raw.recv(64).split()[1])


if __name__ == "__main__":
    run()

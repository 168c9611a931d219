#!/usr/bin/python3
"""Part 2 of the matrix: opamp-server, seen by clients that do what their test says."""

import base64
import gzip
import json
import socket
import uuid

import stage as stage_module  # noqa: F401  (finds tests/support)
import protocol
import websocket
from certificates import Authority, new_key, openssl
from fake_client import FakeAgent, HttpClient, Refused, WsClient, new_uid
from protocol import A2S, APPLIED, FULL_STATE, COMPONENTS, S2A, fields, padded, unknown_field
from rig import Failed, Program, eventually, expect, free_port, request
from scene import Scene
from suite import conformance, main

KIB, MIB = 1024, 1024 * 1024
CLIENTS = {"over WebSocket": WsClient, "over HTTP": HttpClient}
BAD_REQUEST, UNAVAILABLE = 1, 2
TAKES_CONFIG = protocol.REPORTS_STATUS | protocol.ACCEPTS_REMOTE_CONFIG | protocol.REPORTS_REMOTE_CONFIG
TAKES_SETTINGS = protocol.REPORTS_STATUS | protocol.ACCEPTS_OPAMP_SETTINGS | protocol.REPORTS_SETTINGS_STATUS
OFFERS = {"remote_config", "connection_settings", "packages_available", "command", "custom_message"}


class ServerStage(Scene):
    """opamp-server, its REST interface, and clients."""

    def __init__(self, programs, folder):
        super().__init__(programs, folder)
        self.page_port, self.clients = free_port(), []

    def serve(self, *flags, state=":memory:", listen=True):
        addresses = ["--opamp-listen", f"127.0.0.1:{self.port}", "--page-listen", f"127.0.0.1:{self.page_port}"] if listen else []
        self.daemon = Program([self.programs.bin / "opamp-server", *addresses, "--state", state, *flags], cwd=self.folder, log=self.daemon_output)
        for port in (self.port, self.page_port) if listen else (4320,):
            eventually("it listens", lambda port=port: self.daemon.runs() and socket.create_connection(("127.0.0.1", port)).close() is None)

    def client(self, kind=WsClient, port=None, **options):
        client = kind(port or self.port, **options)
        self.clients.append(client)
        return client

    def api(self, method, path, body=None, expected=200):
        answer = request(self.page_port, method, f"/api/{path}", json.dumps(body) if body is not None else None,
                         {"Content-Type": "application/json"} if body is not None else None)
        expect(f"{method} {path}: {answer}", answer.status == expected or expected is None)
        return json.loads(answer.text) if answer.text.startswith(("{", "[")) else answer.text

    def set_config(self, agent, files, expected=200):
        return self.api("PUT", f"agents/{uuid.UUID(bytes=agent.uid)}/config", {"files": {name: {"body": body} for name, body in files.items()}}, expected)

    def set_settings(self, agent, settings, expected=200):
        return self.api("PUT", f"agents/{uuid.UUID(bytes=agent.uid)}/connection-settings", settings, expected)

    def agent(self, agent):
        return self.api("GET", f"agents/{uuid.UUID(bytes=agent.uid)}")

    def log(self):
        return self.daemon_output.read_text(errors="replace")

    def last_messages(self):
        return []

    def end_well(self):
        """Clients that read no more leave first: a server that stops waits for their answer to its Close."""
        self.end_clients()
        super().end_well()

    def end_clients(self):
        for client in self.clients:
            client.end()

    def clear_up(self):
        self.end_clients()
        super().clear_up()


def offered(answer):
    return fields(answer) & OFFERS


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


# --- SRV-STAT


@conformance("[SRV-STAT-1] [SRV-STAT-2] [SRV-STAT-4] [SRV-STAT-5] [SRV-STAT-7] [SRV-STAT-8] [SRV-STAT-9] [SRV-CMSG-1]"
             " every message is answered, to its uid, with capabilities at first", CLIENTS)
def answers(stage, kind):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent()
    first = client.ask(agent.full())
    expect(f"capabilities: {first}", first.capabilities & 1 and not first.capabilities & ~0x7F)
    for _ in range(10):
        answer = client.ask(agent.message())
        expect(f"nothing but what is due: {answer}", answer.instance_uid == agent.uid and fields(answer) <= {"instance_uid", "capabilities"})
    message = agent.message(custom_message={"capability": "com.example.unknown", "type": "x"})
    message.custom_capabilities.capabilities.append("com.example.unknown")
    answer = client.ask(message)
    expect(f"no custom capabilities, and no trouble with one: {answer}", fields(answer) <= {"instance_uid", "capabilities"})


@conformance("[SRV-STAT-2] two agents on one connection have each their answers")
def two_agents(stage):
    stage.serve()
    client, one, two = stage.client(), FakeAgent(), FakeAgent()
    for agent in (one, two, one, two):
        expect("its own", client.ask(agent.full()).instance_uid == agent.uid)


@conformance("[SRV-STAT-3] [SRV-STAT-5] [SRV-RETRY-1] what cannot be read is answered BAD_REQUEST, in words, and nothing else",
             {f"{what} {name}": (kind, data) for name, kind in CLIENTS.items() for what, data in
              {"a uid of 3 bytes": A2S(instance_uid=b"abc", capabilities=1).SerializeToString(), "no uid": A2S(capabilities=1).SerializeToString(),
               "random bytes": bytes((7 * index + 3) & 0xFF for index in range(99))}.items()})
def bad_reports(stage, kind, data):
    stage.serve()
    answer = stage.client(kind).ask(data)
    expect(f"{answer}", answer.error_response.type == BAD_REQUEST and answer.error_response.error_message)
    expect(f"alone: {answer}", fields(answer) <= {"instance_uid", "error_response"})


@conformance("[SRV-STAT-6] a gap, a repeat and a fresh start ask for the full state, and so does an unknown agent that reports little", CLIENTS)
def gaps(stage, kind):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent()
    expect("an unknown agent", client.ask(agent.message()).flags & FULL_STATE)
    client.ask(agent.full())
    expect("none while numbers follow", not client.ask(agent.message()).flags)
    agent.number += 1
    expect("a gap", client.ask(agent.message()).flags & FULL_STATE)
    client.ask(agent.full())
    agent.number -= 1
    expect("a number again, with other content", client.ask(agent.message(health={"healthy": True})).flags & FULL_STATE)
    client.ask(agent.full())
    agent.number = -1
    expect("from 0 again", client.ask(agent.message()).flags & FULL_STATE)


@conformance("[SRV-STAT-12] each copy of a message is answered", CLIENTS)
def copies(stage, kind):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent()
    client.ask(agent.full())
    message = agent.message(health={"healthy": False, "last_error": "x"})
    for _ in range(3):
        answer = client.ask(message)
        expect(f"{answer}", answer.instance_uid == agent.uid and not answer.HasField("error_response"))


@conformance("[SRV-STAT-10] [SRV-CFG-1] an agent that no longer takes configs is offered none", CLIENTS)
def capability_dropped(stage, kind):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent(TAKES_CONFIG)
    client.ask(agent.full())
    agent.capabilities = protocol.REPORTS_STATUS
    client.ask(agent.message())
    stage.set_config(agent, {"": "a: 1\n"}, expected=None)
    expect("nothing", not offered(client.ask(agent.message())))


@conformance("[SRV-STAT-11] [SRV-CFG-1] [SRV-CMD-1] [SRV-CONN-1] an agent that can do nothing is asked for nothing", CLIENTS)
def modest_agent(stage, kind):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent(protocol.REPORTS_STATUS)
    client.ask(agent.full())
    stage.set_config(agent, {"": "a: 1\n"}, expected=None)
    stage.api("POST", f"agents/{uuid.UUID(bytes=agent.uid)}/restart", expected=None)
    stage.set_settings(agent, {"opamp": {"destination_endpoint": "ws://127.0.0.1:1/v1/opamp"}}, expected=None)
    for _ in range(3):
        expect("nothing", not offered(client.ask(agent.message())))
    if kind is WsClient:
        expect("nor unasked", client.is_quiet())


@conformance("[SRV-STAT-13] the components of an unknown hash are asked for, and those of a known one are not", CLIENTS)
def components(stage, kind):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent(protocol.REPORTS_STATUS | protocol.REPORTS_COMPONENTS)
    answer = client.ask(agent.full(available_components={"hash": b"set 1"}))
    expect(f"asked: {answer}", answer.flags & COMPONENTS)
    message = agent.message()
    message.available_components.hash = b"set 1"
    message.available_components.components["receiver"].SetInParent()
    expect("not again", not client.ask(message).flags & COMPONENTS)
    other = FakeAgent(agent.capabilities)
    expect("nor of another agent with the same", not stage.client(kind).ask(other.full(available_components={"hash": b"set 1"})).flags & COMPONENTS)


# --- SRV-UID


@conformance("[SRV-UID-1] [SRV-UID-2] a uid is made when it is asked for, of version 7", CLIENTS)
def assigned(stage, kind):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent()
    new = client.ask(agent.full(flags=1)).agent_identification.new_instance_uid
    expect(f"{new}", len(new) == 16 and uuid.UUID(bytes=new).version == 7 and new != agent.uid)
    agent.uid = new
    answer = client.ask(agent.message())
    expect(f"it is used: {answer}", answer.instance_uid == new and not answer.HasField("agent_identification"))


@conformance("[SRV-UID-3] [SRV-UID-4] of two connections with one uid, one is given another")
def duplicates(stage):
    stage.serve()
    first, second = stage.client(), stage.client()
    uid = new_uid()
    one, two = FakeAgent(uid=uid), FakeAgent(uid=uid)
    first.ask(one.full())
    second.send(two.full())
    first.receive()  # it is asked for a sign of life …
    first.send(one.full())
    expect("the second gets one of its own", second.receive().HasField("agent_identification"))


# --- SRV-CFG


def with_status(agent, config_hash, status=APPLIED):
    return agent.message(remote_config_status={"last_remote_config_hash": config_hash, "status": status})


@conformance("[SRV-CFG-2] [SRV-CFG-3] [SRV-CFG-4] [SRV-CFG-5] [SRV-CFG-6] a config is offered to who has another, once, and pushed to who listens", CLIENTS)
def config_offers(stage, kind):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent(TAKES_CONFIG)
    client.ask(agent.full())
    stage.set_config(agent, {"a.yaml": "a: 1\n", "b.yaml": "b: 1\n"})
    answer = client.receive() if kind is WsClient else client.ask(agent.message())
    offer = answer.remote_config
    expect(f"{answer}", {name: file.body for name, file in offer.config.config_map.items()} == {"a.yaml": b"a: 1\n", "b.yaml": b"b: 1\n"} and offer.config_hash)
    expect("not to who has it", not offered(client.ask(with_status(agent, offer.config_hash))))
    expect("not again", not offered(client.ask(agent.message())))
    other = client.ask(with_status(agent, b"of long ago"))
    expect(f"to who reports another: {other}", other.remote_config.config_hash == offer.config_hash)
    hashes = {offer.config_hash}
    for files in ({"a.yaml": "a: 2\n", "b.yaml": "b: 1\n"}, {"c.yaml": "a: 1\n", "b.yaml": "b: 1\n"}):
        stage.set_config(agent, files)
        answer = client.receive() if kind is WsClient else client.ask(agent.message())
        hashes.add(answer.remote_config.config_hash)
    expect("each has its hash", len(hashes) == 3)


# --- SRV-CMD


@conformance("[SRV-CMD-1] a restart travels alone", CLIENTS)
def restart(stage, kind):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent(TAKES_CONFIG | protocol.ACCEPTS_RESTART)
    client.ask(agent.full())
    stage.set_config(agent, {"": "a: 1\n"})
    if kind is WsClient:
        client.receive()
    stage.api("POST", f"agents/{uuid.UUID(bytes=agent.uid)}/restart", expected=None)
    seen = [client.receive()] if kind is WsClient else [client.ask(agent.message()) for _ in range(3)]
    commands = [answer for answer in seen if answer.HasField("command")]
    expect(f"one, alone: {seen}", len(commands) == 1 and fields(commands[0]) <= {"instance_uid", "capabilities", "command"})


# --- SRV-CONN


@conformance("[SRV-CONN-1] [SRV-CONN-2] [SRV-CONN-3] [SRV-CONN-10] OpAMP settings reach who takes them, until their hash comes back", CLIENTS)
def settings(stage, kind):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent(TAKES_SETTINGS | protocol.REPORTS_HEARTBEAT)
    client.ask(agent.full())
    wanted = {"opamp": {"destination_endpoint": "wss://elsewhere.example/v1/opamp", "heartbeat_interval_seconds": 7,
                        "headers": {"Authorization": "Bearer new"}, "proxy": {"url": "http://proxy.example:3128"}},
              "own_metrics": {"destination_endpoint": "https://metrics.example/v1/metrics"}}
    stage.set_settings(agent, wanted)
    answer = client.receive() if kind is WsClient else client.ask(agent.message())
    offer = answer.connection_settings
    expect(f"{answer}", offer.hash and offer.opamp.destination_endpoint == "wss://elsewhere.example/v1/opamp"
           and offer.opamp.heartbeat_interval_seconds == 7 and offer.opamp.headers.headers[0].value == "Bearer new"
           and offer.opamp.proxy.url == "http://proxy.example:3128")
    expect("only what it takes", not offer.HasField("own_metrics"))
    status = {"last_connection_settings_hash": offer.hash, "status": APPLIED}
    expect("not to who has it", not offered(client.ask(agent.message(connection_settings_status=status))))
    again = client.ask(agent.message(connection_settings_status={"last_connection_settings_hash": b"old", "status": APPLIED}))
    expect(f"to who reports another: {again}", again.connection_settings.hash == offer.hash)


WRONG_SETTINGS = {
    "no endpoint": {"opamp": {"destination_endpoint": ""}},
    "no URL": {"opamp": {"destination_endpoint": "elsewhere"}},
    "another scheme": {"opamp": {"destination_endpoint": "ftp://elsewhere.example"}},
    "an empty proxy": {"opamp": {"destination_endpoint": "ws://elsewhere.example/", "proxy": {"url": ""}}},
    "telemetry without a path": {"own_metrics": {"destination_endpoint": "https://metrics.example"}},
    "telemetry without a scheme": {"own_traces": {"destination_endpoint": "traces.example/v1/traces"}},
}


@conformance("[SRV-CONN-5] [SRV-CONN-6] [SRV-CONN-7] settings that agents could not use are refused where they are set", WRONG_SETTINGS)
def wrong_settings(stage, wanted):
    stage.serve()
    client, agent = stage.client(), FakeAgent(TAKES_SETTINGS | 0xE0)
    client.ask(agent.full())
    answer = stage.set_settings(agent, wanted, expected=400)
    expect(f"with a reason: {answer}", answer["error"])
    expect("nothing is offered", not offered(client.ask(agent.message())))


@conformance("[SRV-CONN-8] a certificate of a CA is offered with that CA's certificate, and not taken without")
def certificate_with_ca(stage):
    stage.serve()
    client, agent = stage.client(), FakeAgent(TAKES_SETTINGS)
    client.ask(agent.full())
    authority = Authority(stage.folder)
    pair = authority.issue("client")
    wanted = {"opamp": {"destination_endpoint": "wss://elsewhere.example/", "certificate": {"cert": pair.cert_pem(), "private_key": pair.key_pem()}}}
    stage.set_settings(agent, wanted, expected=400)
    wanted["opamp"]["certificate"]["ca_cert"] = authority.pem
    stage.set_settings(agent, wanted)
    offer = client.receive().connection_settings.opamp.certificate
    expect("all three", offer.cert == pair.cert_pem().encode() and offer.private_key == pair.key_pem().encode() and offer.ca_cert == authority.pem.encode())


@conformance("[SRV-CONN-9] [SRV-CONN-6] the telemetry destination is in the first answer to who reports it, and in no later one", CLIENTS)
def telemetry(stage, kind):
    stage.serve("--own-metrics", "https://metrics.example/v1/metrics")
    client, agent = stage.client(kind), FakeAgent(protocol.REPORTS_STATUS | protocol.REPORTS_OWN_METRICS | protocol.REPORTS_SETTINGS_STATUS)
    first = client.ask(agent.full())
    expect(f"{first}", first.connection_settings.own_metrics.destination_endpoint == "https://metrics.example/v1/metrics")
    status = {"last_connection_settings_hash": first.connection_settings.hash, "status": APPLIED}
    expect("not again", not client.ask(agent.message(connection_settings_status=status)).HasField("connection_settings"))
    other = FakeAgent()
    expect("not to another", not stage.client(kind).ask(other.full()).HasField("connection_settings"))


# --- certificate requests


def csr_for(stage, name, broken=False):
    key = stage.folder / f"{new_uid().hex()}.key"
    new_key(key)
    request_ = openssl("req", "-new", "-key", key, "-subj", f"/CN={name}")
    if broken:
        der = bytearray(openssl("req", "-outform", "DER", text=request_))
        der[-1] ^= 0xFF
        request_ = openssl_der_to_pem(bytes(der))
    return request_, key


def openssl_der_to_pem(der):
    text = base64.b64encode(der).decode()
    lines = [text[start:start + 64] for start in range(0, len(text), 64)]
    return ("-----BEGIN CERTIFICATE REQUEST-----\n" + "\n".join(lines) + "\n-----END CERTIFICATE REQUEST-----\n").encode()


def serve_with_ca(stage):
    authority = Authority(stage.folder)
    stage.serve("--ca-cert", str(authority.file), "--ca-key", str(authority.pair.key), "--endpoint", "wss://opamp.example/v1/opamp")
    return authority


def asking(agent, request_):
    return agent.message(connection_settings_request={"opamp": {"certificate_request": {"csr": request_}}})


@conformance("[SRV-CONN-11] [SRV-CONN-8] [SRV-CONN-5] a certificate request is answered with a certificate for its key, and no private key", CLIENTS)
def certificate_issued(stage, kind):
    authority = serve_with_ca(stage)
    client, agent = stage.client(kind), FakeAgent(TAKES_SETTINGS)
    expect("it says so", client.ask(agent.full()).capabilities & protocol.SERVER_SETTINGS_REQUEST)
    request_, key = csr_for(stage, uuid.UUID(bytes=agent.uid))
    answer = client.ask(asking(agent, request_))
    offer = answer.connection_settings.opamp
    expect(f"{answer}", offer.certificate.cert and not offer.certificate.private_key and offer.certificate.ca_cert == authority.pem.encode())
    expect("with an endpoint", offer.destination_endpoint.startswith(("ws://", "wss://", "http://", "https://")))
    (stage.folder / "issued.pem").write_bytes(offer.certificate.cert)
    openssl("verify", "-CAfile", authority.file, stage.folder / "issued.pem")
    expect("of that key", openssl("x509", "-in", stage.folder / "issued.pem", "-noout", "-pubkey") == openssl("pkey", "-in", key, "-pubout"))


@conformance("[SRV-CONN-12] [SRV-CONN-13] a request that is none, is broken, or names another agent, is a BAD_REQUEST",
             {f"{what} {name}": (kind, what) for name, kind in CLIENTS.items() for what in ("garbage", "a broken signature", "another's uid")})
def certificate_refused(stage, kind, what):
    serve_with_ca(stage)
    client, agent = stage.client(kind), FakeAgent(TAKES_SETTINGS)
    client.ask(agent.full())
    named = uuid.UUID(bytes=new_uid() if what == "another's uid" else agent.uid)
    request_ = b"garbage" if what == "garbage" else csr_for(stage, named, broken=what == "a broken signature")[0]
    answer = client.ask(asking(agent, request_))
    expect(f"{answer}", answer.error_response.type == BAD_REQUEST and answer.error_response.error_message and not answer.HasField("connection_settings"))
    expect("the connection stands", not client.ask(agent.message()).HasField("error_response"))


@conformance("[SRV-CONN-14] a request for a uid that was just assigned is accepted")
def certificate_for_new_uid(stage):
    serve_with_ca(stage)
    client, agent = stage.client(), FakeAgent(TAKES_SETTINGS)
    new = client.ask(agent.full(flags=1)).agent_identification.new_instance_uid
    agent.uid = new
    answer = client.ask(asking(agent, csr_for(stage, uuid.UUID(bytes=new))[0]))
    expect(f"{answer}", answer.connection_settings.opamp.certificate.cert)


@conformance("[SRV-CONN-4] the old token is good until the agent has used the one it was offered, and no longer")
def rotated(stage):
    tokens = stage.folder / "tokens"
    tokens.write_text("old-token-of-the-fleet\n")
    stage.serve("--token-file", str(tokens))
    agent = FakeAgent(TAKES_SETTINGS)
    old = {"Authorization": "Bearer old-token-of-the-fleet"}
    new = {"Authorization": "Bearer new-token-of-this-agent"}
    client = stage.client(headers=old)
    client.ask(agent.full())
    stage.set_settings(agent, {"opamp": {"destination_endpoint": f"ws://127.0.0.1:{stage.port}/v1/opamp", "headers": new}})
    offer = client.receive().connection_settings
    client.end()
    agent.number = -1
    again = stage.client(headers=old)
    expect("the old one still", not again.ask(agent.full()).HasField("error_response"))
    again.end()
    moved = stage.client(headers=new)
    moved.ask(agent.full(connection_settings_status={"last_connection_settings_hash": offer.hash, "status": APPLIED}))
    moved.end()
    try:
        late = stage.client(HttpClient, headers=old)
        status, _, body = late.post(agent.full().SerializeToString())
        expect(f"401 for the old one: {status}", status == 401)
    except Refused as refused:
        expect(f"{refused}", refused.status == 401)


# --- SRV-LIFE, SRV-RETRY


@conformance("[SRV-LIFE-1] a server that stops says Close")
def stops(stage):
    stage.serve()
    client, agent = stage.client(), FakeAgent()
    client.ask(agent.full())
    stage.daemon.process.terminate()
    expect(f"{client.close_code}", client.wait_for_end() == 1001)
    expect("it ends well", stage.daemon.process.wait(30) == 0)


@conformance("[SRV-LIFE-2] without a token, or with a wrong one, 401 is the answer to upgrades and posts",
             {"Bearer": ("secret-token", "Bearer secret-token"), "Basic": ("agent:secret", "Basic YWdlbnQ6c2VjcmV0")})
def authentication(stage, line, value):
    (stage.folder / "tokens").write_text(line + "\n")
    stage.serve("--token-file", str(stage.folder / "tokens"))
    for kind in (WsClient, HttpClient):
        good = stage.client(kind, headers={"Authorization": value})
        expect("with it", good.ask(FakeAgent().full()).capabilities)
    for headers in ({}, {"Authorization": value + "x"}, {"Authorization": "Bearer"}):
        try:
            stage.client(headers=headers)
            raise Failed(f"{headers} was accepted")
        except Refused as refused:
            expect(f"{refused}", refused.status == 401 and refused.headers.get("www-authenticate"))
        status, answer, _ = stage.client(HttpClient, headers=headers).post(FakeAgent().full().SerializeToString())
        expect(f"{status}", status == 401 and answer["WWW-Authenticate"])
    expect("no secret in the log", "secret" not in stage.log().replace("secrets", ""))


def is_connected(stage, agent):
    return stage.agent(agent)["connected"]


@conformance("[SRV-LIFE-3] a goodbye, and the end of a connection, are noticed at once",
             {"goodbye over WebSocket": (WsClient, True), "the end over WebSocket": (WsClient, False), "goodbye over HTTP": (HttpClient, True)})
def goodbye(stage, kind, is_said):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent()
    client.ask(agent.full())
    expect("connected", is_connected(stage, agent))
    if is_said:
        message = agent.message()
        message.agent_disconnect.SetInParent()
        client.ask(message)
    else:
        client.end()
    eventually("disconnected", lambda: not is_connected(stage, agent))


@conformance("[SRV-RETRY-2] an overloaded server says UNAVAILABLE, with the pause it wants", CLIENTS)
def overloaded(stage, kind):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent()
    client.ask(agent.full())
    stage.api("PUT", "throttle", {"mode": "unavailable", "retry_after": "3s"})
    error = client.ask(agent.message())
    expect(f"{error}", error.error_response.type == UNAVAILABLE and error.error_response.retry_info.retry_after_nanoseconds == 3 * 10**9)
    stage.api("PUT", "throttle", {"mode": "none"})
    expect("no longer", not client.ask(agent.full()).HasField("error_response"))


@conformance("[SRV-RETRY-3] or it refuses with 503 or 429, and Retry-After", {"503": 503, "429": 429})
def refuses(stage, status):
    stage.serve()
    stage.api("PUT", "throttle", {"mode": f"http_{status}", "retry_after": "3s"})
    try:
        stage.client()
        raise Failed("it was accepted")
    except Refused as refused:
        expect(f"{refused}", refused.status == status and refused.headers.get("retry-after") == "3")
    answered, headers, _ = stage.client(HttpClient).post(FakeAgent().full().SerializeToString())
    expect(f"{answered}", answered == status and headers["Retry-After"] == "3")


if __name__ == "__main__":
    main(ServerStage)

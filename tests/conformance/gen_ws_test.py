#!/usr/bin/python3
"""Groups GEN and WS: what every message is like, and how WebSocket carries it."""

import stage as stage_module  # noqa: F401  (finds tests/support)
import websocket
from protocol import APPLIED, FULL_STATE, config_status, flagged, hash_of, is_full, padded, remote_config
from rig import eventually, expect, is_alive
from scene import LONG
from stage import TRANSPORTS, run
from suite import conformance
from websocket import BINARY, CLOSE, frame

KIB, MIB = 1024, 1024 * 1024


# --- GEN


@conformance("[GEN-1] the URL's scheme chooses the transport", TRANSPORTS)
def scheme_chooses(stage, scheme):
    stage.scheme = scheme
    fs = stage.begin()
    request = fs.reports[0].request
    is_upgrade = request.headers.get("upgrade") == "websocket"
    expect(f"{request}", (request.method, is_upgrade) == (("GET", True) if scheme == "ws" else ("POST", False)))


@conformance("[GEN-1] a scheme that is no transport is refused at the start")
def unknown_scheme(stage):
    stage.configure(server={"endpoint": "ftp://127.0.0.1:4320/v1/opamp"})
    done = stage.run("--config", "supervisor.yaml")
    expect(f"{done}", done.returncode != 0 and "server.endpoint" in done.stderr)


@conformance("[GEN-2] the path of the URL is the request's target, as it is", {"ws": "ws", "http": "http"})
def path_of_the_url(stage, scheme):
    fs = stage.serve()
    stage.begin(server={"endpoint": f"{scheme}://127.0.0.1:{fs.port}/x/y?z=1"})
    expect("the target", fs.reports[0].request.target == "/x/y?z=1")


@conformance("[GEN-3] a port in the URL wins over the default")
def explicit_port(stage):
    stage.begin()
    expect("Host names it", stage.fs.reports[0].request.headers["host"] == f"127.0.0.1:{stage.fs.port}")


@conformance("[GEN-4] [UID-1] [CAP-1] [CAP-2] [CAP-3] [MSG-8] each message names the agent and what it can do", TRANSPORTS)
def every_message_has_a_head(stage, scheme):
    stage.scheme = scheme
    fs = stage.begin(server={"heartbeat_interval": "100ms"})
    stage.apply("instrument: true\n")
    since = fs.now()
    stage.wait_for("five quiet messages", lambda: fs.now() >= since + 5)
    stage.stop()
    eventually("the goodbye", lambda: fs.messages()[-1].HasField("agent_disconnect"))
    uid = fs.messages()[0].instance_uid
    for message in fs.messages():
        expect(f"the uid: {message}", message.instance_uid == uid and len(uid) == 16)
        expect(f"capabilities, of which ReportsStatus, and none unknown: {message}", message.capabilities & 1 and message.capabilities <= 0xFFFF)
        expect(f"no unknown flag: {message}", message.flags & ~1 == 0)


# --- WS: what is sent


@conformance("[WS-1] [WS-2] [LIFE-1] [LIFE-3] [LIFE-4] [MSG-4] binary messages behind header 0, masked, the last of them the goodbye, then Close")
def what_is_on_the_wire(stage):
    fs = stage.begin()
    stage.apply("instrument: true\n")
    stage.stop()
    connection = fs.connections[0]
    expect("TCP has ended", connection.ended.wait(30))
    request = connection.request
    expect("the upgrade of RFC 6455", request.method == "GET" and request.headers["sec-websocket-version"] == "13"
           and "upgrade" in request.headers["connection"].lower() and len(request.headers["sec-websocket-key"]) == 24)
    expect("nothing undecodable", not fs.garbage)
    expect("every frame is masked", all(one.is_masked for one in connection.frames))
    data = connection.data_frames()
    expect("data is binary", {one.opcode for one in data} <= {BINARY, websocket.CONTINUATION} and data[0].opcode == BINARY)
    expect("header 0", all(one.payload[:1] == b"\0" for one in data if one.opcode == BINARY))
    expect("no reserved bit without an extension", not any(one.reserved for one in connection.frames))
    expect("the goodbye is the last", fs.messages()[-1].HasField("agent_disconnect"))
    expect("and the only one", sum(message.HasField("agent_disconnect") for message in fs.messages()) == 1)
    expect(f"then Close 1000: {connection.frames[-1]}", connection.frames[-1].opcode == CLOSE and connection.close_code == 1000)
    expect("one connection", len(fs.connections) == 1)


# --- WS: what is received


def full_state_bytes():
    return flagged().SerializeToString()


def answers_with_full_report(stage, what, data):
    """`data` is frames that carry one message with the flag ReportFullState."""
    since = stage.fs.now()
    stage.fs.latest().raw(data)
    stage.wait_report(what, is_full, since)


@conformance("[WS-3] [WS-5] a header of up to ten bytes with the value 0 is a header", {str(size): size for size in (1, 2, 3, 10)})
def overlong_header(stage, size):
    fs = stage.begin()
    header = b"\x80" * (size - 1) + b"\0"
    offer = remote_config("instrument: true\n")
    offer.instance_uid = fs.reports[-1].message.instance_uid
    since = fs.now()
    fs.latest().raw(frame(BINARY, header + offer.SerializeToString()))
    stage.wait_report("applied", config_status(APPLIED, hash_of(offer)), since)
    expect("to the last byte", stage.config.read_text() == "instrument: true\n")
    expect("on the connection that stood", len(fs.connections) == 1)


MALFORMED = {
    "01": b"\x01", "7F": b"\x7f", "FF 01": b"\xff\x01", "overlong 1": b"\x81\x00", "80 01": b"\x80\x01",
    "ten bytes without an end": b"\xff" * 10, "eleven zeros without an end": b"\x80" * 11,
}


@conformance("[WS-3] [WS-4] a header that is not 0 makes the message malformed", MALFORMED)
def malformed_header(stage, header):
    fs = stage.begin()
    pid, offer = stage.pid(), remote_config("instrument: true\n")
    fs.latest().raw(frame(BINARY, header + offer.SerializeToString()))
    stage.wait_for_event("message.refused")
    eventually("a full report", lambda: stage.everything() and True)
    expect("not applied", not stage.config.exists() and stage.pid() == pid and is_alive(pid))
    expect("never heard of again", not any(message.remote_config_status.last_remote_config_hash for message in fs.messages()))


@conformance("[WS-4] a message without a header, and an empty one, are malformed",
             {"empty": b"", "only continuation bits": b"\x80", "bare protobuf": flagged().SerializeToString()})
def no_header(stage, message):
    fs = stage.begin()
    since = fs.now()
    fs.latest().raw(frame(BINARY, message))
    stage.wait_for_event("message.refused")
    stage.everything()
    expect("it asked for nothing", sum(is_full(one) for one in fs.messages(since)) == 1)


@conformance("[WS-5] a message in several frames is one message", {f"{count} frames": count for count in (2, 7, 40)})
def fragmented(stage, count):
    fs = stage.begin()
    offer = remote_config({"": "instrument: true\n"}, bytes(range(256)))
    offer.instance_uid, offer.flags = fs.reports[-1].message.instance_uid, FULL_STATE
    since = fs.now()
    fs.latest().raw(websocket.fragments(b"\0" + offer.SerializeToString(), count))
    stage.wait_report("applied", config_status(APPLIED, bytes(range(256))), since)
    stage.wait_report("the flags too", is_full, since)


@conformance("[WS-6] a header alone is a message that says nothing")
def header_alone(stage):
    fs = stage.begin()
    stage.everything()
    said = fs.now()
    fs.latest().raw(frame(BINARY, b"\0"))
    stage.everything()
    expect("no answer but to the question", fs.now() == said + 1)
    expect("no new connection", len(fs.connections) == 1)
    expect("no complaint", not stage.events("message.refused"))


@conformance("[WS-7] a message of exactly the limit is taken")
def message_of_the_limit(stage):
    stage.begin(server={"limits": {"receive": "64KiB"}})
    answers_with_full_report(stage, "it is taken", frame(BINARY, b"\0" + padded(flagged(), 64 * KIB - 1)))


OVER = {
    "in one frame": lambda payload: frame(BINARY, payload),
    "in many frames": lambda payload: websocket.fragments(payload, 50),
    "far over it": lambda payload: frame(BINARY, payload + bytes(4 * MIB)),
    "of which only the length comes": lambda payload: frame(BINARY, payload + bytes(64 * KIB))[:200],
}


@conformance("[WS-7] [WS-8] [WS-9] a message over the limit is refused with Close 1009 and a new connection", OVER)
def message_over_the_limit(stage, make):
    fs = stage.begin(server={"limits": {"receive": "64KiB"}})
    first = fs.latest()
    offer = remote_config("instrument: true\n")
    try:
        first.raw(make(b"\0" + padded(offer, 64 * KIB)))
    except OSError:
        pass  # it has closed already
    expect("the connection ends", first.ended.wait(30))
    expect(f"with 1009, not {first.close_code}", first.close_code == 1009)
    stage.wait_for("a new connection", lambda: len(fs.connections) == 2)
    stage.everything()
    expect("not applied", not stage.config.exists() and len(stage.starts()) == 1)
    expect("its hash never shows up", not any(message.remote_config_status.last_remote_config_hash for message in fs.messages()))


@conformance("[WS-7] compression is not negotiated, so a compressed message is against the protocol")
def compressed_message(stage):
    fs = stage.begin()
    first = fs.latest()
    expect("no extension is asked for", "sec-websocket-extensions" not in first.request.headers)
    first.raw(frame(BINARY, b"\0" + bytes(100), reserved=4))
    expect("the connection ends", first.ended.wait(30))
    expect(f"as a protocol error: {first.close_code}", first.close_code == 1002)
    stage.everything()


@conformance("[WS-10] [WS-11] [WS-12] a report over the limit is not sent, whatever it would compress to, and is in the log")
def report_over_the_limit(stage):
    fs = stage.begin(server={"limits": {"send": "4KiB"}})
    body = "text: " + "x" * 8 * KIB + "\n"
    fs.push(remote_config(body))
    discarded = stage.wait_for_event("message.discarded")
    expect(f"its size: {discarded}", discarded["bytes"] > 8 * KIB)
    stage.wait_for("the config", lambda: stage.config.exists() and stage.config.read_text() == body)
    expect("none came", all(len(report.raw) < 4 * KIB for report in fs.reports))
    since = fs.now()
    stage.kill_agent()
    stage.wait_report("smaller messages flow", lambda message: message.HasField("health"), since)
    expect("on the same connection", len(fs.connections) == 1)


@conformance("[WS-13] without settings 64 MiB are taken, and one byte more is not")
def default_limit(stage):
    fs = stage.begin()
    answers_with_full_report(stage, "64 MiB are taken", frame(BINARY, b"\0" + padded(flagged(), 64 * MIB - 1)))
    first = fs.latest()
    try:
        first.raw(frame(BINARY, b"\0" + padded(flagged(), 64 * MIB)))
    except OSError:
        pass
    expect("refused", first.ended.wait(60) and first.close_code == 1009)


@conformance("[WS-14] messages that come unasked, and several in a row, are all taken, in order")
def back_to_back(stage):
    fs = stage.serve()
    silent = []

    def answer(report):
        return None if silent else fs.acknowledge(report)
    fs.answer = answer
    stage.begin(server={"heartbeat_interval": LONG})
    silent.append(True)  # what comes now stays unanswered
    since, uid = fs.now(), fs.messages()[-1].instance_uid
    offers = [remote_config(f"number: {number}\n") for number in (1, 2, 3)]
    for offer in offers:
        offer.instance_uid = uid
    fs.latest().raw(b"".join(frame(BINARY, b"\0" + offer.SerializeToString()) for offer in offers))
    stage.wait_report("the last is applied", config_status(APPLIED, hash_of(offers[-1])), since)
    received = [event["hash"] for event in stage.events("config.received")]
    expect(f"all three, in order: {received}", [text[:8] for text in received] == [hash_of(offer).hex()[:8] for offer in offers])


if __name__ == "__main__":
    run()

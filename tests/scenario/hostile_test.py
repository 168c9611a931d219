#!/usr/bin/python3
"""Servers that are sick, or mean harm: whatever they do, the agent does not notice, and opampd is there for it."""

import ctypes
import pathlib
import socket
import struct
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))
import stage as stage_module  # noqa: E402, F401  (finds tests/support)
from certificates import Authority  # noqa: E402
from http_parts import Reply, Tls, message_reply  # noqa: E402
from protocol import APPLIED, config_status, hash_of, is_full, is_healthy, remote_config  # noqa: E402
from rig import expect, is_alive  # noqa: E402
from scene import LONG  # noqa: E402
from sockets import sending_of_peer  # noqa: E402
from stage import QUICK, TRANSPORTS, run  # noqa: E402
from suite import scenario, scenario_for  # noqa: E402
from websocket import BINARY, frame  # noqa: E402

NO_PAUSES = {"reconnect": {"initial_interval": LONG, "max_interval": LONG}}


def agent_is_untouched(stage, pid):
    expect(f"the agent did not notice: {stage.starts()}", [start.pid for start in stage.starts()] == [pid] and is_alive(pid))


# --- the network goes away without a word --------------------------------------------------------------------------------


class Filter(ctypes.Structure):
    """struct sock_fprog; of one instruction."""
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]


class Darkness:
    """Packets that arrive for these sockets are dropped before TCP sees them: nothing is acknowledged, and no connection made. As
    the server has nothing to say then, no packet goes either way."""
    ATTACH, DETACH = 26, 27  # SO_ATTACH_FILTER, SO_DETACH_FILTER
    DROP = struct.pack("HBBI", 6, 0, 0, 0)  # return 0: nothing of the packet is wanted

    def __init__(self, *sockets):
        self.sockets = sockets
        code = ctypes.create_string_buffer(self.DROP)
        program = bytes(Filter(1, ctypes.addressof(code)))
        for one in sockets:
            one.setsockopt(socket.SOL_SOCKET, self.ATTACH, program)

    def ends(self):
        for one in self.sockets:
            one.setsockopt(socket.SOL_SOCKET, self.DETACH, 0)


def lose_the_network(stage, **sections):
    """A connection of which only the daemon's end is left, and what was said on it has gone nowhere."""
    fs = stage.begin(QUICK | stage.idle(), server={"heartbeat_interval": "100ms"}, **sections)
    connection = fs.latest()
    darkness = Darkness(fs.listener, connection.socket)
    stage.wait_for("something that is not acknowledged", lambda: sending_of_peer(connection).unacknowledged)
    return connection, darkness


@scenario
def agent_is_healed_while_the_network_is_gone(stage):
    connection, darkness = lose_the_network(stage)
    for _ in range(3):
        stage.heal()
    expect("the connection stands, for all the daemon knows", sending_of_peer(connection).unacknowledged and not stage.events("server.disconnected"))
    pid, since = stage.pid(), stage.fs.now()
    darkness.ends()
    stage.wait_report("the server learns of it", is_healthy, since)
    stage.apply("instrument: true\n")
    expect("the agent has been left alone since", len(stage.starts()) == 5 and stage.starts()[3].pid == pid)


@scenario
def stop_has_an_end_while_the_network_is_gone(stage):
    lose_the_network(stage)
    stage.stop()


@scenario
def connection_attempts_into_nothing_are_given_up_and_made_again(stage):
    fs = stage.begin(QUICK | stage.idle())
    pid, first = stage.pid(), fs.latest()
    darkness = Darkness(fs.listener)
    first.reset()
    stage.wait_for_event("server.disconnected")
    stage.heal()
    failed = stage.wait_for_event("server.connect_failed")
    expect(f"it says why: {failed}", "time" in failed["error"])
    expect("nobody has come through", len(fs.connections) == 1 and pid != stage.pid())
    since = fs.now()
    darkness.ends()
    stage.wait_report("it comes by itself", is_full, since)


# --- another certificate -------------------------------------------------------------------------------------------------


@scenario_for({"over WebSocket": "wss", "over HTTP": "https"})
def certificate_of_a_stranger_is_refused_and_the_right_one_taken_again(stage, scheme):
    stage.scheme = scheme
    fs = stage.serve(tls=stage.tls())
    ours, pair = fs.context, Authority(stage.folder, "strange").issue("server")
    stage.begin(server={"tls": {"ca_file": str(stage.authority().file)}, "headers": {"Authorization": "Bearer secret"}})
    pid, since = stage.pid(), fs.now()
    fs.context = Tls(pair.cert, pair.key).context()
    fs.latest().cut()
    failed = stage.wait_for_event("server.connect_failed", 2)
    expect(f"it says why: {failed}", "certificate" in failed["error"])
    expect("the server was told why, and nothing else", fs.tls_failures and fs.now() == since)
    expect("no credentials", not [one for one in fs.connections[1:] if one.requests])
    agent_is_untouched(stage, pid)
    fs.context = ours
    stage.wait_report("it comes by itself", since=since)
    stage.everything()
    agent_is_untouched(stage, pid)


# --- less than anybody can use -------------------------------------------------------------------------------------------


def drip(connection, data):
    for position in range(len(data)):
        connection.raw(data[position:position + 1])


@scenario_for({"the second byte": 1, "the length": 3, "the content": 40, "the last byte": -1})
def frame_byte_by_byte_does_not_hold_up_the_healing(stage, position):
    fs = stage.begin(QUICK | stage.idle())
    first, offer = fs.latest(), remote_config("number: 1\n")
    offer.instance_uid = fs.reports[-1].message.instance_uid
    data, since = frame(BINARY, b"\0" + offer.SerializeToString()), fs.now()
    fs.answer = lambda report: None  # nothing may come between two bytes
    drip(first, data[:position])
    stage.heal()
    expect("nothing came of a part", not stage.events("config.received"))
    drip(first, data[position:])
    stage.wait_report("APPLIED", config_status(APPLIED, hash_of(offer)), since)
    expect("on the connection that stood", len(fs.connections) == 1)


@scenario_for({"the status line": 10, "the headers": 40, "the body": -1})
def answer_byte_by_byte_does_not_hold_up_the_healing(stage, position):
    stage.scheme = "http"
    fs = stage.begin(QUICK | stage.idle())
    offer, has_begun, may_end = remote_config("number: 1\n"), threading.Event(), threading.Event()
    since = fs.now()

    def slow_answer(report):
        fs.answer = fs.acknowledge
        offer.instance_uid = report.message.instance_uid
        reply = message_reply(offer)
        reply.headers["Connection"] = "close"
        drip(report.connection, reply.bytes()[:position])
        has_begun.set()
        may_end.wait()
        drip(report.connection, reply.bytes()[position:])
    fs.answer = slow_answer
    try:
        stage.wait_for("half an answer", has_begun.is_set)
        stage.heal()
        expect("nothing came of a part", not stage.events("config.received"))
    finally:
        may_end.set()
    stage.wait_report("APPLIED", config_status(APPLIED, hash_of(offer)), since)


# --- somewhere else, or much later ---------------------------------------------------------------------------------------


@scenario_for({f"{status} {name}": (scheme, status) for name, scheme in TRANSPORTS.items() for status in (301, 307)})
def redirect_is_not_followed(stage, scheme, status):
    stage.scheme = scheme
    fs, elsewhere = stage.serve(), stage.another_server()
    targets = [f"{scheme}://127.0.0.1:{elsewhere.port}/", f"{scheme}://127.0.0.1:{fs.port}/round-and-round"]
    fs.refusal = lambda request: Reply(status, {"Location": targets[len(fs.requests()) % 2]})
    stage.configure(server={"headers": {"Authorization": "Bearer secret"}})
    stage.start()
    stage.wait_until_healthy()
    stage.wait_for("many attempts", lambda: len(fs.requests()) >= 10)
    expect("all of them where the settings say", {request.target for request in fs.requests()} == {"/v1/opamp"})
    expect("none elsewhere", not elsewhere.connections)
    said = [event for event in stage.events() if event["event"].startswith("server.") and str(status) in event.get("error", "")]
    expect("the log says why", said)
    fs.refusal = None
    stage.wait_report("it comes by itself", is_full)
    expect("none elsewhere", not elsewhere.connections)


@scenario_for({name: scheme for name, scheme in TRANSPORTS.items()})
def pause_of_a_year_is_cut_to_an_hour_and_holds_up_nothing(stage, scheme):
    stage.scheme = scheme
    fs = stage.serve(refusal=Reply(503, {"Retry-After": str(365 * 24 * 3600)}))
    stage.configure(QUICK | stage.idle())
    stage.start()
    planned = stage.wait_for_event("server.retry_planned")
    expect(f"an hour: {planned}", planned["in"].startswith(("3600", "1h", "60m")))
    stage.wait_until_healthy()
    stage.heal()
    stage.stop()
    expect("it was left alone", len(fs.requests()) <= 2)


@scenario_for({name: scheme for name, scheme in TRANSPORTS.items()})
def pause_of_nothing_is_no_reason_to_hammer(stage, scheme):
    """With pauses of up to an hour, an attempt that is not followed by a pause shows at once."""
    stage.scheme = scheme
    fs = stage.serve(refusal=Reply(503, {"Retry-After": "0"}))
    stage.configure(server=NO_PAUSES)
    stage.start()
    stage.wait_for_event("server.retry_planned")
    stage.wait_until_healthy()
    expect(f"few attempts: {fs.requests()}", len(fs.requests()) <= 2)


if __name__ == "__main__":
    run()

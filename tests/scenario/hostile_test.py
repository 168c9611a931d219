#!/usr/bin/python3
"""Servers that are sick, or mean harm: whatever they do, the agent does not notice, and opampd is there for it."""

import ctypes
import os
import pathlib
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))
import stage as stage_module  # noqa: E402, F401  (finds tests/support)
import websocket  # noqa: E402
from certificates import Authority  # noqa: E402
from fake_server import Tls  # noqa: E402
from protocol import APPLIED, FAILED, config_status, flagged, hash_of, is_full, is_healthy, remote_config  # noqa: E402
from rig import expect, is_alive  # noqa: E402
from stage import run  # noqa: E402
from suite import scenario, scenario_for  # noqa: E402
from websocket import BINARY, CONTINUATION, PING, frame  # noqa: E402

# Memory is measured here: without what ASan keeps for a while after it was freed.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
KIB = 1024
MANY = 10000
NOTES = "# " + "x" * 10 * KIB + "\n"
QUICK = {"restart": {"initial_backoff": "1ms", "max_backoff": "1ms"}}


def agent_is_untouched(stage, pid):
    expect(f"the agent did not notice: {stage.starts()}", [start.pid for start in stage.starts()] == [pid] and is_alive(pid))


def crash_is_healed(stage):
    """The agent dies, and another takes its place: without any help of the server."""
    starts, healthy = len(stage.starts()), len(stage.events("agent.healthy"))
    stage.kill_agent()
    stage.wait_for_starts(starts + 1)
    stage.wait_until_healthy(healthy + 1)


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


def unacknowledged(connection):
    """Bytes that the peer has sent on this connection and has no acknowledgement of, as its kernel sees it."""
    port = connection.socket.getpeername()[1]
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, _, queues = line.split()[:5]
        if int(local.partition(":")[2], 16) == port:
            return int(queues.partition(":")[0], 16)
    return 0


def lose_the_network(stage, **sections):
    """A connection of which only the daemon's end is left, and what was said on it has gone nowhere."""
    fs = stage.begin(QUICK | stage.idle(), server={"heartbeat_interval": "100ms"}, **sections)
    connection = fs.latest()
    darkness = Darkness(fs.listener, connection.socket)
    stage.wait_for("something that is not acknowledged", lambda: unacknowledged(connection))
    return connection, darkness


@scenario
def agent_is_healed_while_the_network_is_gone(stage):
    connection, darkness = lose_the_network(stage)
    for _ in range(3):
        crash_is_healed(stage)
    expect("the connection stands, for all the daemon knows", unacknowledged(connection) and not stage.events("server.disconnected"))
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
    crash_is_healed(stage)
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


# --- more than anybody can use -------------------------------------------------------------------------------------------


def resident(stage):
    """KiB of the daemon's memory."""
    return next(int(line.split()[1]) for line in open(f"/proc/{stage.daemon.pid}/status") if line.startswith("VmRSS"))


def memory_is_bounded(stage, before):
    """Less than the flood has bytes, so that it cannot have been kept; with room for what an instrumented build adds."""
    grown = resident(stage) - before
    expect(f"memory is bounded: {grown} KiB more than {before}", grown < 80 * KIB)


def flood(stage, offers):
    """All at once: as fast as the socket takes them."""
    uid = stage.fs.reports[-1].message.instance_uid
    for offer in offers:
        offer.instance_uid = uid
    stage.fs.latest().raw(b"".join(frame(BINARY, b"\0" + offer.SerializeToString()) for offer in offers))


@scenario
def same_offer_ten_thousand_times_is_one_offer(stage):
    fs = stage.begin()
    before = resident(stage)
    offer = remote_config({"": "number: 1\n" + NOTES})
    since = fs.now()
    flood(stage, [offer] * MANY)
    stage.wait_report("APPLIED", config_status(APPLIED, hash_of(offer)), since)
    stage.apply("number: 2\n")  # which comes after all of them
    memory_is_bounded(stage, before)
    expect(f"one start for each: {stage.starts()}", len(stage.starts()) == 3)
    expect("on the connection that stood", len(fs.connections) == 1)
    fates = [message.remote_config_status.status for message in fs.messages(since) if message.HasField("remote_config_status")]
    expect(f"told once: {fates}", len(fates) <= 4 and FAILED not in fates)


@scenario
def ten_thousand_offers_end_with_the_last(stage):
    fs = stage.begin()
    before = resident(stage)
    offers = [remote_config({"": f"number: {number}\n" + NOTES}) for number in range(MANY)]
    since = fs.now()
    flood(stage, offers)
    stage.wait_report("the last is APPLIED", config_status(APPLIED, hash_of(offers[-1])), since)
    memory_is_bounded(stage, before)
    expect("the file", stage.config.read_text() == f"number: {MANY - 1}\n" + NOTES)
    expect(f"few were tried: {len(stage.starts())}", len(stage.starts()) < MANY / 20)
    expect("none failed", not any(map(config_status(FAILED), fs.messages())))
    starts = len(stage.starts())
    stage.apply("number: last\n")
    expect("nothing was left to be tried", len(stage.starts()) == starts + 1)


@scenario_for({"pings": frame(PING, b"anyone?"), "pings without a word": frame(PING), "pongs": frame(websocket.PONG, b"here"),
               "header alone": frame(BINARY, b"\0"), "questions for everything": frame(BINARY, b"\0" + flagged().SerializeToString())})
def frames_that_come_by_the_thousand_do_no_harm(stage, one):
    fs = stage.begin(QUICK | stage.idle())
    before = resident(stage)
    fs.latest().raw(one * MANY)
    crash_is_healed(stage)
    stage.apply("instrument: true\n")
    memory_is_bounded(stage, before)
    expect("on the connection that stood", len(fs.connections) == 1)


@scenario
def message_in_fragments_without_content_is_a_message_when_it_ends(stage):
    fs = stage.begin(QUICK | stage.idle())
    before, first = resident(stage), fs.latest()
    fs.answer = lambda report: None  # an answer would stand in the middle of the message
    first.raw(frame(BINARY, b"\0", is_last=False))
    for _ in range(5):
        first.raw(frame(CONTINUATION, is_last=False) * 20 * MANY)
        crash_is_healed(stage)
    memory_is_bounded(stage, before)
    since = fs.now()
    first.raw(frame(CONTINUATION, flagged().SerializeToString()))
    stage.wait_report("a full report", is_full, since)
    expect("on the connection that stood", len(fs.connections) == 1)


if __name__ == "__main__":
    run()

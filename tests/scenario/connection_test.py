#!/usr/bin/python3
"""What is said to the server, and when."""

import base64
import os
import pathlib
import signal
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import NEEDED_CAPABILITIES, attributes, health_is, instance_uid  # noqa: E402
from rig import eventually, expect, is_alive  # noqa: E402
from scene import GOOD  # noqa: E402
from suite import main, scenario, scenario_for  # noqa: E402

SECTIONS = ("agent_description", "effective_config", "health", "remote_config_status")


def is_full(message):
    return all(section in message for section in SECTIONS)


def ask_for_everything(scene):
    """The answer comes after all that opampd had to say before."""
    since = scene.peer.now()
    scene.peer.order(full_state=True)
    return scene.wait_for_message("a full report", is_full, since)


def sequence_has_no_gap(messages):
    numbers = [int(message.get("sequence_num", 0)) for message in messages]
    expect(f"each number is the one before plus one: {numbers}", all(b == a + 1 for a, b in zip(numbers, numbers[1:])))


# --- reports -------------------------------------------------------------------------------------------------------------


@scenario
def first_report_is_full(scene):
    peer = scene.begin()
    first = peer.messages()[0]
    expect(f"every section: {first}", is_full(first))
    expect("a UUID", len(instance_uid(first)) == 16)
    expect("the capabilities", int(first["capabilities"]) & NEEDED_CAPABILITIES == NEEDED_CAPABILITIES)
    expect("who it is", {"service.name", "service.instance.id", "os.type", "host.name"} <= set(attributes(first)))


@scenario
def full_state_is_reported_when_asked(scene):
    peer = scene.begin()
    ask_for_everything(scene)
    said = len(peer.messages())
    ask_for_everything(scene)
    expect("one for each question", len(peer.messages()) == said + 1)
    sequence_has_no_gap(peer.messages())


@scenario
def message_has_only_what_changed(scene):
    peer = scene.begin()
    since = peer.now()
    os.kill(scene.pid(), signal.SIGKILL)
    scene.wait_for_message("healthy again", lambda message: health_is(True)(message) and scene.starts()[1:], since)
    for message in peer.messages(since):
        expect(f"health alone: {message}", "health" in message and not set(SECTIONS) - {"health"} & set(message))


@scenario
def nothing_is_said_when_nothing_changes(scene):
    peer = scene.begin(scene.probed())
    ask_for_everything(scene)
    said, probes = len(peer.messages()), scene.agent_log().count("probed")
    scene.wait_for("twenty more probes", lambda: scene.agent_log().count("probed") >= probes + 20)
    ask_for_everything(scene)
    expect(f"nothing in between: {peer.messages()[said:]}", len(peer.messages()) == said + 1)


@scenario
def heartbeat_is_small_and_comes_by_itself(scene):
    peer = scene.begin(server={"heartbeat_interval": "100ms"})
    since = peer.now()
    scene.wait_for("five messages", lambda: len(peer.messages(since)) >= 5)
    for message in peer.messages(since):
        expect(f"nothing but its head: {message}", set(message) == {"instance_uid", "sequence_num", "capabilities"})
    sequence_has_no_gap(peer.messages())


@scenario
def health_is_not_reported_without_the_capability(scene):
    peer = scene.serve()
    scene.configure(capabilities={"reports_health": False})
    scene.start()
    scene.wait_until_healthy()
    since = peer.now()
    peer.order(full_state=True)
    message = scene.wait_for_message("a report", lambda message: "agent_description" in message, since)
    expect("no health in any", not any("health" in message for message in peer.messages()))
    expect("and no such claim", not int(message["capabilities"]) & 0x800)


# --- orders --------------------------------------------------------------------------------------------------------------


@scenario
def restart_command_restarts_the_agent_once(scene):
    peer = scene.begin()
    before, since = scene.pid(), peer.now()
    peer.order(restart=True)
    scene.wait_for_starts(2)
    scene.wait_for_message("healthy again", health_is(True), since)
    expect("the old one is gone", not is_alive(before) and len(scene.starts()) == 2)


@scenario
def message_for_another_instance_is_ignored(scene):
    peer = scene.begin()
    pid = scene.pid()
    peer.order(restart=True, offer={"files": {"": {"body": GOOD}}}, as_uid="00112233445566778899aabbccddeeff")
    scene.wait_for_event("message.part_ignored")
    ask_for_everything(scene)
    expect("nothing came of it", scene.pid() == pid and not scene.config.exists() and len(scene.starts()) == 1)


@scenario
def error_of_the_server_is_in_the_log(scene):
    peer = scene.begin()
    peer.order(error="no such tenant")
    scene.wait_for_event("server.reported_error", error="no such tenant")
    ask_for_everything(scene)


# --- lost connections ----------------------------------------------------------------------------------------------------


@scenario_for({"closed": {"close": True}, "reset": {"reset": True}})
def lost_connection_is_made_again_with_a_full_report(scene, how):
    peer = scene.begin()
    pid = scene.pid()
    for count in (1, 2, 3):
        since = peer.now()
        peer.order(**how)
        expect("a full report", is_full(scene.wait_for_message("a message", lambda message: True, since)))
        scene.wait_for("the end of the connection before", lambda: peer.count("disconnected") == count)
        expect("one connection at a time", peer.count("connected") == count + 1)
    expect("the agent did not notice", scene.pid() == pid and is_alive(pid))
    sequence_has_no_gap(peer.messages())


@scenario
def server_that_was_away_finds_the_agent_again(scene):
    scene.begin()
    before, uid = scene.pid(), instance_uid(scene.peer.messages()[0])
    scene.stop_serving()
    scene.wait_for_event("server.connect_failed", 3)
    peer = scene.serve()
    first = scene.wait_for_message("a first message", lambda message: True)
    expect("a full report of the same agent", is_full(first) and instance_uid(first) == uid)
    expect("which is healthy and was not restarted", health_is(True)(first) and scene.pid() == before)
    peer.offer(GOOD)
    scene.wait_for_starts(2)


@scenario
def failure_that_repeats_is_a_warning_once(scene):
    scene.configure()
    scene.start()
    scene.wait_for_event("server.connect_failed", 6)
    levels = [event["level"] for event in scene.events("server.connect_failed")]
    expect(f"one warning: {levels}", levels.count("warning") == 1 and levels[0] == "warning")


@scenario
def refused_upgrade_is_tried_again_until_it_is_accepted(scene):
    peer = scene.serve()
    peer.order(refuse=503)
    scene.configure()
    scene.start()
    scene.wait_for("three attempts", lambda: peer.count("refused") >= 3)
    scene.wait_until_healthy()
    expect("the log says why", "503" in scene.events("server.connect_failed")[0]["error"])
    peer.order(accept=True)
    scene.wait_for_message("a healthy agent", health_is(True))


@scenario_for({manner: manner for manner in ("hang up", "drop", "answer and drop")})
def server_that_ends_every_connection_is_not_hammered(scene, manner):
    """With pauses of up to an hour, an attempt that is not followed by a pause shows at once."""
    peer = scene.serve()
    peer.order(manner=manner)
    scene.configure(server={"reconnect": {"initial_interval": "1h", "max_interval": "1h"}})
    scene.start()
    scene.wait_for_event("server.retry_planned")
    scene.wait_until_healthy()
    attempts = peer.count("connected") + peer.count("refused")
    expect(f"a second attempt at once at most: {attempts}", 1 <= attempts <= 2)


@scenario_for({manner: manner for manner in ("hang up", "drop", "answer and drop")})
def server_that_mends_its_ways_is_found_again(scene, manner):
    peer = scene.serve()
    peer.order(manner=manner)
    scene.configure()
    scene.start()
    scene.wait_for("a few attempts", lambda: peer.count("connected") + peer.count("refused") >= 3)
    since = peer.now()
    peer.order(manner="answer")
    scene.wait_for_message("a full report", is_full, since)
    ask_for_everything(scene)


# --- nonsense ------------------------------------------------------------------------------------------------------------


BINARY, CLOSE = 2, 8


def frame(opcode, payload):
    """As a server sends it."""
    size = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + struct.pack("!H", len(payload))
    return bytes([0x80 | opcode]) + size + payload


NONSENSE = {
    "an empty binary frame": frame(BINARY, b""),
    "a header alone": frame(BINARY, b"\0"),
    "no protobuf": frame(BINARY, b"\0" + b"\xff" * 100),
    "a protobuf cut short": frame(BINARY, b"\0\x0a\x10abc"),
    "an unknown header": frame(BINARY, b"\x05" + b"hello"),
    "unknown fields": frame(BINARY, b"\0" + b"\xfa\x7f\x03abc"),
    "a text frame": frame(1, b"hello"),
    "a ping": frame(9, b"anyone?"),
    "a pong nobody asked for": frame(10, b""),
    "a masked frame": b"\x82\x85abcd" + b"hello",
    "a reserved opcode": frame(3, b"x"),
    "reserved bits": b"\xf2\x01x",
    "a length that never comes": b"\x82\x7f" + struct.pack("!Q", 1 << 62),
    "a close without a code": frame(CLOSE, b""),
    "a close with a bad code": frame(CLOSE, b"\x00\x01bye"),
    "bytes that are no frames": bytes(range(255, 0, -1)) * 20,
}


@scenario_for(NONSENSE)
def nonsense_does_not_disturb(scene, nonsense):
    """It is ignored, or the connection is made anew; the agent does not notice."""
    peer = scene.begin()
    pid = scene.pid()
    peer.order(raw=base64.b64encode(nonsense).decode())
    since = peer.now()

    def answered():
        peer.order(full_state=True)
        return any(map(is_full, peer.messages(since)))
    eventually("it answers", lambda: scene.daemon.runs() and answered(), limit=30, pause=0.05)
    expect("the agent did not notice", scene.pid() == pid and is_alive(pid) and len(scene.starts()) == 1)


# --- the end -------------------------------------------------------------------------------------------------------------


@scenario
def goodbye_is_the_last_message(scene):
    peer = scene.begin()
    scene.stop()
    eventually("the connection is gone", lambda: peer.count("disconnected") == 1)
    last = peer.messages()[-1]
    expect(f"agent_disconnect: {last}", "agent_disconnect" in last)
    expect("once", sum("agent_disconnect" in message for message in peer.messages()) == 1)
    expect("an agent that is stopped is not healthy", not last["health"].get("healthy"))
    expect(f"the reference library had nothing to object: {peer.events}", peer.count("error") == 0)
    sequence_has_no_gap(peer.messages())


@scenario
def server_that_does_not_answer_does_not_delay_the_end_for_ever(scene):
    """A server that accepts and is silent: the goodbyes have a limit."""
    with socket.create_server(("127.0.0.1", scene.port)):
        scene.configure()
        scene.start()
        scene.wait_until_healthy()
        scene.stop()


@scenario
def headers_of_the_settings_are_sent(scene):
    peer = scene.begin(server={"headers": {"Authorization": "Bearer ${env:TOKEN:-secret}", "X-Many": ["a", "b"]}})
    headers = next(event["headers"] for event in peer.events if event["event"] == "connected")
    expect(f"as they are: {headers}", headers["Authorization"] == ["Bearer secret"] and headers["X-Many"] == ["a", "b"])


if __name__ == "__main__":
    main()

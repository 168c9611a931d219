#!/usr/bin/python3
"""Groups CMSG and COMP: messages of the operator's own, and what the agent is made of."""

import json
import re

import stage as stage_module  # noqa: F401  (finds tests/support)
from protocol import FULL_STATE, COMPONENTS, REPORTS_COMPONENTS, S2A, has, is_full
from rig import expect
from stage import TRANSPORTS, run
from suite import conformance

ECHO, OTHER = "com.example.echo", "com.example.inventory/1.0"
OURS = "io.opampd.telemetry"  # what opampd itself understands, see docs/telemetry.md
REVERSE_NAME = re.compile(r"^[a-z0-9-]+(\.[a-z0-9-]+)+(/[^/]+)?$", re.IGNORECASE)


def script(stage, name, text):
    file = stage.folder / name
    file.write_text("#!/bin/sh\n" + text)
    file.chmod(0o755)
    return str(file)


def echoing(stage, *names):
    """An agent whose capabilities answer with what they got, and keep it in files."""
    command = script(stage, "echo.sh", f'cat > "{stage.folder}/received"\necho "$OPAMP_CUSTOM_CAPABILITY $OPAMP_CUSTOM_TYPE" >> "{stage.folder}/calls"\n'
                     f'printf "@base64: "; base64 -w0 "{stage.folder}/received"; echo\n')
    return {**stage.idle(), "custom_capabilities": {name: {"command": [command]} for name in names or (ECHO,)}}


def calls(stage):
    file = stage.folder / "calls"
    return file.read_text().splitlines() if file.exists() else []


def custom(capability=ECHO, kind="ask", data=b"", announced=(ECHO,)):
    message = S2A(custom_message={"capability": capability, "type": kind, "data": data})
    if announced is not None:
        message.custom_capabilities.capabilities.extend(announced)
    return message


@conformance("[CMSG-1] [CMSG-2] [CMSG-5] custom capabilities are announced in the first message, and when asked for everything", TRANSPORTS)
def announced(stage, scheme):
    stage.scheme = scheme
    fs = stage.begin(echoing(stage, ECHO, OTHER), server={"heartbeat_interval": "100ms"})
    names = list(fs.messages()[0].custom_capabilities.capabilities)
    expect(f"{names}", sorted(names) == [ECHO, OTHER, OURS] and all(map(REVERSE_NAME.match, names)))
    since = fs.now()
    stage.wait_for("five quiet ones", lambda: fs.now() >= since + 5)
    expect("not again", not any(map(has("custom_capabilities"), fs.messages(1))))
    expect("when asked for", stage.everything().HasField("custom_capabilities"))


@conformance("[CMSG-5] a capability whose name has another form is refused at the start", {"no dot": "echo", "two versions": "com.example.echo/1/2"})
def bad_name(stage, name):
    stage.configure(echoing(stage, name))
    done = stage.run("--config", "supervisor.yaml")
    expect(f"{done}", done.returncode != 0 and name in done.stderr)


DATA = {"all bytes": bytes(range(256)), "nothing": b"", "text": "Grüße\n".encode(), "64 KiB": bytes(range(256)) * 256}


@conformance("[CMSG-8] [CMSG-10] data reaches the program and the server as it is, under the capability it came for", DATA)
def data_unchanged(stage, data):
    fs = stage.begin(echoing(stage))
    since = fs.now()
    fs.push(custom(data=data))
    answer = stage.wait_report("the answer", has("custom_message"), since).custom_message
    expect("as it was", (answer.capability, answer.type, answer.data) == (ECHO, "ask", data))
    expect("at the program too", (stage.folder / "received").read_bytes() == data)


@conformance("[CMSG-10] custom messages work over HTTP")
def over_http(stage):
    stage.scheme = "http"
    fs = stage.begin(echoing(stage))
    since = fs.now()
    fs.push(custom(data=b"over http"))
    expect("the answer", stage.wait_report("it", has("custom_message"), since).custom_message.data == b"over http")


@conformance("[CMSG-9] one type of two capabilities is two kinds of messages")
def same_type(stage):
    fs = stage.begin(echoing(stage, ECHO, OTHER))
    since = fs.now()
    fs.push(custom(ECHO, "same", b"1", (ECHO, OTHER)))
    fs.push(custom(OTHER, "same", b"2", (ECHO, OTHER)))
    stage.wait_for("two answers", lambda: sum(map(has("custom_message"), fs.messages(since))) >= 2)
    answers = {(message.custom_message.capability, message.custom_message.data) for message in fs.messages(since) if message.HasField("custom_message")}
    expect(f"{answers}", answers == {(ECHO, b"1"), (OTHER, b"2")})
    expect(f"{calls(stage)}", calls(stage) == [f"{ECHO} same", f"{OTHER} same"])


@conformance("[CMSG-3] [CMSG-8] nothing is sent for a capability that the server's newest list has not")
def newest_list(stage):
    fs = stage.begin(echoing(stage, ECHO, OTHER))
    fs.push(custom(ECHO, announced=(ECHO, OTHER)))
    stage.wait_report("an answer", has("custom_message"))
    since = fs.now()
    fs.push(custom(ECHO, "after", announced=(OTHER,)))
    stage.wait_for("the program has run", lambda: f"{ECHO} after" in calls(stage))
    fs.push(custom(OTHER, "after", announced=None))
    answer = stage.wait_report("one for the other", has("custom_message"), since)
    stage.everything()
    sent = [message.custom_message.capability for message in fs.messages(since) if message.HasField("custom_message")]
    expect(f"none for the first: {sent}", sent == [OTHER])


@conformance("[CMSG-4] a server that announces nothing is sent nothing")
def nothing_announced(stage):
    fs = stage.begin(echoing(stage))
    fs.push(custom(announced=None))
    stage.wait_for("the program has run", lambda: calls(stage))
    stage.everything()
    expect("no answer", not any(map(has("custom_message"), fs.messages())))


@conformance("[CMSG-6] [CMSG-7] a message of an unsupported capability or type does no harm",
             {"capability": ("com.example.unknown", "ask"), "type": (ECHO, "nobody knows"), "no capability": ("", "")})
def unsupported(stage, capability, kind):
    fs = stage.begin(echoing(stage))
    fs.push(custom(capability, kind))
    stage.everything()
    stage.everything()
    if capability != ECHO:
        expect("nothing was run", not calls(stage))
    expect("no trouble", len(fs.connections) == 1 and not [event for event in stage.events() if event["level"] == "error"])


# --- COMP

TREE = {"receiver/otlp": {"metadata": {"code.namespace": "otlp", "version": "1.2"},
                          "components": {"grpc": {"metadata": {}, "components": {"tls": {"metadata": {"a": "b"}}}}}},
        "exporter/debug": {}}


def composed(stage, tree=TREE):
    file = stage.folder / "components.json"
    file.write_text(json.dumps(tree))
    return {**stage.idle(), "available_components": {"command": ["cat", str(file)]}}


ON = {"capabilities": {"reports_available_components": True}}


def hash_reported(stage):
    return stage.wait_report("a hash", lambda message: message.available_components.hash).available_components.hash


def whole_map(stage, fs, flags=COMPONENTS):
    since = fs.now()
    fs.push(S2A(flags=flags))
    return stage.wait_report("the map", lambda message: message.available_components.components, since).available_components


@conformance("[COMP-1] [COMP-2] [COMP-4] [COMP-6] the hash alone is reported, once, and its capability announced", TRANSPORTS)
def hash_alone(stage, scheme):
    stage.scheme = scheme
    fs = stage.begin(composed(stage), server={"heartbeat_interval": "100ms"}, **ON)
    expect("a hash", hash_reported(stage))
    since = fs.now()
    stage.wait_for("five quiet ones", lambda: fs.now() >= since + 5)
    messages = [message for message in fs.messages() if message.HasField("available_components") and message.available_components.hash]
    expect("once", len(messages) == 1 and not messages[0].available_components.components)
    expect("announced", all(message.capabilities & REPORTS_COMPONENTS for message in fs.messages()))


@conformance("[COMP-1] [CAP-6] without the capability there are no components, even when asked for")
def without(stage):
    fs = stage.begin(composed(stage), capabilities={"reports_available_components": False})
    fs.push(S2A(flags=FULL_STATE | COMPONENTS))
    full = stage.wait_report("a full report", is_full, 1)
    stage.everything()
    expect("none", not full.capabilities & REPORTS_COMPONENTS and not any(map(has("available_components"), fs.messages())))


@conformance("[COMP-5] [COMP-7] [COMP-8] the whole map when asked for, to any depth, with the same hash")
def map_on_request(stage):
    fs = stage.begin(composed(stage), **ON)
    first = hash_reported(stage)
    answer = whole_map(stage, fs)
    expect("the same hash", answer.hash == first)
    expect(f"{answer}", set(answer.components) == set(TREE))
    otlp = answer.components["receiver/otlp"]
    expect("metadata", {pair.key: pair.value.string_value for pair in otlp.metadata} == TREE["receiver/otlp"]["metadata"])
    expect("three levels", otlp.sub_component_map["grpc"].sub_component_map["tls"].metadata[0].key == "a")


@conformance("[COMP-3] equal components have equal hashes, also after a restart; another set has another")
def equal_hashes(stage):
    fs = stage.begin(composed(stage), **ON)
    first = hash_reported(stage)
    stage.stop()
    turned = dict(reversed(TREE.items()))
    stage.configure(composed(stage, turned), **ON)
    since = fs.now()
    stage.start()
    again = stage.wait_report("a hash", lambda message: message.available_components.hash, since).available_components.hash
    expect("the same, in whatever order it is told", first == again)
    stage.stop()
    stage.configure(composed(stage, {**TREE, "more": {}}), **ON)
    since = fs.now()
    stage.start()
    more = stage.wait_report("a hash", lambda message: message.available_components.hash, since).available_components.hash
    expect("another", more != first)


if __name__ == "__main__":
    run()

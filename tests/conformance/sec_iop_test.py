#!/usr/bin/python3
"""Groups SEC and IOP: hostile offers, what others may read, and messages from later versions."""

import pathlib
import stat

import stage as stage_module  # noqa: F401  (finds tests/support)
from protocol import (APPLIED, FAILED, FULL_STATE, S2A, config_status, hash_of, is_full, remote_config, unknown_field, varint)
from rig import expect, is_alive
from stage import TRANSPORTS, run
from suite import conformance
from websocket import BINARY, frame

CONFIG = "instrument: true\n"


def files_outside_state(stage):
    return {str(file.relative_to(stage.folder)) for file in stage.folder.rglob("*") if stage.state not in file.parents}


BOMB = "a: &a [x, x, x, x, x, x, x, x]\n" + "".join(f"{new}: &{new} [*{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}]\n"
                                                 for old, new in zip("abcdefghi", "bcdefghij"))
HOSTILE = {
    "../ in a name": {"../../evil.yaml": "a: 1\n", "": "b: 1\n"},
    "an absolute name": {"/tmp/opampd-conformance-evil": "a: 1\n", "": "b: 1\n"},
    "a name with NUL": {"evil\0.yaml": "a: 1\n"},
    "a name of 5000 bytes": {"e" * 5000: "a: 1\n"},
    "names of the state folder": {"instance_uid": "a: 1\n", "lock": "b: 1\n", "current": "c: 1\n", "..": "d: 1\n", ".": "e: 1\n"},
    "5000 entries": {f"entry{number}": f"key{number}: 1\n" for number in range(5000)},
    "YAML that grows": BOMB,
    "YAML that is deep": "[" * 100000 + "]" * 100000,
    "YAML with tags": "a: !!python/object/apply:os.system ['touch evil']\n",
}


@conformance("[SEC-1] a hostile offer writes nothing outside its place, and disturbs nobody", HOSTILE)
def hostile(stage, files):
    fs = stage.begin()
    pid, before, since = stage.pid(), files_outside_state(stage), fs.now()
    offer = remote_config(files)
    fs.push(offer)
    final = stage.wait_report("its fate", lambda message: config_status(APPLIED, hash_of(offer))(message)
                              or config_status(FAILED, hash_of(offer))(message), since)
    stage.everything()
    new = files_outside_state(stage) - before
    expect(f"only the config is new: {new}", new <= {"effective.yaml"})
    expect("nothing elsewhere", not pathlib.Path("/tmp/opampd-conformance-evil").exists())
    if final.remote_config_status.status == FAILED:
        expect("with a reason, and the agent runs on", final.remote_config_status.error_message and stage.pid() == pid and is_alive(pid))
    expect("the next good one is applied", stage.apply(CONFIG))


@conformance("[SEC-1] a hostile offer for an agent that takes bytes as they are writes nothing outside its place",
             {name: HOSTILE[name] for name in ("../ in a name", "an absolute name", "names of the state folder")})
def hostile_raw(stage, files):
    fs = stage.begin({**stage.idle(), "config_format": "raw"})
    before, since, offer = files_outside_state(stage), fs.now(), remote_config(files)
    fs.push(offer)
    stage.wait_report("refused", config_status(FAILED, hash_of(offer)), since)
    expect("nothing is new", files_outside_state(stage) == before)


@conformance("[SEC-2] nothing of the state is readable by others")
def readable(stage):
    stage.begin(server={"headers": {"Authorization": "Bearer secret"}})
    stage.apply(CONFIG)
    for file in [stage.state, *stage.state.rglob("*")]:
        if not file.is_symlink() and not file.is_socket():  # that is for a group, where its folder is
            expect(f"{file}: {stat.filemode(file.stat().st_mode)}", file.stat().st_mode & 0o077 == 0)


@conformance("[SEC-4] [SEC-6] an offer that names another program, or what the settings restrict, has no effect on opampd")
def settings_stay(stage):
    stage.begin()
    command = pathlib.Path(f"/proc/{stage.pid()}/cmdline").read_bytes()
    stage.apply(f"agent: {{executable: /bin/false, args: [x]}}\nstorage: {{directory: {stage.folder}/elsewhere}}\n"
                "capabilities: {accepts_remote_config: false}\nserver: {endpoint: 'ws://127.0.0.1:1/'}\n")
    expect("the same program", pathlib.Path(f"/proc/{stage.pid()}/cmdline").read_bytes() == command)
    stage.apply(CONFIG)
    expect("the same place", not (stage.folder / "elsewhere").exists())


# --- IOP


@conformance("[IOP-1] fields of a later version are passed over, wherever they are", TRANSPORTS)
def unknown_fields(stage, scheme):
    stage.scheme = scheme
    fs = stage.begin()
    offer = remote_config(CONFIG)
    inner = offer.remote_config.SerializeToString() + unknown_field() + varint(998 << 3) + varint(7)
    data = (varint(1 << 3 | 2) + varint(16) + fs.messages()[0].instance_uid + unknown_field() + varint(3 << 3 | 2) + varint(len(inner)) + inner
            + unknown_field(1000))
    since = fs.now()
    if scheme == "ws":
        fs.latest().send(data)
    else:
        from http_parts import PROTOBUF, Reply
        answers = [Reply(headers={"Content-Type": PROTOBUF}, body=data)]
        fs.answer = lambda report: answers.pop() if answers else fs.acknowledge(report)
    stage.wait_report("applied", config_status(APPLIED, hash_of(offer)), since)


def later_messages():
    command = S2A(command={"type": 7}, flags=FULL_STATE)
    problem = S2A(error_response={"type": 9, "error_message": "of a later kind"})  # which stands alone
    bits = S2A(flags=FULL_STATE | 1 << 40, capabilities=0x67 | 1 << 50)
    return {"a command of type 7": command, "an error of type 9": problem, "unknown bits": bits}


@conformance("[IOP-2] values of a later version have no effect, and the rest of the message is used", later_messages())
def unknown_values(stage, message):
    fs = stage.begin()
    pid, since = stage.pid(), fs.now()
    fs.push(message)
    if message.HasField("error_response"):
        fs.push(S2A(flags=FULL_STATE))
    stage.wait_report("the rest is used", is_full, since)
    stage.everything()
    expect("the agent is left alone", stage.pid() == pid and is_alive(pid) and len(stage.starts()) == 1)
    expect("the connection stays", len(fs.connections) == 1)


@conformance("[IOP-2] garbage where a message should be does no harm", {
    "random bytes": b"\0" + bytes((index * 37 + 11) & 0xFF for index in range(400)),
    "a length beyond the end": b"\0\x0a\xff\xff\xff\x7f",
    "nested a thousand times": b"\0" + b"\x1a\x7e" * 1000,
    "no UTF-8 in a text": b"\0\x12\x04\x12\x02\xff\xfe"})
def garbage(stage, data):
    fs = stage.begin()
    pid = stage.pid()
    fs.latest().raw(frame(BINARY, data))
    stage.everything()
    expect("the agent is left alone", stage.pid() == pid and is_alive(pid) and not stage.config.exists())


if __name__ == "__main__":
    run()

#!/usr/bin/python3
"""Groups CFG and CMD: remote configuration from the offer to its status, and the restart command."""


import stage as stage_module  # noqa: F401  (finds tests/support)
from protocol import (APPLIED, APPLYING, FAILED, S2A, config_status, effective_files, has, hash_of, is_full, is_healthy, remote_config)
from rig import expect, is_alive
from stage import TRANSPORTS, run
from suite import conformance

CONFIG = "instrument: true\n"


def statuses(messages):
    return [(message.remote_config_status.status, message.remote_config_status.last_remote_config_hash) for message in messages
            if message.HasField("remote_config_status")]


def crashing(stage):
    return stage.probed()


@conformance("[CFG-3] [CFG-4] the agent runs with remote and local config merged, and that is what is reported", TRANSPORTS)
def merged(stage, scheme):
    stage.scheme = scheme
    local = stage.folder / "local.yaml"
    local.write_text("local: 1\nboth: local\nmap: {a: 1, b: 2}\n")
    fs = stage.begin({**stage.idle(), "config_files": [str(local)]})
    since = fs.now()
    stage.apply("remote: 1\nboth: remote\nmap: {b: 3}\n")
    text = stage.config.read_text()
    expect(f"both, the remote one winning:\n{text}", all(part in text for part in ("local: 1", "remote: 1", "both: remote", "a: 1", "b: 3")))
    reported = stage.wait_report("it", has("effective_config"), since)
    expect("byte for byte", list(effective_files(reported).values()) == [stage.config.read_bytes()])


@conformance("[CFG-4] after a refused offer the old config is still in use and reported", {"not YAML": "a: [", "a crash": "crash: true\n"})
def refused(stage, offer):
    stage.begin(crashing(stage))
    stage.apply(CONFIG)
    stage.apply(offer, FAILED)
    # A crash is FAILED before the old config is back; one that is no YAML never leaves it.
    stage.wait_for("the old one is reported", lambda: effective_files(stage.everything()) == {"": CONFIG.encode()})
    expect("and in use", stage.config.read_text() == CONFIG)


@conformance("[CFG-6] [CFG-8] an offer that nobody asked for leads to effective config and status", TRANSPORTS)
def pushed(stage, scheme):
    stage.scheme = scheme
    fs = stage.begin()
    stage.everything()
    since = fs.now()
    stage.apply(CONFIG)
    effective = [effective_files(message) for message in fs.messages(since) if message.HasField("effective_config")]
    expect(f"{effective}", effective == [{"": CONFIG.encode()}])


@conformance("[CFG-7] the same offer again changes nothing and is not answered")
def repeated(stage):
    fs = stage.begin()
    stage.apply(CONFIG)
    stage.everything()
    since = fs.now()
    for _ in range(3):
        fs.push(remote_config(CONFIG))
    stage.everything()
    expect(f"only what was asked for: {fs.messages(since)}", fs.now() == since + 1)
    expect("no restart", len(stage.starts()) == 2)


@conformance("[CFG-7] a new hash for the same config is a new status, and no restart")
def same_config_other_hash(stage):
    stage.begin()
    stage.apply(CONFIG, config_hash=b"one")
    stage.apply(CONFIG, config_hash=b"two")
    expect("no restart", len(stage.starts()) == 2)


@conformance("[CFG-9] a name that is local and remote is one name: the remote file is merged over the local one")
def same_name(stage):
    local = stage.folder / "a.yaml"
    local.write_text("x: local\ny: local\n")
    stage.begin({**stage.idle(), "config_files": [str(local)]})
    stage.apply({"a.yaml": "x: remote\n"})
    files = effective_files(stage.everything())
    expect(f"{files}", len(files) == 1)
    expect("merged", "x: remote" in stage.config.read_text() and "y: local" in stage.config.read_text())


@conformance("[CFG-10] [CFG-11] a single file may have the empty name, and one file is reported as one", {"empty": "", "a name": "main.yaml"})
def names(stage, name):
    stage.begin()
    stage.apply({name: CONFIG})
    files = effective_files(stage.everything())
    expect(f"{files}", len(files) == 1 and next(iter(files.values())) == CONFIG.encode() and stage.config.read_text() == CONFIG)


@conformance("[CFG-12] bytes are passed on as they are")
def raw_bytes(stage):
    body = bytes(range(256)) + b"\r\n\0end"
    fs = stage.begin({**stage.idle(), "config_format": "raw", "redaction": {"enabled": False}})  # zeroes look like UTF-16
    stage.apply(body)
    expect("to the agent", stage.config.read_bytes() == body)
    expect("and back", effective_files(stage.everything()) == {"": body})
    expect("nothing undecodable", not fs.garbage)


@conformance("[CFG-13] a content type may be there, missing or unknown", {"missing": "", "yaml": "text/yaml", "unknown": "application/x-nobody-knows"})
def content_types(stage, content_type):
    fs = stage.begin()
    offer = remote_config(CONFIG)
    offer.remote_config.config.config_map[""].content_type = content_type
    fs.push(offer)
    stage.wait_report("applied", config_status(APPLIED, hash_of(offer)))
    expect("the file", stage.config.read_text() == CONFIG)


HASHES = {"1 byte": b"\0", "32 bytes": bytes(range(32)), "200 bytes": bytes(range(56, 256)), "no UTF-8": b"\xff\xfe\x80"}


@conformance("[CFG-14] [CFG-15] a hash comes back byte for byte with each status, also after a restart", HASHES)
def hashes(stage, config_hash):
    fs = stage.begin(crashing(stage))
    since = fs.now()
    stage.apply(CONFIG, config_hash=config_hash)
    expect("APPLYING, then APPLIED", statuses(fs.messages(since)) == [(APPLYING, config_hash), (APPLIED, config_hash)])
    since = fs.now()
    stage.apply("crash: true\n", FAILED, config_hash=config_hash + b"!")
    expect("FAILED", statuses(fs.messages(since)) == [(APPLYING, config_hash + b"!"), (FAILED, config_hash + b"!")])
    stage.stop()
    since = fs.now()
    stage.start()
    first = stage.wait_report("a report", is_full, since)
    expect(f"still known after a restart: {first}", statuses([first]) == [(FAILED, config_hash + b"!")])


@conformance("[CFG-15] the hash received last is reported, whatever became of it",
             {"not YAML": ("a: [", FAILED), "a crash": ("crash: true\n", FAILED), "good": ("b: 1\n", APPLIED)})
def last_hash(stage, yaml, status):
    stage.begin(crashing(stage))
    stage.apply(CONFIG)
    stage.apply(yaml, status, config_hash=b"the last one")
    full = stage.everything()
    expect(f"{full}", statuses([full]) == [(status, b"the last one")])


@conformance("[CFG-16] APPLIED only once the agent runs with it, without an error; FAILED with the reason", TRANSPORTS)
def status(stage, scheme):
    stage.scheme = scheme
    fs = stage.begin({**stage.probed(), "config_apply_timeout": "500ms"})
    since = fs.now()
    sick = stage.apply("healthy: false\n", FAILED)
    expect(f"why: {sick}", sick.remote_config_status.error_message)
    expect("it was never called applied", not any(map(config_status(APPLIED), fs.messages(since))))
    good = stage.apply("healthy: true\n")
    expect("no error", not good.remote_config_status.error_message)
    expect("it runs with it", stage.config.read_text() == "healthy: true\n" and is_alive(stage.pid()))
    bad = stage.apply("a: [", FAILED)
    expect(f"why: {bad}", bad.remote_config_status.error_message)


# --- CMD


@conformance("[CMD-1] a restart command restarts the agent once, though it is empty on the wire", TRANSPORTS)
def restart(stage, scheme):
    stage.scheme = scheme
    fs = stage.begin()
    before, since = stage.pid(), fs.now()
    command = S2A(command={})
    expect("empty", command.command.ByteSize() == 0)
    fs.push(command)
    stage.wait_for_starts(2)
    stage.wait_report("healthy again", is_healthy, since)
    stage.everything()
    expect("once, as another process", len(stage.starts()) == 2 and stage.pid() != before and not is_alive(before))


@conformance("[CMD-2] nothing else in a message with a command counts")
def restart_alone(stage):
    fs = stage.begin()
    since, offer = fs.now(), remote_config(CONFIG)
    offer.command.SetInParent()
    offer.flags = 1
    fs.push(offer)
    stage.wait_for_starts(2)
    stage.wait_report("healthy again", is_healthy, since)
    expect("no full report", not any(map(is_full, fs.messages(since))))
    full = stage.everything()
    expect(f"no config: {full}", not stage.config.exists() and not full.remote_config_status.last_remote_config_hash)


if __name__ == "__main__":
    run()

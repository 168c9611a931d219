#!/usr/bin/python3
"""The first story against a server that is not ours: opamp-go's server library, played by tests/interop/peer.

    interop_test.py --bin FOLDER --peer PROGRAM

Each message is looked at as the reference library decoded it.
"""

import argparse
import base64
import json
import os
import pathlib
import re
import signal
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import (NEEDED_CAPABILITIES, Peer, attributes, config_hash, effective_config, health_is, offered_hash,  # noqa: E402
                  status_is)
from rig import Failed, eventually, expect, free_port, is_alive, processes_of  # noqa: E402
from workspace import Workspace  # noqa: E402

GOOD, BROKEN = "instrument: true\n", "instrument: [true\n"


# --- what is promised: each step takes (peer, workspace) -----------------------------------------------------------------


def first_report_is_full(peer, workspace):
    workspace.start_daemon()
    first = eventually("a first message", lambda: workspace.daemon.runs() and peer.messages())[0]
    expect("a UUID as instance_uid", len(base64.b64decode(first["instance_uid"])) == 16)
    capabilities = int(first["capabilities"])
    expect(f"the capabilities of the story: {capabilities:#x}", capabilities & NEEDED_CAPABILITIES == NEEDED_CAPABILITIES)
    for section in ("agent_description", "effective_config", "health", "remote_config_status"):
        expect(f"{section} is in the first report", section in first)
    named = attributes(first)
    expect(f"service.name and service.instance.id: {named}", named.get("service.name") and named.get("service.instance.id"))
    eventually("the service answers", workspace.service_pid)
    expect("it does not trace", workspace.ask_service().headers["traceparent"] is None)
    peer.wait_for("a healthy agent", health_is(True), since=0)


def offer_becomes_applied(peer, workspace):
    before, since = workspace.service_pid(), peer.now()
    peer.offer(GOOD)
    applying = peer.wait_for("APPLYING", status_is("APPLYING"), since)
    applied = peer.wait_for("APPLIED", status_is("APPLIED"), since)
    expect("both with the server's hash", config_hash(applying) == config_hash(applied) == offered_hash(GOOD))
    expect("a new pid", workspace.service_pid() != before and not is_alive(before))
    expect("the file is the offer, byte for byte", workspace.config.read_bytes() == GOOD.encode())
    reported = [effective_config(message) for message in peer.messages(since) if "effective_config" in message]
    expect(f"the effective config is reported: {reported}", reported and list(reported[-1].values()) == [GOOD.encode()])


def requests_are_traced(peer, workspace):
    incoming = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    header = workspace.ask_service({"traceparent": incoming}).headers["traceparent"]
    expect(f"the trace goes on: {header}", re.fullmatch(incoming[:36] + "[0-9a-f]{16}-01", header or ""))
    eventually("its span is in agent.log", lambda: any(span["span_id"] == header[36:52] for span in workspace.spans()))


def nothing_changes_nothing_is_said(peer, workspace):
    since, before = peer.now(), workspace.service_pid()
    peer.offer(GOOD)
    peer.order(full_state=True)  # which comes after all that there was to say
    peer.wait_for("the full report", lambda message: "agent_description" in message, since)
    expect(f"the same hash again is no news: {peer.messages(since)}", len(peer.messages(since)) == 1)
    expect("and no reason to restart", workspace.service_pid() == before)


def killed_agent_is_back(peer, workspace):
    before, since = workspace.service_pid(), peer.now()
    os.kill(before, signal.SIGKILL)
    eventually("a new pid", lambda: workspace.new_service_pid(before))
    unhealthy = peer.wait_for("an unhealthy agent", health_is(False), since)
    expect(f"with the reason: {unhealthy['health']}", "signal 9" in unhealthy["health"].get("last_error", ""))
    peer.wait_for("a healthy agent again", health_is(True), since)


def broken_config_is_failed(peer, workspace):
    before, since = workspace.service_pid(), peer.now()
    peer.offer(BROKEN)
    failed = peer.wait_for("FAILED", status_is("FAILED"), since)
    expect("with the hash", config_hash(failed) == offered_hash(BROKEN))
    expect("and a reason", failed["remote_config_status"].get("error_message"))
    expect("same pid", workspace.service_pid() == before)
    expect("same file", workspace.config.read_text() == GOOD)


def good_config_again_is_applied_without_restart(peer, workspace):
    before, since = workspace.service_pid(), peer.now()
    peer.offer(GOOD)
    applied = peer.wait_for("APPLIED", status_is("APPLIED"), since)
    expect("with the hash", config_hash(applied) == offered_hash(GOOD))
    expect("same pid: the effective config has not changed", workspace.service_pid() == before)


def restart_command_is_obeyed(peer, workspace):
    before = workspace.service_pid()
    peer.order(restart=True)
    eventually("a new pid", lambda: workspace.new_service_pid(before))
    expect("the old process is gone", not is_alive(before))


def full_state_is_reported_when_asked(peer, workspace):
    since = peer.now()
    peer.order(full_state=True)
    full = peer.wait_for("a full report", lambda message: "agent_description" in message, since)
    for section in ("effective_config", "health", "remote_config_status", "capabilities"):
        expect(f"{section} is in it", section in full)


def lost_connection_is_made_again(peer, workspace):
    before, since = workspace.service_pid(), peer.now()
    peer.order(refuse=502, close=True)  # 503 would ask for a pause of half a minute
    eventually("the connection is gone", lambda: peer.count("disconnected") == 1)
    expect("the agent serves on", workspace.service_pid() == before)
    peer.order(accept=True)
    first = peer.wait_for("a message on a new connection", lambda message: True, since)
    expect("it is from the same agent", first["instance_uid"] == peer.messages()[0]["instance_uid"])
    expect("which was not restarted", workspace.service_pid() == before)


def goodbye_is_last(peer, workspace):
    expect("exit code 0 after SIGTERM", workspace.daemon.stop() == 0)
    eventually("the connection is gone", lambda: peer.count("disconnected") == 2)
    expect(f"agent_disconnect is the last message: {peer.messages()[-1]}", "agent_disconnect" in peer.messages()[-1])
    expect("and comes once", sum("agent_disconnect" in message for message in peer.messages()) == 1)
    # The guard sees the daemon's end a moment later.
    eventually("no process is left", lambda: not processes_of(workspace.folder))


def sequence_numbers_have_no_gap(peer, workspace):
    numbers = [int(message.get("sequence_num", 0)) for message in peer.messages()]
    expect(f"each is the one before plus one: {numbers}", all(b == a + 1 for a, b in zip(numbers, numbers[1:])))
    errors = [event["error"] for event in peer.events if event["event"] == "error"]
    expect(f"the reference library had nothing to object: {errors}", not errors)


STEPS = [first_report_is_full, offer_becomes_applied, requests_are_traced, nothing_changes_nothing_is_said, killed_agent_is_back,
         broken_config_is_failed, good_config_again_is_applied_without_restart, restart_command_is_obeyed,
         full_state_is_reported_when_asked, lost_connection_is_made_again, goodbye_is_last, sequence_numbers_have_no_gap]


def play(peer, workspace):
    for step in STEPS:
        name, began = step.__name__.replace("_", " "), time.monotonic()
        try:
            step(peer, workspace)
        except (Failed, OSError, LookupError, TypeError, ValueError) as failure:
            print(f"✘ {name}: {failure!r}")
            print("\n".join(json.dumps(event) for event in peer.events[-12:]))
            if workspace.daemon:
                print("\n".join(workspace.daemon.text().splitlines()[-25:]))
            return 1
        print(f"✔ {name} ({(time.monotonic() - began) * 1000:.0f} ms)", flush=True)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True, type=pathlib.Path, help="folder of opampd and demo-service")
    parser.add_argument("--peer", required=True, type=pathlib.Path, help="what tests/interop/build_peer has built")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="opampd-interop-") as folder:
        peer = Peer(arguments.peer.resolve())
        workspace = Workspace(arguments.bin.resolve(), pathlib.Path(folder), peer.port, free_port())
        try:
            return play(peer, workspace)
        finally:
            for program in (workspace.daemon, peer.program):
                if program:
                    program.end()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""Each way in which a change can fail, with and without a config that has proved good: what runs afterwards, the files, and what
the server is told."""

import contextlib
import pathlib
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import error_message, offered_hash, status_is  # noqa: E402
from rig import eventually, expect, is_alive, request  # noqa: E402
from suite import main, scenario_for  # noqa: E402

GOOD = "good: 1\n"
UNTOUCHED, TRIED = "untouched", "tried"
CHECKER = """#!/bin/sh
grep -q "check: hangs" "$1" && { sleep 1000 & wait; }
grep -q "check: refuses" "$1" && { echo "line 1: no such exporter" >&2; exit 1; }
exit 0
"""
# What is offered, what the server is told of it, and whether the agent is stopped for it.
WAYS = {
    "policy": ("forbidden: 1\n", ["policy", "forbidden"], UNTOUCHED),
    "check refuses": ("check: refuses\n", ["config check: exit code 1", "line 1: no such exporter"], UNTOUCHED),
    "check hangs": ("check: hangs\n", ["config check: ", "time was up"], UNTOUCHED),
    "dies at start": ("die: at_start\n", ["exit code 3", "line 1: no such exporter, password="], TRIED),
    "dies after 300 ms": ("die_after_ms: 300\n", ["exit code 4"], TRIED),
    "never healthy": ("healthy: false\n", ["not healthy within 3s", "503"], TRIED),
    "healthy, then dies within the gate": ("answers: 1\n", ["exit code 5"], TRIED),
    "port taken": ("port: {port}\n", ["exit code 1", "Address already in use"], TRIED),
    "disk full": ("good: 2\n", ["No space left on device"], UNTOUCHED),
}


def begin(scene, is_proven):
    checker = scene.folder / "checker.sh"
    checker.write_text(CHECKER)
    checker.chmod(0o755)
    scene.begin(scene.subject(config_check={"command": [str(checker), "{config}"], "timeout": "1s"},
                              remote_config={"denied_keys": ["forbidden"]}))
    if is_proven:
        scene.offer(GOOD)


@contextlib.contextmanager
def full_disk(scene):
    """The state folder on a file system of its own, which has room for its first files alone."""
    scene.state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", str(scene.state)], check=True)
    filler = scene.state / "filler"

    def fill():
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass
        with contextlib.suppress(OSError), filler.open("ab", buffering=0) as file:
            while file.write(b"x"):
                pass

    try:
        yield fill, filler.unlink
    finally:
        scene.kill()
        subprocess.run(["umount", "--lazy", str(scene.state)], check=True)


def config_of(scene):
    return scene.config.read_text() if scene.config.exists() else None


def has_in_force(scene, yaml):
    """By what the running agent itself says."""
    return yaml == request(scene.service_port, "GET", "/metrics").text.split("\n", 2)[2]


def fails_and_is_undone(scene, offered, told, touched):
    before, pid = config_of(scene), scene.pid()
    since = scene.peer.now()
    failed = error_message(scene.offer(offered, "FAILED"))
    expect(f"told: {failed!r}", all(words in failed for words in told) and "hunter2" not in failed)
    was_tried = any(map(status_is("APPLYING"), scene.peer.messages(since)))
    expect("APPLYING is said of what is tried alone", was_tried == (touched == TRIED))
    if touched == UNTOUCHED:
        expect("the agent was not touched", scene.pid() == pid and is_alive(pid))
    else:
        scene.wait_for_event("agent.healthy", 2 + bool(before))
    scene.wait_for("what was before", lambda: config_of(scene) == before)
    eventually("which the agent has", lambda: has_in_force(scene, before or ""))


@scenario_for({f"{way}, {'over a good one' if is_proven else 'as the first'}": (way, is_proven)
               for way in WAYS for is_proven in (True, False)})
def failing_change_is_undone(scene, way, is_proven):
    offered, told, touched = WAYS[way]
    with contextlib.ExitStack() as stack:
        if "{port}" in offered:
            taken = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            offered = offered.format(port=taken.getsockname()[1])
        fill, free = stack.enter_context(full_disk(scene)) if way == "disk full" else (None, None)
        begin(scene, is_proven)
        if fill:
            fill()
        fails_and_is_undone(scene, offered, told, touched)
        if free:
            free()
        # The verdict is the same after a restart, and what comes next is tried.
        scene.stop()
        since = scene.peer.now()
        scene.start()
        if way != "disk full":  # there was no room to write the verdict down
            scene.wait_for_message("the verdict again", status_is("FAILED", offered_hash(offered)), since)
        scene.offer("good: 3\n")
        expect("the next one is in force", has_in_force(scene, "good: 3\n"))


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""opampd is killed in the middle of a rotation or a packing of the agent's output, and started again: every line that was printed
is there once, in order, in files with whole names; and where the files cannot be written, the agent goes on."""

import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from stage import FaultScene  # noqa: E402
from printed import expect_all, files, printed, processes  # noqa: E402
from rig import eventually, expect  # noqa: E402
from suite import main, scenario_for  # noqa: E402

KILLED = 128 + 9
POINTS = {
    "the next file is not there yet": ("kill-before", "openat", ".agent.log.new", 3),
    "the next file is there": ("kill-after", "openat", ".agent.log.new", 3),
    "the live file has its number": ("kill-after", "rename", "agent.log.3", 1),
    "the next file is the live one": ("kill-after", "rename", "agent.log", 3),
    "packing has not begun": ("kill-before", "openat", ".agent.log.3.gz.new", 1),
    "packing is half done": ("kill-before", "write", ".agent.log.3.gz.new", 1),
    "the packed file is written": ("kill-after", "write", ".agent.log.3.gz.new", 1),
    "the packed file is durable": ("kill-after", "fsync", ".agent.log.3.gz.new", 1),
    "the packed file has its name": ("kill-after", "rename", "agent.log.3.gz", 1),
    "the plain file is gone": ("kill-after", "unlink", "agent.log.3", 1),
}


def configure(scene):
    scene.etc.mkdir(parents=True)
    scene.configure({"executable": scene.agent("printing.py"), "args": ["2000", "0", "100"], "working_directory": str(scene.folder),
                     "config_path": str(scene.config), "output": {"max_size": "16KiB", "keep": 1000}})


@scenario_for(POINTS)
def nothing_is_lost_when_it_is_killed_and(scene, deed, call, name, occurrence):
    configure(scene)
    folder = scene.state / "agent"
    scene.start_shim("--armed", f"--{deed}", call, str(occurrence), str(folder / name))
    code = eventually("the daemon is killed", lambda: scene.daemon.process.poll())
    expect(f"by the shim: {code}", code == KILLED and scene.has_fired("killed"))
    eventually("the agent is gone", lambda: not scene.processes())
    counts = printed(scene.folder)
    scene.start()
    scene.wait_for("the next one prints", lambda: len(printed(scene.folder)) > len(counts) and max(printed(scene.folder).values()) > 500)
    scene.wait_for("what was left is packed", lambda: (folder / "agent.log.3.gz").exists() and not (folder / "agent.log.3").exists())
    scene.stop()
    last = printed(scene.folder)
    parts = processes("".join(text for _, text in files(folder / "agent.log")))
    for pid, count in last.items():
        expect_all(parts[pid], count)
    scene.nothing_is_left_over()


ERRORS = {
    "the next file cannot be made": ("openat", 1, ".agent.log.new", "EMFILE"),
    "the live file cannot be renamed": ("rename", 1, "agent.log.2", "EROFS"),
    "there is no room for the packed file": ("write", 1, ".agent.log.1.gz.new", "ENOSPC"),
    "a part of the output cannot be written": ("splice", 9, "agent.log", "EIO"),
}


@scenario_for(ERRORS)
def agent_goes_on_when(scene, call, occurrence, name, error):
    configure(scene)
    folder = scene.state / "agent"
    scene.start_shim("--armed", "--fail", call, str(occurrence), str(folder / name), error)
    scene.wait_for("it is said", lambda: scene.events("agent_output.failed") + scene.events("agent_output.losing"))
    said = max(printed(scene.folder).values(), default=0)
    scene.wait_for("it prints on", lambda: max(printed(scene.folder).values(), default=0) > said + 5000)
    scene.wait_for("and is written", lambda: (folder / "agent.log.5.gz").exists())
    expect("by one process", len(printed(scene.folder)) == 1)
    os.kill(max(printed(scene.folder)), signal.SIGKILL)
    scene.wait_for_event("agent.exited")
    scene.stop()
    pid, count = min(printed(scene.folder).items())
    numbers = processes("".join(text for _, text in files(folder / "agent.log")))[pid]
    missing = sum(event["lost_bytes"] for event in scene.events("agent_output.resumed"))
    expect(f"in order, each once: {numbers[:5]}", numbers == sorted(set(numbers)))
    expect(f"all but what is said to be missing: {len(numbers)} of {count}, {missing} bytes", count - missing // 100 - 2 <= len(numbers) <= count + 1)


if __name__ == "__main__":
    main(FaultScene)

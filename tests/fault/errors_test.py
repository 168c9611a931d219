#!/usr/bin/python3
"""The file-system calls of opampd fail, one after the other, or all from one on until the disk is well again: the error is told,
the agent runs with a config that is good, and is not touched where nothing has been done yet; then the next offer applies.
With --all each call with each error that it can have; without, some of them."""

import errno
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from stage import ALL, NEXT, STORIES, FaultScene, collect, some  # noqa: E402
from rig import expect, is_alive  # noqa: E402
from suite import main, scenario_for  # noqa: E402

WORDS = {name: os.strerror(getattr(errno, name)) for name in ("ENOSPC", "EIO", "EROFS", "EMFILE")}


def errors_of(call):
    """The errors that this call can have, the most likely one first."""
    makes = call.name in ("openat", "open", "write", "writev", "rename", "symlink", "mkdir") and call.kind == "changes"
    found = []
    if makes or call.kind == "syncs":
        found.append("ENOSPC")
    if call.kind == "opens" or call.name == "openat":
        found.append("EMFILE")
    if call.kind == "changes":
        found.append("EROFS")
    found.append("EIO")
    return found if ALL else found[:1]


def points(calls):
    """A look at what is known of a file is no access to the disk that it is on."""
    kinds = ("changes", "syncs", "opens") + (("reads",) if ALL else ())
    return [(call, error) for call in calls if call.kind in kinds and call.name not in ("fstat", "newfstatat", "readlink")
            for error in errors_of(call)]


def is_told(scene, outcome, error):
    told = [str(event.get("error", "")) for event in scene.events() if event["level"] in ("error", "warning")]
    return any(f"': {WORDS[error]}" in words for words in (outcome.reason, *told))  # of a path in quotes


def good_files(scene, before):
    """Those of last-good. Where the way back has failed too, perhaps what was good before that: the local config."""
    local = {"effective.yaml": "local: true\n"}
    return local if len(scene.events("config.rolled_back")) > 1 and scene.agent_files() == local else before


def failing(scene, story, telling, call, error, deed="fail"):
    scene.reset()
    scene.start_under_shim(*call.plan(deed, error))
    before, pid, since = scene.agent_files(), scene.pid(), scene.peer.now()
    scene.peer.offer_files(story.offered)
    outcome = scene.wait_for_status(story.offered, since)
    # Without its files it cannot run, and is tried again until they can be written.
    scene.wait_for("the agent runs, or it is told why not", lambda: scene.agent_is_at_rest() or len(scene.events("agent.start_failed")) >= 5)
    is_running = scene.agent_is_at_rest()
    # What needs room is done before the first file is replaced; only a disk that fails between two of them keeps the old config away.
    is_between = call.name in ("fsync", "rename") and scene.etc in (pathlib.Path(call.path), pathlib.Path(call.path).parent)
    expect(f"the agent runs: {outcome}", is_running or deed == "fail-from" and (is_between or story.fate == "FAILED"))
    scene.tell_shim(signal.SIGUSR2, "disarmed")
    scene.wait_for("the agent is at rest", scene.agent_is_at_rest)
    expect(f"the call has failed: {outcome}", any(made.path == call.path and made.result == -getattr(errno, error) for made in scene.calls()))
    scene.agent_is_well(telling.agent_files if outcome.fate == story.fate == "APPLIED" else good_files(scene, before))
    if outcome.fate == "FAILED" and not scene.events("agent.stopping"):
        expect("the agent was not touched", scene.pid() == pid and is_alive(pid))
    is_harmless = outcome.fate == story.fate and scene.state_content() == telling.state
    expect(f"the error is told: {outcome}", is_harmless or is_told(scene, outcome, error))
    after = scene.offer_and_wait(NEXT)
    expect(f"the next offer applies: {after}", after.fate == "APPLIED" and scene.config.read_text() == "local: true\nnumber: 3\n")
    expect(f"with its files: {scene.agent_files()}", set(scene.agent_files()) == {"effective.yaml", "one.txt", "three.txt"})
    scene.agent_is_well(scene.agent_files())
    scene.stop()
    scene.nothing_is_left_over()


def play(scene, story, chosen, deed):
    scene.prepare(story)
    telling = scene.tell_without_fault()
    cases = some(chosen(telling.calls), 10)
    print(f"    {len(telling.calls)} calls, {len(cases)} errors", flush=True)
    collect(scene, [(f"{error} from {call.told(scene.home)}", (call, error)) for call, error in cases],
            lambda scene, case: failing(scene, story, telling, *case, deed))


@scenario_for({name: (story,) for name, story in STORIES.items()})
def error_of_any_call_of(scene, story):
    play(scene, story, points, "fail")


@scenario_for({name: (story,) for name, story in STORIES.items()})
def disk_that_is_full_from_any_call_on_in(scene, story):
    play(scene, story, lambda calls: [case for case in points(calls) if case[1] == "ENOSPC"], "fail-from")


if __name__ == "__main__":
    main(FaultScene)

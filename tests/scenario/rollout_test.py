#!/usr/bin/python3
"""A change that fails, and what becomes of it when it is offered again, when opampd does not survive it, and when the way back
fails too."""

import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import error_message, offered_hash, status_is  # noqa: E402
from rig import expect, is_alive  # noqa: E402
from suite import main, scenario  # noqa: E402

BAD = "crash: true\n"


def runs_with(scene, yaml, starts):
    expect(f"the file: {scene.config.read_text()!r}", scene.config.read_text() == yaml)
    seen = scene.wait_for_starts(starts)
    expect(f"{starts} starts: {seen}", len(seen) == starts and is_alive(seen[-1].pid))


@scenario
def config_that_failed_is_not_tried_again(scene):
    scene.begin(scene.probed())
    scene.offer("good: 1\n")
    first = error_message(scene.offer(BAD, "FAILED"))
    scene.offer("good: 2\n")
    starts, pid = len(scene.starts()), scene.pid()
    for _ in range(10):
        expect("the same reason", error_message(scene.offer(BAD, "FAILED")) == first)
        scene.offer("good: 2\n")
    expect("the agent was not touched", len(scene.starts()) == starts and scene.pid() == pid)


@scenario
def failing_offer_sent_a_thousand_times_is_tried_once(scene):
    peer = scene.begin(scene.probed())
    scene.offer("good: 1\n")
    scene.offer(BAD, "FAILED")
    scene.wait_for_event("config.rolled_back")
    starts = scene.wait_for_starts(4)
    for _ in range(1000):
        peer.offer(BAD)
    scene.offer("good: 2\n")  # which comes after all of them
    expect(f"no other trial: {scene.starts()}", len(scene.starts()) == len(starts) + 1)


@scenario
def what_failed_is_known_after_a_restart(scene):
    scene.begin(scene.probed())
    scene.offer("good: 1\n")
    first = error_message(scene.offer(BAD, "FAILED"))
    scene.wait_for_event("config.rolled_back")
    scene.stop()
    since = scene.peer.now()
    scene.start()
    again = scene.wait_for_message("the verdict", status_is("FAILED", offered_hash(BAD)), since)
    expect("with its reason", error_message(again) == first)
    scene.offer("good: 2\n")
    starts = len(scene.starts())
    expect("and is not forgotten", error_message(scene.offer(BAD, "FAILED")) == first)
    runs_with(scene, "good: 2\n", starts)


# --- the check -----------------------------------------------------------------------------------------------------------

CHECKER = """#!/bin/sh
echo "checking" >> checked
cp "$1" "$(dirname "$1")/other" 2> /dev/null || exit 9
[ "$(stat -c %a "$1")" = 600 ] || exit 8
grep -q hang "$1" && { sleep 1000 & wait; }
grep -q refuse "$1" && { echo "on output"; echo "line 3: no such exporter" >&2; exit 2; }
exit 0
"""


def with_check(scene, **more):
    checker = scene.folder / "checker.sh"
    checker.write_text(CHECKER)
    checker.chmod(0o755)
    return scene.probed() | {"config_check": {"command": [str(checker), "{config}"], **more}}


def checks(scene):
    return len(scene.folder.joinpath("checked").read_text().splitlines())


@scenario
def config_that_the_checker_refuses_never_reaches_the_agent(scene):
    scene.begin(with_check(scene))
    scene.offer("good: 1\n")
    pid = scene.pid()
    failed = error_message(scene.offer("refuse: 1\n", "FAILED"))
    expect(f"why: {failed!r}", failed == "config check: exit code 2\non output\nline 3: no such exporter")
    expect("the agent was not touched", scene.pid() == pid and is_alive(pid) and scene.config.read_text() == "good: 1\n")
    scene.offer("good: 2\n")
    count = checks(scene)
    expect("the same reason", error_message(scene.offer("refuse: 1\n", "FAILED")) == failed)
    expect("without another check", checks(scene) == count)
    expect("no copy is left", not (scene.state / "agent" / "check").exists())


@scenario
def checker_that_hangs_is_killed_and_the_agent_is_healed_meanwhile(scene):
    peer = scene.begin(with_check(scene, timeout="1h"))
    peer.offer("hang: 1\n")
    scene.wait_for("the checker", lambda: scene.folder.joinpath("checked").exists() and checks(scene) == 1)
    os.kill(scene.pid(), signal.SIGKILL)
    scene.wait_for_starts(2)
    scene.stop()


@scenario
def checker_that_takes_too_long_has_refused(scene):
    scene.begin(with_check(scene, timeout="200ms"))
    failed = error_message(scene.offer("hang: 1\n", "FAILED"))
    expect(f"why: {failed!r}", failed.startswith("config check: "))
    scene.offer("good: 1\n")


# --- what opampd does not survive ----------------------------------------------------------------------------------------

@scenario
def trial_that_opampd_never_survives_has_failed(scene):
    peer = scene.begin(scene.probed() | {"config_apply_timeout": "1h", "max_trials": 2})
    scene.offer("good: 1\n")
    sick = "healthy: false\n"
    peer.offer(sick)
    starts = scene.wait_for_starts(3)
    scene.kill()
    scene.start()
    scene.wait_for_starts(len(starts) + 1)
    scene.wait_for("the trial goes on", lambda: scene.config.read_text() == sick)
    scene.kill()
    since = peer.now()
    scene.start()
    failed = scene.wait_for_message("the verdict", status_is("FAILED", offered_hash(sick)), since)
    expect(f"it says why: {error_message(failed)}", "opampd ended" in error_message(failed))
    scene.wait_for_starts(len(starts) + 2)
    runs_with(scene, "good: 1\n", len(starts) + 2)


@scenario
def way_back_that_fails_leads_to_the_one_before(scene):
    scene.begin(scene.probed() | {"config_apply_timeout": "2s"})
    scene.offer("good: 1\n")
    scene.offer("good: 2\n")
    # The agent has lost its liking for the second config since, and says so only when it is started.
    scene.folder.joinpath("dislikes").write_text("good: 2\n")
    scene.offer(BAD, "FAILED")
    scene.wait_for_event("config.rolled_back", 2)
    scene.wait_for("the first config", lambda: scene.config.read_text() == "good: 1\n")
    scene.offer("good: 3\n")
    runs_with(scene, "good: 3\n", len(scene.starts()))


@scenario
def when_all_that_was_good_fails_the_fallback_is_left(scene):
    for number in (1, 2):
        scene.folder.joinpath(f"fallback{number}.yaml").write_text(f"fallback{number}: true\n")
    files = {"startup_fallback_configs": ["fallback1.yaml", "fallback2.yaml"]}
    scene.begin(scene.probed() | files | {"config_apply_timeout": "2s"})
    fallback = "fallback1: true\nfallback2: true\n"
    expect("before the first offer it is all there is", scene.config.read_text() == fallback)
    scene.offer("good: 1\n")
    scene.folder.joinpath("dislikes").write_text("good: 1\n")
    scene.offer(BAD, "FAILED")
    scene.wait_for("the fallback", lambda: scene.config.read_text() == fallback)
    scene.wait_for("a healthy agent", lambda: scene.events()[-1]["event"] == "agent.healthy")
    since = scene.peer.now()
    scene.stop()
    scene.start()
    scene.wait_for_message("the verdict, after a restart too", status_is("FAILED", offered_hash(BAD)), since)
    scene.offer("good: 2\n")


if __name__ == "__main__":
    main()

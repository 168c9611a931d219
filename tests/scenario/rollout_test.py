#!/usr/bin/python3
"""A change that fails, and what becomes of it when it is offered again, when opampd does not survive it, and when the way back
fails too."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import error_message, offered_hash, status_is  # noqa: E402
from rig import expect, is_alive  # noqa: E402
from suite import main, scenario  # noqa: E402

BAD = "crash: true\n"


def runs_with(scene, yaml, starts):
    expect(f"the file: {scene.config.read_text()!r}", scene.config.read_text() == yaml)
    expect(f"{starts} starts: {scene.starts()}", len(scene.starts()) == starts and is_alive(scene.pid()))


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


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""opampd is killed at its file-system calls, one after the other, and started again: the agent runs with a config that is good,
the server is told the truth, and nothing is left over. With --all before and after every call; without, before some of those
that give, change or take a name: a kill at any other finds what it finds there, but for what is in a temporary file."""

import pathlib
import shutil
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from stage import ALL, STORIES, Call, FaultScene, Telling, collect, some  # noqa: E402
from rig import eventually, expect  # noqa: E402
from suite import main, scenario_for  # noqa: E402

KILLED = 128 + 9


def points(calls):
    if ALL:
        return [(deed, call) for call in calls for deed in ("kill-before", "kill-after")]
    changes = [call for call in calls if call.kind == "changes" and call.result >= 0 and call.name not in ("openat", "write", "splice")]
    return [("kill-before", call) for call in changes] + [("kill-after", changes[-1])]


def killed(scene, story, telling, deed, call):
    scene.reset()
    scene.start_under_shim(*call.plan(deed))
    scene.peer.offer_files(story.offered)
    code = eventually("the daemon is killed", lambda: scene.daemon.process.poll())
    expect(f"by the shim: {code}", code == KILLED and scene.has_fired("killed"))
    since = scene.peer.now()
    scene.daemon_log.unlink()
    scene.start()
    outcome = scene.wait_for_outcome(story.offered, since)
    expect(f"the end is the same: {outcome}", outcome.fate == story.fate and bool(outcome.reason) == (story.fate == "FAILED"))
    ends_as(scene, telling)


def ends_as(scene, telling):
    scene.agent_is_well(telling.agent_files)
    scene.stop()
    troubles = [event for event in scene.events() if event["level"] == "error" or event["event"] == "state.set_aside"]
    expect(f"nothing was damaged: {troubles}", not troubles)
    scene.nothing_is_left_over()
    difference = set(scene.state_content()) ^ set(telling.state)
    expect(f"the state has the files that it should, and no revision more: {sorted(difference)}", not difference)


@scenario_for({name: (story,) for name, story in STORIES.items()})
def kill_at_any_call_of(scene, story):
    scene.prepare(story)
    telling = scene.tell_without_fault()
    cases = some(points(telling.calls), 14)
    print(f"    {len(telling.calls)} calls, {len(cases)} kills", flush=True)
    collect(scene, [(f"{deed} {call.told(scene.home)}", (deed, call)) for deed, call in cases],
            lambda scene, case: killed(scene, story, telling, *case))


# --- at a start


def before_the_first_start(scene):
    shutil.rmtree(scene.state)
    scene.config.unlink()


def after_a_kill(scene):
    """In the middle of a rollout: the link is moved, and no file is replaced yet."""
    scene.start_under_shim(*Call("changes", "rename", 1, 0, str(scene.state / "agent" / "current")).plan("kill-after"))
    scene.peer.offer_files(scene.story.offered)
    eventually("the daemon is killed", lambda: scene.daemon.process.poll())
    scene.story = scene.story._replace(before=scene.story.offered)  # which the server knows to be on its way


def killed_at_start(scene, telling, deed, call):
    scene.reset()
    scene.start_shim("--armed", *call.plan(deed))
    code = eventually("the daemon is killed", lambda: scene.daemon.process.poll())
    expect(f"by the shim: {code}", code == KILLED and scene.has_fired("killed"))
    scene.daemon_log.unlink(missing_ok=True)
    scene.start()
    scene.wait_for("the agent is at rest", scene.agent_is_at_rest)
    ends_as(scene, telling)


@scenario_for({"the first one": ("the first rollout", before_the_first_start, None),
               "one after a kill": ("a rollout", after_a_kill, "APPLIED")})
def kill_at_any_call_of_a_start(scene, story, leave, status):
    scene.prepare(STORIES[story])
    scene.reset()
    leave(scene)
    scene.keep()
    scene.reset()
    scene.start_shim("--armed")
    scene.wait_for("the agent is at rest", scene.agent_is_at_rest)
    scene.tell_shim(signal.SIGUSR2, "disarmed")
    scene.stop()
    telling = Telling(scene.calls(), scene.agent_files(), scene.state_content())
    expect("the config that was under way has proved good", not status or status.encode() in telling.state["remote_config_status"])
    cases = some(points(telling.calls), 7)
    print(f"    {len(telling.calls)} calls, {len(cases)} kills", flush=True)
    collect(scene, [(f"{deed} {call.told(scene.home)}", (deed, call)) for deed, call in cases],
            lambda scene, case: killed_at_start(scene, telling, *case))


if __name__ == "__main__":
    main(FaultScene)

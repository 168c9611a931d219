#!/usr/bin/python3
"""Processes that left the agent's process group end with it all the same."""

import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from rig import eventually, expect  # noqa: E402
from scene import LONG  # noqa: E402
from suite import main, scenario, scenario_for  # noqa: E402


def start_with_helper(scene):
    """Returns {pid: command} of the agent and its helper."""
    scene.configure({"executable": scene.agent("with_daemon.sh")})
    scene.start()
    scene.wait_until_healthy()
    eventually("the helper is there", lambda: (scene.folder / "daemonized").exists() and len(scene.agents()) == 2)
    return scene.agents()


@scenario
def helper_ends_with_an_agent_that_ended(scene):
    scene.configure({"executable": scene.agent("daemonizing.sh"), "restart": {"initial_backoff": LONG, "max_backoff": LONG}})
    scene.start()
    scene.wait_for_phase("backing_off", 2)
    expect(f"nothing of an agent that has ended runs on: {scene.agents()}", not scene.agents())


@scenario
def helper_ends_with_a_crashed_agent(scene):
    old = start_with_helper(scene)
    os.kill(scene.pid(), signal.SIGKILL)
    scene.wait_for_starts(2)
    eventually(f"none of {old} is still there", lambda: not set(old) & set(scene.agents()))


@scenario_for({"SIGTERM": signal.SIGTERM, "kill -9": signal.SIGKILL})
def helper_ends_with_the_daemon(scene, end):
    start_with_helper(scene)
    scene.daemon.stop(end)
    scene.nothing_is_left()


if __name__ == "__main__":
    main()

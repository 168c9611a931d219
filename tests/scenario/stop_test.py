#!/usr/bin/python3
"""How an agent is stopped: asked first, killed when it does not obey, with all that it started."""

import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from rig import eventually, expect, is_alive  # noqa: E402
from scene import LONG  # noqa: E402
from suite import main, scenario  # noqa: E402


@scenario
def agent_may_stop_in_its_own_way(scene):
    scene.configure({"executable": scene.agent("slow_to_stop.sh")})
    scene.start()
    scene.wait_until_healthy()
    scene.stop()
    expect("it had the time that it needed", scene.agent_log().endswith("stopped well\n"))
    expect("its exit code is in the log", scene.events("agent.stopped")[0]["status"] == "exit code 0")
    expect("it was not killed", not scene.events("agent.killed"))


@scenario
def agent_that_ignores_the_signal_is_killed_after_stop_timeout(scene):
    peer = scene.begin({"executable": scene.agent("ignore_sigterm.sh"), "stop_timeout": "200ms"})
    before = scene.pid()
    eventually("it has its child", lambda: len(scene.agents()) == 2)
    old = set(scene.agents())
    peer.order(restart=True)
    scene.wait_for_event("agent.killed", pid=before)
    scene.wait_for_event("agent.stopped", pid=before, status="killed by signal 9")
    scene.wait_for_starts(2)
    expect("the old one is gone", not is_alive(before))
    expect("and so is its child", not old & set(scene.processes()))


@scenario
def second_signal_kills_at_once(scene):
    scene.configure({"executable": scene.agent("ignore_sigterm.sh"), "stop_timeout": LONG})
    scene.start()
    scene.wait_until_healthy()
    scene.daemon.process.send_signal(signal.SIGTERM)
    scene.wait_for_phase("stopping")
    scene.stop()
    expect("killed", scene.events("agent.stopped")[0]["status"] == "killed by signal 9")


@scenario
def agent_gets_the_signal_of_the_settings(scene):
    scene.configure({**scene.idle(), "stop_signal": "SIGUSR1"})
    scene.start()
    scene.wait_until_healthy()
    scene.stop()
    expect("killed by it", scene.events("agent.stopped")[0]["status"] == f"killed by signal {int(signal.SIGUSR1)}")


def whole_family(scene):
    """The wrapper, its three children and a grandchild."""
    eventually("all of them are there", lambda: len(scene.agents()) == 5)
    return scene.agents()


@scenario
def grandchildren_end_with_a_stopped_agent(scene):
    peer = scene.begin(scene.wrapped_demo_service())
    old = whole_family(scene)
    peer.order(restart=True)
    scene.wait_for_starts(2)
    scene.wait_until_healthy(2)  # it has its port, so the old service had left it
    expect(f"none of {old} is still there", not set(old) & set(scene.processes()))


@scenario
def grandchildren_end_with_a_crashed_agent(scene):
    scene.begin(scene.wrapped_demo_service())
    old = whole_family(scene)
    os.kill(scene.pid(), signal.SIGKILL)
    scene.wait_for_starts(2)
    scene.wait_until_healthy(2)
    expect(f"none of {old} is still there", not set(old) & set(scene.processes()))
    expect("the new one answers", eventually("an answer", scene.ask_service).status == 200)


@scenario
def hangup_is_no_reason_to_stop(scene):
    scene.configure()
    scene.start()
    scene.wait_until_healthy()
    scene.daemon.process.send_signal(signal.SIGHUP)
    scene.wait_for_event("settings.reloaded")
    expect("the agent runs on", len(scene.starts()) == 1 and is_alive(scene.pid()))


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""Many agents in one daemon: each with an identity, a folder and a connection of its own."""

import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from bundled import bundled_server, known  # noqa: E402
from peer import instance_uid, offered_hash, status_is  # noqa: E402
from rig import eventually, expect, is_alive  # noqa: E402
from scene import GOOD  # noqa: E402
from suite import main, scenario  # noqa: E402


def agents(scene, number, script="idle.sh"):
    return {f"agent-{index}": {"executable": scene.agent(script), "config_path": f"{index}.yaml", "min_uptime": "50ms", "config_apply_timeout": "20s"}
            for index in range(number)}


@scenario
def a_hundred_agents_are_healthy_and_end_together(scene):
    page = bundled_server(scene)
    scene.configure(agents=agents(scene, 100))
    scene.start()
    seen = scene.wait_for("a hundred healthy ones", lambda: (lambda found: len(found) == 100 and all(agent["healthy"] and agent["connected"] for agent in found)
                                                             and found)(known(page)))
    expect("each with its own uid", len({agent["instance_uid"] for agent in seen}) == 100)
    expect("a folder each", len(list(scene.state.glob("*/instance_uid"))) == 100)
    pids = {scene.starts(f"agent-{index}")[0].pid for index in range(100)}
    expect("a process each", len(pids) == 100 and all(map(is_alive, pids)))
    scene.stop()
    expect("all ended", not any(map(is_alive, pids)))
    eventually("the server sees them gone", lambda: not any(agent["connected"] for agent in known(page)))


@scenario
def a_hundred_agents_die_with_a_killed_daemon(scene):
    scene.configure(agents=agents(scene, 100, "ignore_sigterm.sh"))
    scene.start()
    scene.wait_until_healthy(100)
    scene.kill()
    scene.nothing_is_left()


@scenario
def agents_do_not_disturb_each_other(scene):
    peer = scene.serve()
    three = agents(scene, 3)
    three["agent-0"] = {**three["agent-0"], "executable": scene.agent("crash_at_start.sh"), "min_uptime": "20s", "restart": {"initial_backoff": "20ms"}}
    scene.configure(agents=three)
    scene.start()
    scene.wait_until_healthy(2)
    scene.wait_for("the first crashes", lambda: len(scene.starts("agent-0")) >= 4)
    expect("the others run on", all(len(scene.starts(f"agent-{index}")) == 1 for index in (1, 2)))
    os.kill(scene.starts("agent-1")[0].pid, signal.SIGKILL)
    scene.wait_for("it is back", lambda: len(scene.starts("agent-1")) == 2)
    expect("alone", len(scene.starts("agent-2")) == 1)
    peer.offer(GOOD)
    applied = scene.wait_for("two have applied it", lambda: (lambda found: len(found) == 2 and found)(
        {instance_uid(message) for message in peer.messages() if status_is("APPLIED", offered_hash(GOOD))(message)}))
    expect("not the one that crashes", len(applied) == 2)


@scenario
def agent_that_ignores_sigterm_does_not_keep_the_others_from_stopping(scene):
    two = agents(scene, 2)
    two["agent-0"].update(executable=scene.agent("ignore_sigterm.sh"), stop_timeout="1h")
    scene.configure(agents=two)
    scene.start()
    scene.wait_until_healthy(2)
    scene.daemon.process.send_signal(signal.SIGTERM)
    scene.wait_for_event("agent.stopped", agent="agent-1")
    scene.stop()  # the second signal


if __name__ == "__main__":
    main()

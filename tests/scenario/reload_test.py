#!/usr/bin/python3
"""Agents that take a new config without a restart, those that say so and do not, and those that die of it."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import error_message  # noqa: E402
from rig import expect, is_alive, request  # noqa: E402
from scene import merged  # noqa: E402
from suite import main, scenario, scenario_for  # noqa: E402


def reloading(scene, **more):
    confirm = {"url": f"http://127.0.0.1:{scene.service_port}/metrics", "line": "reloads"}
    return merged(scene.subject(reload={"signal": "SIGHUP", "timeout": "500ms", "confirm": confirm}), {"reload": more})


def in_force(scene):
    return request(scene.service_port, "GET", "/metrics").text.split("\n", 2)[2]


def begin(scene, agent):
    scene.begin(agent)
    scene.offer("good: 1\n")
    return scene.pid()


@scenario_for({"which shows that it has taken it": {}, "of which nothing shows it": {"confirm": None}})
def config_is_taken_by_a_running_agent(scene, more):
    scene.begin(reloading(scene, **more))
    pid = scene.pid()
    for i in range(3):
        scene.offer(f"good: {i}\n")
        expect("the agent has it", in_force(scene) == f"good: {i}\n")
    expect("the process is the same", scene.pid() == pid and len(scene.starts()) == 1)
    expect("and was never stopped", not scene.events("agent.stopping"))


@scenario
def reload_that_is_ignored_becomes_a_restart(scene):
    pid = begin(scene, reloading(scene))
    scene.folder.joinpath("deaf").touch()
    scene.offer("good: 2\n")
    expect("another process", scene.pid() != pid and not is_alive(pid))
    expect("which has it", in_force(scene) == "good: 2\n")
    told = scene.events("agent.reload_failed")[0]["error"]
    expect(f"the log says why: {told}", "has not taken the config within 500ms" in told)


@scenario
def first_config_whose_reload_is_ignored_comes_by_a_restart(scene):
    scene.folder.joinpath("deaf").touch()
    scene.begin(reloading(scene))
    scene.offer("good: 1\n")
    expect("it is there", in_force(scene) == "good: 1\n" and len(scene.starts()) == 2)


@scenario
def agent_that_a_reload_makes_unhealthy_goes_back_by_a_restart(scene):
    pid = begin(scene, reloading(scene))
    failed = error_message(scene.offer("healthy: false\n", "FAILED"))
    expect(f"why: {failed}", "not healthy within 3s" in failed)
    scene.wait_for("the config before", lambda: scene.config.read_text() == "good: 1\n")
    scene.offer("good: 2\n")
    expect("another process", scene.pid() != pid and in_force(scene) == "good: 2\n")


@scenario
def agent_that_dies_of_a_reload_is_started_with_the_config_before_that_has_failed(scene):
    begin(scene, reloading(scene))
    starts = len(scene.starts())
    failed = error_message(scene.offer("die: at_start\n", "FAILED"))
    expect(f"why: {failed}", "exit code 3" in failed and "no such exporter" in failed)
    scene.wait_for("the config before", lambda: scene.config.read_text() == "good: 1\n")
    scene.wait_for_starts(starts + 2)  # with the new one, and with the one before
    scene.offer("good: 2\n")


@scenario
def signal_that_ends_the_agent_is_a_restart(scene):
    pid = begin(scene, scene.probed() | {"reload": {"signal": "SIGUSR1"}})
    scene.offer("good: 2\n")
    expect("another process", scene.pid() != pid and scene.config.read_text() == "good: 2\n")


@scenario
def agent_whose_answers_cannot_be_read_is_restarted(scene):
    pid = begin(scene, reloading(scene, confirm={"line": "no such line"}))
    scene.offer("good: 2\n")
    expect("another process", scene.pid() != pid and in_force(scene) == "good: 2\n")
    told = scene.events("agent.reload_failed")[-1]["error"]
    expect(f"the log says why: {told}", "no such line" in told)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""Agents that take a new config without a restart, those that say so and do not, and those that die of it."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import error_message, health_is  # noqa: E402
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
    told = scene.events("agent.reload_failed")[-1]["error"]
    expect(f"why: {told}", told == "the agent ended: killed by signal 10")


@scenario
def agent_whose_answers_cannot_be_read_is_restarted(scene):
    pid = begin(scene, reloading(scene, confirm={"line": "no such line"}))
    scene.offer("good: 2\n")
    expect("another process", scene.pid() != pid and in_force(scene) == "good: 2\n")
    told = scene.events("agent.reload_failed")[-1]["error"]
    expect(f"the log says why: {told}", "no such line" in told)


# --- other ways to tell it, and to see it


def told_by(scene, reload):
    if "url" in reload:
        reload = {"url": reload["url"].replace("PORT", str(scene.service_port))}
    return merged(scene.subject(), {"reload": {"timeout": "2s", **reload}})


WAYS = {
    "by a command": {"command": ["sh", "-c", "kill -HUP $1", "tell", "{pid}"]},
    "over HTTP": {"url": "http://127.0.0.1:PORT/reload"},
    "seen by its output": {"signal": "SIGHUP", "confirm": {"output": "took c?nfig"}},
    "seen by what a command prints": {"signal": "SIGHUP", "confirm": {"command": ["cat", "taken"]}},
    "seen by a new child": {"signal": "SIGHUP", "confirm": {"children": True}},
}


@scenario_for(WAYS)
def config_is_taken_without_a_restart(scene, reload):
    scene.folder.joinpath("taken").write_text("0\n")
    pid = begin(scene, told_by(scene, reload))
    stops = len(scene.events("agent.stopping"))
    for i in range(3):
        scene.offer(f"worker: {i + 1}\n")
        expect("the agent has it", in_force(scene) == f"worker: {i + 1}\n")
    expect("the process is the same", scene.pid() == pid and len(scene.events("agent.stopping")) == stops)


@scenario_for({name: reload for name, reload in WAYS.items() if "confirm" in reload})
def nothing_that_is_seen_makes_a_restart(scene, reload):
    scene.folder.joinpath("taken").write_text("0\n")
    pid = begin(scene, merged(told_by(scene, reload), {"reload": {"timeout": "300ms"}}))
    scene.offer("worker: 1\n")
    expect("the process is the same", scene.pid() == pid)
    scene.folder.joinpath("deaf").touch()  # what it has shown before is no proof
    scene.offer("worker: 2\n")
    expect("another process", scene.pid() != pid and in_force(scene) == "worker: 2\n")
    expect("the log says why", "has not taken the config within 300ms" in scene.events("agent.reload_failed")[-1]["error"])


@scenario_for({"the file, by itself": {"direct": True}, "small files": {"max_size": "4KiB"}, "the log": {"destination": "log"},
               "nowhere": {"destination": "none"}})
def line_is_seen_that_goes_to(scene, output):
    scene.begin(merged(told_by(scene, WAYS["seen by its output"]), {"output": output}))
    for i in range(3):
        scene.offer(f"worker: {i + 1}\n")
    expect("it has taken them", in_force(scene) == "worker: 3\n" and len(scene.events("agent.reloaded")) == 3)
    expect("without a restart", len(scene.events("agent.started")) == 1)


@scenario_for({"an answer": ({"url": "http://127.0.0.1:PORT/reload"}, "reload.url: HTTP 500: not that one"),
               "a command": ({"command": ["sh", "-c", "echo cannot >&2; exit 4"]}, "reload.command: exit code 4: cannot")})
def order_that_is_refused_makes_a_restart(scene, reload, why):
    pid = begin(scene, told_by(scene, reload))
    scene.offer("refuse: true\n")
    expect("another process", scene.pid() != pid and in_force(scene) == "refuse: true\n")
    told = scene.events("agent.reload_failed")[-1]["error"]
    expect(f"the log says why: {told}", why in told)


@scenario
def reload_that_is_seen_is_the_proof_where_there_is_no_probe(scene):
    begin(scene, merged(told_by(scene, WAYS["seen by its output"]), {"health": None, "min_uptime": "50ms"}))
    scene.stop()
    scene.configure(merged(told_by(scene, WAYS["seen by its output"]), {"health": None, "min_uptime": "1s"}))
    since = scene.peer.now()
    scene.start()
    scene.wait_for_message("a healthy agent", health_is(True), since)
    pid = scene.pid()
    scene.offer("good: 2\n")
    expect("the same process", scene.pid() == pid)
    applied, reloaded = scene.events("config.applied")[-1], scene.events("agent.reloaded")[-1]
    armed = [event for event in scene.events() if reloaded["time"] <= event["time"] <= applied["time"]]
    expect(f"at once: {armed}", not [event for event in armed if event["event"] == "agent.phase_changed" and event["to"] != "running"])


if __name__ == "__main__":
    main()

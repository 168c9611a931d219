#!/usr/bin/python3
"""What opampd did with an agent, as trees of spans at an OTLP receiver."""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import offered_hash  # noqa: E402
from rig import expect  # noqa: E402
from suite import main, scenario  # noqa: E402

CHECK = {"command": ["/bin/true", "{config}"]}
STAGING = {"offer.receive": "rollout", "config.policy": "rollout", "config.compose": "rollout", "config.validate": "rollout",
           "config.stage": "rollout"}
TAKEN = {"rollout": None, **STAGING, "agent.stop": "rollout", "agent.start": "rollout", "agent.gate": "rollout",
         "config.commit": "rollout", "config.report": "rollout"}


def begin(scene, **more):
    sink = scene.sink()
    scene.begin({**scene.probed(), "config_check": CHECK, **more}, telemetry={"endpoint": sink.base_url})
    return sink


def rollout_of(scene, sink, yaml):
    """The root span of what was offered, once all has come."""
    wanted = offered_hash(yaml).hex()

    def found():
        return [span for span in sink.spans("rollout") if span["attributes"]["opamp.remote_config.hash"] == wanted]

    return scene.wait_for("the rollout's root", found)[-1]


@scenario
def rollout_is_one_tree(scene):
    sink = begin(scene)
    scene.offer("good: 1\n")
    root = rollout_of(scene, sink, "good: 1\n")
    tree = sink.tree(root["trace_id"])
    expect(f"the tree: {tree}", tree == TAKEN)
    expect(f"the root: {root}", root["status"] == "ok" and root["attributes"]["opampd.outcome"] == "applied")
    expect("the scope", root["scope"] == "opampd")
    spans = {span["name"]: span for span in sink.spans() if span["trace_id"] == root["trace_id"]}
    for name, span in spans.items():
        expect(f"{name} is within the root", root["start"] <= span["start"] <= span["end"] <= root["end"])
    expect("the new process", spans["agent.start"]["attributes"]["process.pid"] == scene.pid())
    expect("no problem", not sink.problems())


@scenario
def way_back_is_in_the_tree(scene):
    sink = begin(scene)
    scene.offer("good: 1\n")
    scene.offer("crash: true\n", "FAILED")
    root = rollout_of(scene, sink, "crash: true\n")
    expect(f"the root: {root}", root["status"] == "error" and root["attributes"]["opampd.outcome"] == "failed")
    spans = [span for span in sink.spans() if span["trace_id"] == root["trace_id"]]
    way_back, = [span for span in spans if span["name"] == "config.roll_back"]
    of_way_back = {span["name"] for span in spans if span["parent_span_id"] == way_back["span_id"]}
    expect(f"the way back: {of_way_back}", {"agent.start", "agent.gate"} <= of_way_back)
    expect("it led somewhere", way_back["status"] == "ok" and way_back["parent_span_id"] == root["span_id"])
    gate, = [span for span in spans if span["name"] == "agent.gate" and span["parent_span_id"] == root["span_id"]]
    expect(f"the candidate's gate: {gate}", gate["status"] == "error" and gate["status_message"])
    expect("no problem", not sink.problems())


@scenario
def refused_config_touches_no_agent(scene):
    sink = begin(scene, config_check={"command": ["/bin/false", "{config}"]})
    scene.offer("good: 1\n", "FAILED")
    root = rollout_of(scene, sink, "good: 1\n")
    expect(f"the root: {root}", root["status"] == "error" and root["attributes"]["opampd.outcome"] == "rejected")
    tree = sink.tree(root["trace_id"])
    expect(f"the tree: {tree}", set(tree) == {"rollout", "offer.receive", "config.policy", "config.compose", "config.validate", "config.report"})


@scenario
def crash_and_restart_are_one_tree(scene):
    sink = begin(scene)
    scene.offer("good: 1\n")
    os.kill(scene.pid(), 9)
    root = scene.wait_for("the restart", lambda: sink.spans("agent.restart"))[-1]
    tree = sink.tree(root["trace_id"])
    expect(f"the tree: {tree}", tree == {"agent.restart": None, "agent.start": "agent.restart", "agent.gate": "agent.restart"})
    exited, = root["events"]
    expect(f"why: {root}", root["attributes"]["opampd.reason"] == "crash" and exited["attributes"]["opampd.exit_status"] == "killed by signal 9")


@scenario
def what_the_agent_prints_is_sent_where_it_is_asked_for(scene):
    sink = scene.sink()
    agent = scene.folder / "speaks.sh"
    agent.write_text("#!/bin/sh\necho first of $OPAMP_AGENT_NAME\ni=0\nwhile :; do i=$((i+1)); echo line $i password=hunter2; sleep 0.1; done\n")
    agent.chmod(0o755)
    scene.configure({**scene.idle(), "executable": str(agent)},
                    telemetry={"logs": {"endpoint": sink.url("logs"), "agent_output": True}})
    scene.start()
    scene.wait_for("lines", lambda: len([r for r in sink.logs() if str(r["body"]).startswith("line ")]) > 5)
    numbers = [int(record["body"].split()[1]) for record in sink.logs() if str(record["body"]).startswith("line ")]
    expect(f"each once, in order: {numbers}", numbers == list(range(numbers[0], numbers[0] + len(numbers))))
    expect("without the start lines", not [r for r in sink.logs() if "--- opampd" in str(r["body"])])
    expect("nor secrets", not [r for r in sink.logs() if "hunter2" in str(r["body"])])
    expect("no problem", not sink.problems())


@scenario
def what_was_left_is_sent_at_the_end(scene):
    sink = begin(scene)
    scene.wait_until_healthy()
    scene.stop()
    names = {span["name"] for span in sink.spans()}
    expect(f"all of it: {names}", {"agent.start_up", "server.connect", "agent.shut_down", "agent.stop"} <= names)
    expect("the last event", sink.logs("daemon.stopped"))


if __name__ == "__main__":
    main()

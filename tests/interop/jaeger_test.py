#!/usr/bin/python3
"""A tracing backend of two agents: a real Jaeger, and its storage as a separate gRPC process. opampd's own traces go there too."""

import os
import signal

from tracing import JAEGER, POSTED, SHOP, STORAGE, JaegerScene, tree_from
from rig import expect, is_alive
from suite import main, scenario

CHECKOUT = {"GET /checkout": None, "load cart": "GET /checkout", "SELECT cart": "load cart", "charge": "GET /checkout"}
CHECKOUT_TREE = tree_from(CHECKOUT)
VISIT_TREE = tree_from({"visit": None, "GET /": "visit"})
MANY = 50  # traces

STAGED = ("offer.receive", "config.policy", "config.compose", "config.validate", "config.stage", "config.report")  # APPLYING
TAKEN = (*STAGED, "agent.start", "agent.gate", "config.commit", "config.report")  # APPLIED
UNDONE = (*STAGED, "agent.stop", "agent.start", "agent.gate", "config.roll_back", "config.report")  # FAILED


def rollout_tree(parts, of_way_back=()):
    return sorted([("rollout", ""), *((part, "rollout") for part in parts), *((part, "config.roll_back") for part in of_way_back)])


def all_that_arrives(scene, **shop):
    """What a supervisor, its agent and others send, each trace once it is there: {ID: tree}."""
    expected = {scene.post(CHECKOUT): CHECKOUT_TREE for _ in range(MANY)}
    scene.take(SHOP, scene.shop_config(**shop))
    expected[scene.wait_for_rollout(SHOP)] = rollout_tree((*TAKEN, "agent.stop"))
    expected[scene.visit_shop()] = VISIT_TREE
    wait_for_all(scene, expected)
    return expected


def wait_for_all(scene, expected):
    for trace_id, tree in expected.items():
        scene.wait_for_tree(trace_id, tree)


@scenario
def jaeger_and_its_storage_are_two_agents_and_traces_come_back_as_trees_also_their_own(scene):
    scene.begin_tracing()
    scene.wait_for_tree(scene.post(CHECKOUT), CHECKOUT_TREE)
    expect("two processes", scene.pid_of(STORAGE) != scene.pid_of(JAEGER))
    expect("under its service alone", len(scene.traces_of(POSTED)) == 1 and not scene.traces_of("nobody"))
    for name in (STORAGE, JAEGER):
        scene.wait_for_tree(scene.wait_for_rollout(name), rollout_tree(TAKEN))


@scenario
def storage_that_is_killed_is_back_at_once_and_traces_flow_on(scene):
    scene.begin_tracing()
    before = all_that_arrives(scene, round=1)
    storage, jaeger = scene.pid_of(STORAGE), scene.pid_of(JAEGER)
    os.kill(storage, signal.SIGKILL)
    scene.wait_for("another storage process", lambda: (lambda now: now["healthy"] and now.get("pid", storage) != storage)(scene.process(STORAGE)))
    # Jaeger dials its storage anew in its own time; what it reads by that connection, it writes by it too.
    wait_for_all(scene, before)
    after = all_that_arrives(scene, round=2)
    expect("others than before", not before.keys() & after.keys())
    expect("the same Jaeger", is_alive(jaeger) and scene.pid_of(JAEGER) == jaeger)


@scenario
def config_that_jaeger_does_not_start_with_is_undone(scene):
    scene.begin_tracing()
    stored = scene.post(CHECKOUT)
    scene.wait_for_tree(stored, CHECKOUT_TREE)
    good, storage = scene.jaeger_config(), scene.pid_of(STORAGE)
    scene.offer_to(JAEGER, good | {"collector": {"otlp": {"http": {"host-port": "nowhere"}}}})
    scene.wait_for_status(JAEGER, "FAILED")
    reason = scene.process(JAEGER)["remote_config"]["error"]
    expect(f"in Jaeger's words: {reason}", "nowhere" in reason)
    scene.wait_for("Jaeger runs with the config before", lambda: scene.process(JAEGER)["healthy"])
    scene.wait_for_tree(scene.wait_for_rollout(JAEGER), rollout_tree(UNDONE, of_way_back=("agent.start", "agent.gate")))
    scene.wait_for_tree(stored, CHECKOUT_TREE)
    scene.wait_for_tree(scene.post(CHECKOUT), CHECKOUT_TREE)
    expect("its storage was left alone", scene.pid_of(STORAGE) == storage)


if __name__ == "__main__":
    main(JaegerScene)

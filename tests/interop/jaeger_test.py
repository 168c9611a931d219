#!/usr/bin/python3
"""A tracing backend of two agents: a real Jaeger, and its storage as a separate gRPC process."""

import os
import signal

from tracing import JAEGER, STORAGE, JaegerScene
from rig import expect, is_alive
from suite import main, scenario

SHOP = {"GET /checkout": None, "load cart": "GET /checkout", "SELECT cart": "load cart", "charge": "GET /checkout"}
MANY = 50  # traces


def wait_for_all(scene, traces):
    for trace in traces:
        scene.wait_for_trace(trace, SHOP)


@scenario
def jaeger_and_its_storage_are_two_agents_and_traces_come_back_as_trees(scene):
    scene.begin_tracing()
    scene.wait_for_trace(scene.post(SHOP), SHOP)
    expect("two processes", scene.pid_of(STORAGE) != scene.pid_of(JAEGER))
    expect("under its service alone", len(scene.traces_of("shop")) == 1 and not scene.traces_of("nobody"))


@scenario
def storage_that_is_killed_is_back_at_once_and_traces_flow_on(scene):
    scene.begin_tracing()
    before = [scene.post(SHOP) for _ in range(MANY)]
    wait_for_all(scene, before)
    storage, jaeger = scene.pid_of(STORAGE), scene.pid_of(JAEGER)
    os.kill(storage, signal.SIGKILL)
    scene.wait_for("another storage process", lambda: (lambda now: now["healthy"] and now.get("pid", storage) != storage)(scene.process(STORAGE)))
    # Jaeger dials its storage anew in its own time; what it reads by that connection, it writes by it too.
    wait_for_all(scene, before)
    wait_for_all(scene, [scene.post(SHOP) for _ in range(MANY)])
    expect("each trace once", len(scene.traces_of("shop")) == 2 * MANY)
    expect("the same Jaeger", is_alive(jaeger) and scene.pid_of(JAEGER) == jaeger)


@scenario
def config_that_jaeger_does_not_start_with_is_undone(scene):
    scene.begin_tracing()
    stored = scene.post(SHOP)
    scene.wait_for_trace(stored, SHOP)
    good, storage = scene.jaeger_config(), scene.pid_of(STORAGE)
    scene.offer_to(JAEGER, good | {"collector": {"otlp": {"http": {"host-port": "nowhere"}}}})
    scene.wait_for_status(JAEGER, "FAILED")
    reason = scene.process(JAEGER)["remote_config"]["error"]
    expect(f"in Jaeger's words: {reason}", "nowhere" in reason)
    scene.wait_for("Jaeger runs with the config before", lambda: scene.process(JAEGER)["healthy"])
    scene.wait_for_trace(stored, SHOP)
    scene.wait_for_trace(scene.post(SHOP), SHOP)
    expect("its storage was left alone", scene.pid_of(STORAGE) == storage)


if __name__ == "__main__":
    main(JaegerScene)

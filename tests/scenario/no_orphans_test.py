#!/usr/bin/python3
"""However opampd ends, in whatever state, nothing of it is left, and the next start works."""

import itertools
import os
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import health_is, offered_hash, status_is  # noqa: E402
from rig import describe, eventually, expect  # noqa: E402
from scene import GOOD, LONG  # noqa: E402
from suite import main, scenario_for  # noqa: E402

# --- the states to end it in: each takes (scene, agent, stop_timeout), and returns once the daemon is there ----------------


def before_the_first_start(scene, agent, _):
    """Its guard is there; it waits for a reader of its log."""
    log = scene.folder / "log.fifo"
    os.mkfifo(log)
    scene.configure(agent, telemetry={"logs": {"outputs": [str(log)]}})
    scene.start()
    scene.wait_for("its guard", lambda: "agent-guard" in scene.processes().values())


def at_the_gate(scene, agent, _):
    scene.configure({**agent, "health": {"type": "process"}, "min_uptime": LONG, "config_apply_timeout": LONG})
    scene.start()
    scene.wait_for_phase("running")


def running(scene, agent, _):
    scene.begin(agent)


def stopping(scene, agent, stop_timeout):
    script = "ignore_sigterm.sh" if "wrapper" in agent["executable"] else "ignore_sigterm_alone.sh"
    peer = scene.begin({"executable": scene.agent(script), "stop_timeout": stop_timeout})
    peer.order(restart=True)
    scene.wait_for_phase("stopping")


def backing_off(scene, agent, _):
    script = scene.agent("crash_at_start.sh")
    executable = {"executable": agent["executable"], "args": [script]} if "wrapper" in agent["executable"] else {"executable": script}
    scene.configure({**executable, "restart": {"initial_backoff": LONG, "max_backoff": LONG}})
    scene.start()
    if "args" in executable:  # the wrapper itself lives on
        for count in (1, 2):
            scene.wait_for_starts(count)
            scene.wait_for_event("agent.started", count)
            os.kill(scene.pid(), signal.SIGKILL)
    scene.wait_for_phase("backing_off", 2)


def in_a_trial(scene, agent, _):
    peer = scene.serve()
    scene.configure({**agent, "health": {"type": "process"}, "min_uptime": LONG, "config_apply_timeout": LONG})
    scene.start()
    scene.wait_for_phase("running")
    peer.offer(GOOD)
    scene.wait_for_message("APPLYING", status_is("APPLYING", offered_hash(GOOD)))
    scene.wait_for_starts(2)
    scene.wait_for_phase("running", 2)


def without_a_server(scene, agent, _):
    scene.configure(agent)
    scene.start()
    scene.wait_until_healthy()
    scene.wait_for_event("server.connect_failed", 2)


def applied(scene, agent, _):
    scene.begin(agent)
    scene.offer(GOOD)


STATES = (before_the_first_start, at_the_gate, running, stopping, backing_off, in_a_trial, without_a_server, applied)

# --- the ends: each leaves the daemon ended ------------------------------------------------------------------------------


def ended_with(scene, *codes):
    code = scene.daemon.process.wait(30)
    expect(f"it ends as it should, not with {describe(code)}", code in codes)


def is_before_its_first_start(scene):
    """It does not handle signals yet, and has nothing to end."""
    return not scene.events("daemon.started")


def signalled(signal_number):
    def end(scene):
        early = is_before_its_first_start(scene)
        scene.daemon.process.send_signal(signal_number)
        ended_with(scene, 0, *([-signal_number] if early else []))
    return end


def signalled_twice(scene):
    early = is_before_its_first_start(scene)
    scene.daemon.process.send_signal(signal.SIGTERM)
    if not early:
        eventually("it has noticed the first", lambda: scene.events("daemon.stopping"))
        scene.daemon.process.send_signal(signal.SIGTERM)
    ended_with(scene, 0, *([-signal.SIGTERM] if early else []))


def killed(scene):
    scene.kill()


ENDS = {"SIGTERM": signalled(signal.SIGTERM), "SIGINT": signalled(signal.SIGINT), "SIGTERM twice": signalled_twice, "kill -9": killed}


def plain(scene):
    return scene.demo_service()


def wrapped(scene):
    return scene.wrapped_demo_service()


def cases():
    for state, (end_name, end), agent in itertools.product(STATES, ENDS.items(), (plain, wrapped)):
        yield f"{end_name}, {state.__name__.replace('_', ' ')}, {agent.__name__}", (state, end, agent)


@scenario_for(dict(cases()))
def nothing_is_left_and_the_next_start_works(scene, state, end, agent):
    state(scene, agent(scene), LONG if end in (killed, signalled_twice) else "100ms")
    end(scene)
    scene.nothing_is_left()
    next_start_works(scene, agent)


def next_start_works(scene, agent):
    peer = scene.peer or scene.serve()
    since, starts, log = peer.now(), len(scene.starts()), len(scene.events("agent.started"))
    peer.offer(GOOD)
    scene.configure(agent(scene))
    scene.start()
    scene.wait_for_message("a healthy agent", health_is(True), since)
    scene.wait_for_message("APPLIED", status_is("APPLIED", offered_hash(GOOD)), since)
    expect("the config is in place", scene.config.read_text() == GOOD)
    begun = scene.events("agent.started")[log:]
    expect(f"at most one start for the old and one for the offered config: {begun}", 1 <= len(scene.starts()) - starts <= 2)
    expect(f"nothing was set aside: {scene.events('state.set_aside')}", not scene.events("state.set_aside"))


@scenario_for({"plain": plain, "wrapped": wrapped})
def kill_at_any_moment_of_a_start_leaves_nothing(scene, agent):
    peer = scene.serve()
    scene.configure(agent(scene))
    for number in range(20):
        peer.offer(f"instrument: true\nnumber: {number}\n")
        scene.start()
        time.sleep(number * 0.003)  # no wait for anything: the moment is what varies
        scene.kill()
        scene.nothing_is_left()
    next_start_works(scene, agent)


if __name__ == "__main__":
    main()

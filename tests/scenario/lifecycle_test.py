#!/usr/bin/python3
"""What the operator says of an agent's life: which ends are final, what is run around it, how it is stopped, how long it may be unwell."""

import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from ctl import ctl  # noqa: E402
from peer import error_message, health_is, last_error_has  # noqa: E402
from rig import expect, is_alive  # noqa: E402
from scene import LONG, merged  # noqa: E402
from suite import main, scenario, scenario_for  # noqa: E402


def agent_that(scene, script, **more):
    """A shell script as an agent."""
    return {"executable": "/bin/sh", "args": ["-c", script], "preset": "generic", **more}


# --- ends


@scenario_for({"on-failure": "on-failure", "never": "never"})
def agent_that_is_done_stays_down(scene, policy):
    peer = scene.begin(agent_that(scene, "until [ -e done ]; do sleep 0.05; done", restart={"policy": policy}))
    since = peer.now()
    (scene.folder / "done").touch()
    peer.wait_for("why it is down", last_error_has("exit code 0; it is not restarted"), since)
    expect("it was started once", len(scene.starts()) == 1)
    (scene.folder / "done").unlink()
    peer.order(restart=True)
    scene.wait_for_starts(2)


@scenario
def failure_is_followed_by_another_start_on_failure(scene):
    scene.begin({**scene.idle(), "restart": {"policy": "on-failure"}})
    os.kill(scene.pid(), signal.SIGKILL)
    scene.wait_for_starts(2)


@scenario
def failure_is_final_where_the_policy_is_never(scene):
    peer = scene.begin({**scene.idle(), "restart": {"policy": "never"}})
    since = peer.now()
    os.kill(scene.pid(), signal.SIGKILL)
    peer.wait_for("why it is down", last_error_has("killed by signal 9; it is not restarted"), since)
    ctl(scene, "start", "agent")
    scene.wait_for_starts(2)


@scenario
def another_config_starts_what_has_ended(scene):
    peer = scene.begin(agent_that(scene, "until [ -e done ]; do sleep 0.05; done", restart={"policy": "never"}))
    since = peer.now()
    (scene.folder / "done").touch()
    peer.wait_for("that it is down", last_error_has("it is not restarted"), since)
    (scene.folder / "done").unlink()
    scene.offer("good: 1\n")
    expect("it runs with it", len(scene.starts()) == 2)


@scenario
def crash_loop_is_told(scene):
    peer = scene.serve()
    scene.configure({"executable": scene.agent("crash_at_start.sh"), "min_uptime": "20s",
                     "restart": {"crash_loop_after": 3, "initial_backoff": "10ms", "max_backoff": "20ms"}})
    scene.start()
    peer.wait_for("the verdict", last_error_has("crash loop, 3 ends in a row: exit code 3"))


# --- what is run around it


@scenario
def commands_are_run_before_each_start_and_after_each_end(scene):
    note = ["sh", "-c", 'echo "$1 $OPAMP_AGENT_NAME $(test -e "$2" && echo config)" >> notes', "note"]
    scene.begin({**scene.idle(), "pre_start": {"command": [*note, "before", "{config}"]},
                 "post_stop": {"command": [*note, "after", "{config}"]}})
    scene.offer("good: 1\n")
    os.kill(scene.pid(), signal.SIGKILL)
    scene.wait_for_starts(3)
    scene.wait_until_healthy(3)
    scene.stop()
    before, after = "before agent", "after agent"
    expect("each of them", (scene.folder / "notes").read_text().split("\n") ==
           [f"{before} ", f"{after} ", f"{before} config", f"{after} config", f"{before} config", f"{after} config", ""])


@scenario
def start_fails_with_the_command_before_it(scene):
    peer = scene.begin({**scene.idle(), "pre_start": {"command": ["sh", "-c", "if [ -e no ]; then echo not today >&2; exit 3; fi"]}})
    (scene.folder / "no").touch()
    told = error_message(scene.offer("good: 1\n", "FAILED"))
    expect(f"why: {told}", "pre_start: exit code 3: not today" in told)
    (scene.folder / "no").unlink()
    since = peer.now()
    peer.wait_for("that it is back", health_is(True), since)


@scenario
def command_before_a_start_does_not_hold_up_the_end(scene):
    scene.configure({**scene.idle(), "pre_start": {"command": ["sh", "-c", "echo $$$$ > pid; sleep infinity"], "timeout": LONG}})
    scene.start()
    pid = scene.wait_for("that it runs", lambda: (scene.folder / "pid").exists() and (scene.folder / "pid").read_text())
    scene.stop()
    expect("it is gone", not is_alive(int(pid)))
    expect("and the agent was not started", not scene.starts())


@scenario
def second_signal_does_not_wait_for_the_command_after_an_end(scene):
    scene.configure({**scene.idle(), "post_stop": {"command": ["sh", "-c", "echo $$$$ > pid; sleep infinity"], "timeout": LONG}})
    scene.start()
    scene.wait_until_healthy()
    scene.daemon.process.send_signal(signal.SIGTERM)
    pid = scene.wait_for("that it runs", lambda: (scene.folder / "pid").exists() and (scene.folder / "pid").read_text())
    scene.stop()
    expect("it is gone", not is_alive(int(pid)))


@scenario
def version_is_asked_for_once_for_each_program(scene):
    program = scene.folder / "program"
    program.write_text("#!/bin/sh\nexec sleep infinity\n")
    program.chmod(0o755)
    asks = ["sh", "-c", "echo asked >> asked; echo program v1.$(grep -c . asked)"]
    peer = scene.begin({"executable": str(program), "args": [], "version": {"command": asks}})
    described = lambda version: lambda message: {"key": "service.version", "value": {"string_value": version}} in message.get(  # noqa: E731
        "agent_description", {}).get("identifying_attributes", [])
    peer.wait_for("the version", described("1.1"))
    scene.offer("good: 1\n")
    scene.stop()
    since = peer.now()
    scene.start()
    expect("remembered", peer.wait_for("its first message", lambda message: "agent_description" in message, since) and
           described("1.1")(peer.messages(since)[0]))
    (scene.folder / "next").write_text("#!/bin/sh\nexec sleep 100000\n")
    (scene.folder / "next").chmod(0o755)
    (scene.folder / "next").rename(program)
    peer.order(restart=True)
    peer.wait_for("the version of the other program", described("1.2"), since)


# --- the stop


@scenario
def stop_goes_on_with_the_next_signal(scene):
    script = "trap 'echo int' INT; trap 'echo usr1; exit 0' USR1; echo ready; while :; do sleep 0.02; done"
    scene.begin(agent_that(scene, script, stop_sequence=["SIGINT 200ms", "SIGTERM 10s"], stop_signal=None) |
                {"stop_sequence": ["SIGINT 200ms", "SIGUSR1 30s"]})
    scene.wait_for("that it listens", lambda: "ready" in scene.agent_log())
    scene.stop()
    expect("both were sent", "int\n" in scene.agent_log() and "usr1\n" in scene.agent_log())
    expect("and it ended by itself", scene.events("agent.stopped")[0]["status"] == "exit code 0")


# --- what is not well


@scenario
def watchdog_restarts_an_agent_that_is_unwell_for_long(scene):
    peer = scene.begin(merged(scene.probed(), {"watchdog": {"unhealthy_for": "200ms", "max_restarts": 1}}))
    since, before = peer.now(), scene.pid()
    (scene.folder / "sick").touch()
    scene.wait_for_starts(2)
    expect("it says why", "not healthy for 200ms: HTTP 503" in scene.events("agent.restarting")[0]["reason"])
    expect("the old one is gone", not is_alive(before))
    (scene.folder / "sick").unlink()
    peer.wait_for("that it is well again", health_is(True), since)


@scenario
def start_that_takes_too_long_is_given_up(scene):
    scene.begin(merged(scene.probed(), {"start_timeout": "1s"}))
    (scene.folder / "sick").touch()
    os.kill(scene.pid(), signal.SIGKILL)
    scene.wait_for_starts(3)
    expect("it says why", "not healthy within 1s: HTTP 503" in scene.events("agent.restarting")[0]["reason"])
    (scene.folder / "sick").unlink()
    scene.wait_until_healthy(2)


if __name__ == "__main__":
    main()

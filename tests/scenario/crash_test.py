#!/usr/bin/python3
"""An agent that ends by itself, or cannot be started, is started again, and the reason is told."""

import os
import pathlib
import shutil
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import health_is, last_error_has  # noqa: E402
from rig import expect  # noqa: E402
from scene import LONG  # noqa: E402
from suite import main, scenario, scenario_for  # noqa: E402


def copied(scene, script="idle.sh"):
    """An agent that the scenario may spoil."""
    return pathlib.Path(shutil.copy(scene.agent(script), scene.folder / "own-agent"))


@scenario
def first_restart_is_at_once_the_second_backs_off(scene):
    peer = scene.begin({**scene.idle(), "restart": {"initial_backoff": LONG, "max_backoff": LONG}})
    os.kill(scene.pid(), signal.SIGKILL)
    scene.wait_for_starts(2)  # within the limit of this wait, so not after the back-off
    since = peer.now()
    os.kill(scene.pid(), signal.SIGKILL)
    scene.wait_for_phase("backing_off", 2)
    peer.wait_for("the reason", last_error_has("killed by signal 9"), since)
    expect("it is not started while it backs off", len(scene.starts()) == 2)
    peer.order(restart=True)
    scene.wait_for_starts(3)  # a restart command ends the pause


@scenario
def stable_run_makes_earlier_crashes_forgotten(scene):
    scene.configure({"executable": scene.agent("short_lived.sh"), "restart": {"initial_backoff": LONG, "max_backoff": LONG, "reset_after": "50ms"}})
    scene.start()
    scene.wait_for_starts(3)  # the second crash would back off for an hour if the first still counted


@scenario
def end_by_a_signal_is_told_to_the_server_and_in_the_log(scene):
    peer = scene.begin()
    since, before = peer.now(), scene.pid()
    os.kill(before, signal.SIGKILL)
    peer.wait_for("the reason at the server", lambda message: health_is(False)(message) and last_error_has("killed by signal 9")(message), since)
    scene.wait_for_event("agent.exited", pid=before, status="killed by signal 9")
    peer.wait_for("a healthy agent again", health_is(True), since)
    expect("with another pid", scene.pid() != before)


@scenario_for({"crash": ("crash_at_start.sh", "exit code 3"), "success": ("exit_at_once.sh", "exit code 0")})
def agent_that_ends_at_once_is_tried_again_and_unhealthy(scene, script, reason):
    peer = scene.serve()
    scene.configure({"executable": scene.agent(script), "min_uptime": "20s"})
    scene.start()
    scene.wait_for_starts(4)
    peer.wait_for("the reason", last_error_has(reason))
    expect("the log has it", scene.events("agent.exited")[0]["status"] == reason)
    expect("it was never healthy", not any(map(health_is(True), peer.messages())))


@scenario
def what_the_agent_says_before_it_crashes_is_in_agent_log_and_in_every_report(scene):
    peer = scene.serve()
    scene.configure({"executable": scene.agent("crash_at_start.sh")})
    scene.start()
    peer.wait_for("the reason and the words at the server", last_error_has("exit code 3\ncannot start today"))
    scene.wait_for_event("agent.exited", status="exit code 3", last_words="cannot start today")
    scene.wait_for_starts(2)
    lines = scene.agent_log().splitlines()
    expect(f"its words follow its start line: {lines[:3]}", lines[0].startswith("--- opampd: agent started") and lines[1] == "cannot start today")


def removed(agent):
    agent.unlink()


def not_executable(agent):
    agent.chmod(0o644)


def without_interpreter_line(agent):
    agent.write_text("sleep infinity\n")


def with_missing_interpreter(agent):
    agent.write_text("#!/no/such/interpreter\n")


def a_folder(agent):
    agent.unlink()
    agent.mkdir()


@scenario_for({
    "removed": (removed, "does the file exist"),
    "not executable": (not_executable, "chmod +x"),
    "no #! line": (without_interpreter_line, "#! line"),
    "missing interpreter": (with_missing_interpreter, "interpreter"),
    "a folder": (a_folder, "chmod +x"),
})
def agent_that_cannot_be_executed_is_told_retried_and_back(scene, spoil, told):
    agent = copied(scene)
    peer = scene.begin({"executable": "./own-agent"})
    since = peer.now()
    spoil(agent)
    os.kill(scene.pid(), signal.SIGKILL)
    peer.wait_for("the reason at the server", lambda message: health_is(False)(message) and last_error_has(told)(message), since)
    scene.wait_for_event("agent.start_failed", 3)
    error = scene.events("agent.start_failed")[0]["error"]
    expect(f"one clear sentence that names it: {error}", told in error and str(agent) in error and "\n" not in error)
    since = peer.now()
    shutil.rmtree(agent) if agent.is_dir() else agent.unlink(missing_ok=True)
    copied(scene)
    peer.wait_for("a healthy agent again", health_is(True), since)


@scenario
def agent_with_a_missing_interpreter_at_the_first_start_is_retried(scene):
    agent = copied(scene)
    with_missing_interpreter(agent)
    scene.configure({"executable": "./own-agent"})
    scene.start()
    scene.wait_for_event("agent.start_failed", 2)
    copied(scene)
    scene.wait_until_healthy()


@scenario
def removed_working_directory_is_told_and_retried(scene):
    folder = scene.folder / "work"
    folder.mkdir()
    peer = scene.begin({**scene.idle(), "working_directory": "work", "config_path": str(scene.config)})
    since = peer.now()
    folder.rmdir()
    os.kill(scene.pid(), signal.SIGKILL)
    peer.wait_for("the reason at the server", last_error_has("working directory"), since)
    folder.mkdir()
    peer.wait_for("a healthy agent again", health_is(True), since)


if __name__ == "__main__":
    main()

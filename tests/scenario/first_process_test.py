#!/usr/bin/python3
"""opampd as PID 1, as in a container: it reaps strangers, ends all, and passes its exit code on."""

import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from rig import eventually, expect  # noqa: E402
from suite import main, scenario  # noqa: E402

# Not even SIGTERM ends an unshare that waits for its child, so it and PID 1 are killed when the test ends before them.
CONTAINER = ["setpriv", "--pdeathsig", "KILL", "unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--pid", "--fork",
             "--kill-child", "--mount-proc"]


def children(pid):
    """{pid: (name, state)}, with the dead."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        try:
            name, _, rest = (entry / "stat").read_text().rpartition(")") if entry.name.isdigit() else ("", "", "")
        except OSError:
            continue
        if rest and int(rest.split()[1]) == pid:
            found[int(entry.name)] = (name.partition("(")[2], rest.split()[0])
    return found


def start_as_first(scene):
    """PID 1's pid, as it is seen from outside."""
    program = scene.start(before=CONTAINER)
    return next(iter(scene.wait_for("PID 1", lambda: children(program.pid))))


def daemon_under(first):
    return next(iter(eventually("its daemon", lambda: children(first))))


@scenario
def agent_runs_and_sigterm_ends_all_with_exit_code_0(scene):
    scene.configure(scene.wrapped_demo_service())
    first = start_as_first(scene)
    scene.wait_until_healthy()
    os.kill(first, signal.SIGTERM)
    expect("exit code 0", scene.daemon.process.wait(30) == 0)
    expect("in order", scene.events("agent.stopped") and scene.events("daemon.stopped"))
    scene.nothing_is_left()


@scenario
def strangers_are_reaped(scene):
    scene.configure({"executable": scene.agent("orphans.sh")})
    first = start_as_first(scene)
    eventually("all twenty have run", lambda: len(list(scene.folder.glob("orphan.*"))) == 20)
    eventually("PID 1 has only the daemon left", lambda: len(children(first)) == 1)
    eventually("and nobody is dead in its care", lambda: all(state != "Z" for _, state in children(first).values()))
    os.kill(first, signal.SIGTERM)
    expect("exit code 0", scene.daemon.process.wait(30) == 0)


@scenario
def process_that_left_the_agents_session_ends_too(scene):
    scene.configure({"executable": scene.agent("daemonizing.sh")})
    first = start_as_first(scene)
    scene.wait_for_starts(2)
    os.kill(first, signal.SIGTERM)
    expect("exit code 0", scene.daemon.process.wait(30) == 0)
    scene.nothing_is_left()


@scenario
def killed_daemon_ends_the_container_with_128_and_the_signal(scene):
    scene.configure(scene.wrapped_demo_service())
    first = start_as_first(scene)
    scene.wait_until_healthy()
    os.kill(daemon_under(first), signal.SIGKILL)
    expect("exit code 137", scene.daemon.process.wait(30) == 128 + signal.SIGKILL)
    scene.nothing_is_left()


@scenario
def killed_first_process_leaves_nothing(scene):
    scene.configure(scene.wrapped_demo_service())
    first = start_as_first(scene)
    scene.wait_until_healthy()
    os.kill(first, signal.SIGKILL)
    scene.daemon.process.wait(30)
    scene.nothing_is_left()


@scenario
def failed_start_is_passed_on(scene):
    scene.configure()
    scene.state.mkdir()
    (scene.state / "agent").write_text("not a folder")
    start_as_first(scene)
    expect("exit code 1", scene.daemon.process.wait(30) == 1)


if __name__ == "__main__":
    main()

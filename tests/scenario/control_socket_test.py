#!/usr/bin/python3
"""Whom the control socket lets in, and what is in its way."""

import contextlib
import json
import os
import pathlib
import socket
import stat
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from ctl import DONE, NOT_REACHABLE, REFUSED, asked, await_answers, begin, ctl, socket_of, the_agent  # noqa: E402
from rig import Failed, expect  # noqa: E402
from suite import main, scenario  # noqa: E402

NOBODY = 65534

# --- the socket ----------------------------------------------------------------------------------------------------------

@scenario
def socket_is_for_its_owner_and_group_and_goes_with_the_daemon(scene):
    begin(scene)
    state = socket_of(scene).stat()
    expect(f"its mode: {state.st_mode:o}", stat.S_ISSOCK(state.st_mode) and stat.S_IMODE(state.st_mode) == 0o660)
    scene.stop()
    expect("gone", not socket_of(scene).exists())
    lost = ctl(scene, "status", code=NOT_REACHABLE)
    expect(f"what to do: {lost.stderr}", "no opampd listens there (is it running?" in lost.stderr)
    expect("for programs", "no opampd" in asked(scene, "status", code=NOT_REACHABLE)["error"]["message"])


def as_nobody():
    if os.getuid() != 0:
        raise Failed("this scenario needs root, to be another user")
    return ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")


def begin_in_the_open(scene, **control):
    """With a socket in a folder that everybody may enter."""
    folder = scene.folder / "open"
    folder.mkdir()
    scene.folder.chmod(0o755)
    scene.configure(scene.idle(), control={"socket": str(folder / "s"), **control})
    scene.start()
    scene.wait_until_healthy()
    await_answers(scene, folder / "s")
    return folder / "s"


@scenario
def another_user_is_refused(scene):
    path = begin_in_the_open(scene)
    refused = ctl(scene, "status", code=REFUSED, before=as_nobody(), path=path)
    expect(f"by the file's mode: {refused.stderr}", "this user may not connect (use root, " in refused.stderr)
    path.chmod(0o666)  # as if somebody had opened it
    refused = ctl(scene, "restart", "agent", code=REFUSED, before=as_nobody(), path=path)
    expect(f"and by who it is: {refused.stderr}", "this user may not give orders to opampd (use root, " in refused.stderr)
    expect("the log has it", scene.wait_for_event("control.refused"))
    expect("nothing was done", not scene.events("operator.restart"))
    ctl(scene, "status", path=path)


@scenario
def members_of_the_group_are_let_in(scene):
    path = begin_in_the_open(scene, group="daemon")
    group = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--groups=1")
    ctl(scene, "status", code=REFUSED, before=as_nobody(), path=path)
    ctl(scene, "status", before=group, path=path)


@scenario
def socket_of_a_killed_daemon_is_replaced(scene):
    begin(scene)
    scene.kill()
    expect("it is left", socket_of(scene).exists())
    ctl(scene, "status", code=NOT_REACHABLE)
    scene.start()
    await_answers(scene)


@scenario
def what_is_in_the_way_is_left_alone_and_the_daemon_runs(scene):
    scene.state.mkdir()
    socket_of(scene).write_text("mine")
    scene.configure()
    scene.start()
    failed = scene.wait_for_event("control.listen_failed")
    expect(f"why, and what to do: {failed}", failed["error"].endswith("what is there is not a socket (remove it, or set control.socket)"))
    scene.wait_until_healthy()
    expect("untouched", socket_of(scene).read_text() == "mine")


@scenario
def path_too_long_for_a_socket_is_said_and_the_daemon_runs(scene):
    scene.state = scene.folder / ("long" * 30)
    scene.configure()
    scene.start()
    failed = scene.wait_for_event("control.listen_failed")
    expect(f"why, and what to do: {failed}", failed["error"].endswith("at most 107 (set control.socket to a shorter path)"))
    scene.wait_until_healthy()


@scenario
def second_daemon_does_not_take_the_socket_of_the_first(scene):
    begin(scene)
    other = scene.folder / "other"
    other.mkdir()
    scene.configure(scene.idle() | {"config_path": "other.yaml"}, "other.yml", storage={"directory": str(other)},
                    control={"socket": str(socket_of(scene))},
                    telemetry={"logs": {"outputs": [str(scene.folder / "other.log")]}})
    first, log = scene.daemon, scene.folder / "other.log"
    second = scene.also(scene.start("other.yml"))
    scene.wait_for("the warning", lambda: log.exists() and "another program listens there" in log.read_text())
    second.stop()
    scene.daemon = first
    expect("the first one answers", the_agent(scene)["pid"] == scene.pid())


@scenario
def hostile_peers_do_not_keep_others_out(scene):
    begin(scene)
    with contextlib.ExitStack() as stack:
        def connect():
            peer = stack.enter_context(socket.socket(socket.AF_UNIX))
            peer.connect(str(socket_of(scene)))  # waits while the queue is full
            peer.settimeout(20)
            return peer
        silent = [connect() for _ in range(12)]
        garbage = connect()
        garbage.sendall(b"\x00\xff" * 100 + b"\n")
        answer = json.loads(garbage.makefile().readline())
        expect(f"garbage: {answer}", answer["error"]["kind"] == "invalid")
        endless = connect()
        with contextlib.suppress(OSError):
            endless.sendall(b"x" * (1 << 20))
        expect("endless", "the request is too long" in endless.makefile().readline())
        the_agent(scene)
        more = [connect() for _ in range(20)]
        last = more[-1].makefile().readline()
        expect(f"too many: {last}", "too many requests at a time" in last)
        expect("the silent ones are left after a while", all(peer.recv(1) == b"" for peer in silent))
    scene.wait_for("there is room again", lambda: scene.run("--socket", str(socket_of(scene)), "status", program="opampctl").returncode == DONE)
    expect("no failure of a task", not scene.events("task.failed"))


@scenario
def requests_during_the_end_do_no_harm(scene):
    scene.configure({**scene.idle(), "executable": scene.agent("ignore_sigterm.sh"), "stop_timeout": "1s"})
    scene.start()
    scene.wait_until_healthy()
    await_answers(scene)
    os.kill(scene.daemon.pid, 15)
    scene.wait_for_phase("stopping")
    expect("it still answers", the_agent(scene)["phase"] == "stopping")
    ctl(scene, "restart", "agent")
    scene.stop()


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""What an agent starts does not outlive it, wherever it hides; what is not the agent's is left alone."""

import contextlib
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from privileged import open_to_all  # noqa: E402
from rig import eventually, expect, is_alive  # noqa: E402
from suite import main, scenario, scenario_for  # noqa: E402

DETACH = "setsid sh -c '(sh -c \"echo \\$\\$ >>{0}; exec sleep infinity\" &)'"  # two forks, a session of its own, and no parent
CLEARED = "env -i /usr/bin/setsid /bin/sh -c '(/bin/sh -c \"echo \\$\\$ >>{0}; exec /bin/sleep 7357\" &)'"

# What Docker leaves to root: not CAP_SYS_PTRACE nor CAP_PERFMON, which it takes to read another user's /proc/PID/environ.
IN_CONTAINER = ["setpriv", "--bounding-set", "-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,"
                "+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap"]


def agent(detach, then="exec sleep infinity", file="detached"):
    return {"executable": "/bin/sh", "args": ["-c", f"{detach.format(file)}; until [ -s {file} ]; do :; done; {then}"]}


def detached(scene, count=1, file="detached"):
    def found():
        pids = [int(line) for line in (scene.folder / file).read_text().splitlines()]
        return pids if len(pids) >= count else None
    return scene.wait_for(f"{count} that have detached", found)


def parent_of(pid):
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def begin(scene, settings):
    scene.configure(settings)
    scene.start()
    pid = detached(scene)[0]
    eventually("opampd has taken it in", lambda: parent_of(pid) == scene.daemon.pid)
    expect("it has left the group", os.getpgid(pid) != scene.pid())
    return pid


@scenario
def what_has_detached_is_gone_after_a_stop(scene):
    pid = begin(scene, agent(DETACH))
    scene.stop()
    expect("gone when opampd is", not is_alive(pid))
    expect("and told", scene.events("agent.descendants_killed")[0]["processes"] == 1)


@scenario
def what_has_detached_is_gone_before_the_next_start(scene):
    pid = begin(scene, agent(DETACH))
    os.kill(scene.pid(), signal.SIGKILL)
    scene.wait_for_event("agent.started", 2)
    expect("gone", not is_alive(pid))
    new = detached(scene, 2)[1]
    expect("the new one's is there", is_alive(new) and not scene.events("agent.killed"))


@scenario
def what_has_detached_dies_with_a_killed_opampd(scene):
    pid = begin(scene, agent(DETACH))
    scene.kill()
    eventually("gone", lambda: not is_alive(pid))


@scenario
def what_makes_others_while_it_is_killed_is_gone_too(scene):
    forks = "setsid sh -c '(sh -c \"echo \\$\\$ >>{0}; while :; do (setsid sleep 7357 &); sleep 0.01; done\" &)'"
    begin(scene, agent(forks))
    scene.stop()
    scene.nothing_is_left()


@scenario
def what_has_cleared_its_environment_is_gone_with_opampd(scene):
    pid = begin(scene, agent(CLEARED))
    scene.stop()
    expect("gone", not is_alive(pid))


@scenario
def program_that_puts_itself_into_the_background_has_ended(scene):
    scene.configure({"executable": scene.agent("daemonizing.sh")})
    scene.start()
    exited = scene.wait_for_event("agent.exited")
    expect(f"{exited}", exited["status"] == "exit code 0")
    scene.wait_for_event("agent.descendants_killed")
    scene.wait_for_starts(3)
    expect("one at a time", len([pid for pid, command in scene.agents().items() if "sleep infinity" in command]) <= 1)


@scenario_for({"as root": [], "as root of a container": IN_CONTAINER})
def what_another_users_agent_has_detached_is_gone_before_the_next_start(scene, wrapper):
    scene.configure({**agent(DETACH), **open_to_all(scene), "user": "games"})
    scene.start(before=wrapper)
    pid = detached(scene, file="work/detached")[0]
    eventually("opampd has taken it in", lambda: parent_of(pid) == scene.daemon.pid)
    os.kill(scene.pid(), signal.SIGKILL)
    scene.wait_for_event("agent.started", 2)
    expect("gone", not is_alive(pid))
    new = detached(scene, 2, file="work/detached")[1]
    scene.kill()
    eventually("gone with opampd", lambda: not is_alive(new))


@scenario
def agents_do_not_end_one_anothers(scene):
    scene.configure(agents={name: {**agent(DETACH, file=name), "config_path": f"{name}.yaml"} for name in ("one", "two")})
    scene.start()
    first, second = detached(scene, file="one")[0], detached(scene, file="two")[0]
    eventually("opampd has taken both in", lambda: parent_of(first) == parent_of(second) == scene.daemon.pid)
    os.kill(scene.starts("one")[0].pid, signal.SIGKILL)
    scene.wait_for_event("agent.started", 2, agent="one")
    expect("one's is gone, two's is there", not is_alive(first) and is_alive(second))


@scenario
def what_a_command_has_detached_lives_on(scene):
    scene.configure({"executable": "/bin/sleep", "args": ["infinity"],
                     "available_components": {"command": ["/bin/sh", "-c", DETACH.format("detached") + "; echo '{}'"]}})
    scene.start()
    pid = detached(scene)[0]
    scene.wait_for_event("agent.healthy")
    os.kill(scene.pid(), signal.SIGKILL)
    scene.wait_for_event("agent.started", 2)
    expect("after a restart of the agent", is_alive(pid))
    scene.stop()
    expect("after the end of opampd", is_alive(pid))
    os.kill(pid, signal.SIGKILL)


@scenario
def dead_that_nobody_waits_for_are_reaped(scene):
    scene.configure({"executable": scene.agent("orphans.sh")})
    scene.start()
    eventually("all twenty have run", lambda: len(list(scene.folder.glob("orphan.*"))) == 20)

    def dead():
        children = pathlib.Path(f"/proc/{scene.daemon.pid}/task/{scene.daemon.pid}/children").read_text().split()
        return [pid for pid in children if not is_alive(pid)]
    eventually("nobody is dead in opampd's care", lambda: not dead())
    expect("the agent lives", is_alive(scene.pid()))


@scenario_for({"without it": [], "with SIGCHLD ignored": ["env", "--ignore-signal=CHLD"], "with SIGCHLD blocked": ["env", "--block-signal=CHLD"]})
def children_of_who_became_opampd_are_left_alone(scene, wrapper):
    scene.configure({"executable": "/bin/sleep", "args": ["infinity"]})
    script = 'sleep 7357 & echo $! >stranger; exec "$0" "$@"'
    scene.start(before=[*wrapper, "/bin/sh", "-c", script])
    scene.wait_until_healthy()
    stranger = int((scene.folder / "stranger").read_text())
    expect("its child", parent_of(stranger) == scene.daemon.pid)
    os.kill(scene.pid(), signal.SIGKILL)
    scene.wait_for_event("agent.started", 2)
    scene.stop()
    expect("it is not ours to end", is_alive(stranger))
    with contextlib.suppress(OSError):
        os.kill(stranger, signal.SIGKILL)


if __name__ == "__main__":
    main()

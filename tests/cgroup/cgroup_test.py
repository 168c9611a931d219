#!/usr/bin/python3
"""Control groups of agents, in a kernel of their own: user-mode Linux, which has version 2 and all its controllers whatever this
machine has.

    cgroup_test.py --bin FOLDER [WORD…]     FOLDER holds opampd and opampctl, built without sanitizers

The kernel is a process; its root is this machine's, read-only, and all that is written is in its memory. Needs root.
"""

import argparse
import itertools
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "tests" / "support"))
import suite  # noqa: E402
from rig import Failed, eventually, expect, is_alive  # noqa: E402
from suite import scenario  # noqa: E402

GROUPS = pathlib.Path("/sys/fs/cgroup")
SLEEP = {"executable": "/bin/sleep", "args": ["infinity"]}
LIMIT = 200  # seconds; a boot takes two


# --- outside


def boot(arguments):
    kernel = shutil.which("linux.uml")
    if not kernel:
        sys.exit("cgroup_test.py: there is no linux.uml; install Debian's package user-mode-linux (scripts/setup test)")
    with tempfile.TemporaryDirectory(prefix="opampd-cgroup-") as folder:
        init = pathlib.Path(folder, "init")  # a kernel's command line has no quotes
        words = shlex.join([sys.executable, __file__, "--init", "--bin", str(arguments.bin.resolve()), *arguments.words])
        init.write_text(f"#!/bin/sh\nexec {words}\n")
        init.chmod(0o755)
        command = [kernel, "mem=1500M", "rootfstype=hostfs", "rootflags=/", "ro", "quiet", "con=null", "con0=null,fd:1", "ssl=null",
                   f"init={init}"]
        environment = {**os.environ, "TMPDIR": "/dev/shm"}  # the kernel's memory is a file there
        done = subprocess.run(["setpriv", "--pdeathsig", "KILL", *command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", timeout=LIMIT, env=environment)
    said = done.stdout.replace("\r", "")
    print(said.rstrip())
    verdict = re.search(r"^(\d+) passed, (\d+) failed$", said, re.MULTILINE)
    return 0 if verdict and int(verdict[1]) > 0 and verdict[2] == "0" else 1


# --- inside: the first process, and then the suite


def be_init(arguments):
    temporary = next(folder for folder in ("/tmp", "/var/tmp") if not PROJECT.is_relative_to(folder))  # what is mounted there hides it
    os.environ.update(PATH="/usr/sbin:/usr/bin:/sbin:/bin", HOME=temporary, TMPDIR=temporary, PYTHONDONTWRITEBYTECODE="1")

    def mount(kind, target):
        subprocess.run(["mount", "-t", kind, kind, target], check=True)
    mount("proc", "/proc")
    mount("sysfs", "/sys")
    for folder in (temporary, "/run"):
        mount("tmpfs", folder)
    mount("cgroup2", str(GROUPS))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run([sys.executable, __file__, "--inside", *arguments], check=False)
    subprocess.run(["/sbin/poweroff", "-f"], check=False)


NUMBERS = itertools.count(1)


class Scene(suite.Scene):
    """One whose daemon runs in a control group of its own, as a service does."""

    def __init__(self, programs, folder):
        super().__init__(programs, folder)
        self.group = GROUPS / f"daemon-{os.getpid()}-{next(NUMBERS)}"
        self.group.mkdir()
        for controller in ("memory", "cpu", "pids", "io"):
            (GROUPS / "cgroup.subtree_control").write_text(f"+{controller}")

    def use_group(self, name):
        self.group = GROUPS / name
        self.group.mkdir(exist_ok=True)

    def within(self):
        """A group cannot be entered while something lives below it, which a killed daemon may have left: then its leaf is."""
        enter = f"(echo $$ >{self.group}/cgroup.procs) 2>/dev/null || echo $$ >{self.group}/supervisor/cgroup.procs"
        return ["/bin/sh", "-c", f'{{ {enter}; }} && exec "$0" "$@"']

    def start(self, *arguments, **environment):
        return super().start(*arguments, before=self.within(), **environment)

    def check(self):
        return self.run("--config", "supervisor.yaml", "--check", before=self.within())

    @property
    def agents_group(self):
        return self.group / "agent-agent"

    def value(self, name):
        return (self.agents_group / name).read_text().strip()

    def clear_up(self):
        super().clear_up()
        for folder, _, _ in os.walk(self.group, topdown=False):
            pathlib.Path(folder, "cgroup.kill").write_text("1")
            eventually("the group is gone", lambda: os.rmdir(folder) is None)


def group_of(pid):
    return GROUPS / pathlib.Path(f"/proc/{pid}/cgroup").read_text().strip().partition("::/")[2]


def started(scene, count=1):
    return scene.wait_for_event("agent.started", count)["pid"]


# --- what is promised


@scenario
def agent_has_the_limits_that_were_asked_for(scene):
    scene.configure({**SLEEP, "cgroup": {"memory_max": "64MiB", "memory_high": "48MiB", "memory_swap_max": 0, "cpu_weight": 50,
                                         "cpu_max": "150%", "pids_max": 20}})
    scene.start()
    pid = started(scene)
    expect(f"the agent's group: {group_of(pid)}", group_of(pid) == scene.agents_group)
    expect(f"the daemon's: {group_of(scene.daemon.pid)}", group_of(scene.daemon.pid) == scene.group / "supervisor")
    seen = {name: scene.value(name) for name in ("memory.max", "memory.high", "memory.swap.max", "cpu.weight", "cpu.max", "pids.max")}
    expect(f"{seen}", list(seen.values()) == ["67108864", "50331648", "0", "50", "150000 100000", "20"])
    scene.stop()
    expect("the group is gone", not scene.agents_group.exists())


@scenario
def limits_can_be_lifted(scene):
    scene.configure({**SLEEP, "cgroup": {"memory_max": "unlimited", "cpu_max": "unlimited", "pids_max": "unlimited"}})
    scene.start()
    started(scene)
    expect("all of them", [scene.value(name) for name in ("memory.max", "cpu.max", "pids.max")] == ["max", "max 100000", "max"])



def eats_memory(scene, limit="40MiB"):
    """It lives, until it is told to eat."""
    script = "until [ -e eat ]; do sleep 0.02; done; rm eat; exec tail /dev/zero"
    return {"executable": "/bin/sh", "args": ["-c", script], **({"cgroup": {"memory_max": limit, "memory_swap_max": 0}} if limit else {})}


@scenario
def memory_kill_is_told_apart_from_a_crash(scene):
    scene.configure(eats_memory(scene))
    scene.start()
    os.kill(started(scene), signal.SIGKILL)
    exited = scene.wait_for_event("agent.exited")
    expect(f"a kill: {exited}", exited["status"] == "killed by signal 9")
    started(scene, 2)
    (scene.folder / "eat").touch()
    exited = scene.wait_for_event("agent.exited", 2)
    told = "killed by signal 9 for want of memory (agent.cgroup.memory_max is 40MiB)"
    expect(f"for want of memory: {exited}", exited["status"] == told)
    pid = started(scene, 3)
    os.kill(pid, signal.SIGKILL)
    exited = scene.wait_for_event("agent.exited", 3)
    expect(f"the next kill is a kill: {exited}", exited["status"] == "killed by signal 9")


@scenario
def opampctl_says_that_it_was_for_want_of_memory(scene):
    scene.configure({**eats_memory(scene), "restart": {"initial_backoff": "1h", "max_backoff": "1h"}})
    scene.start()
    for count in (1, 2):
        started(scene, count)
        (scene.folder / "eat").touch()
        scene.wait_for_event("agent.exited", count)
    scene.wait_for_phase("backing_off", 2)
    said = scene.run("status", "--socket", str(scene.state / "control.sock"), program="opampctl")
    expect(f"{said}", "agent: not healthy: killed by signal 9 for want of memory" in said.stdout)


@scenario
def agent_is_killed_as_a_whole_when_a_part_wants_too_much(scene):
    script = "until [ -e eat ]; do sleep 0.02; done; rm eat; sleep 1000 & tail /dev/zero; exec sleep 1000"
    scene.configure({**eats_memory(scene), "args": ["-c", script]})
    scene.start()
    started(scene)
    (scene.folder / "eat").touch()
    exited = scene.wait_for_event("agent.exited")
    expect(f"{exited}", "for want of memory" in exited["status"])
    started(scene, 2)


@scenario
def memory_kill_is_told_without_a_group_of_the_agents_own(scene):
    (scene.group / "memory.max").write_text(str(60 << 20))
    (scene.group / "memory.swap.max").write_text("0")
    scene.configure(eats_memory(scene, None))
    scene.start()
    started(scene)
    (scene.folder / "eat").touch()
    exited = scene.wait_for_event("agent.exited")
    expect(f"{exited}", exited["status"] == "killed by signal 9 for want of memory")


@scenario
def what_has_hidden_everywhere_else_is_killed_by_the_group(scene):
    script = "env -i /usr/bin/setsid /bin/sh -c '/bin/sleep 4321 & exec /bin/sleep 4321' & sleep 0.2; exec sleep infinity"
    scene.configure({"executable": "/bin/sh", "args": ["-c", script], "cgroup": {"enabled": True}})
    scene.start()
    started(scene)
    scene.wait_for("all of them", lambda: len(scene.value("cgroup.procs").split()) >= 3)
    pids = scene.value("cgroup.procs").split()
    scene.stop()
    expect("none is left", not any(is_alive(pid) for pid in pids))


@scenario
def what_a_killed_daemon_left_in_the_group_is_gone_with_the_next(scene):
    script = "env -i /usr/bin/setsid /bin/sleep 4321 & exec sleep infinity"
    scene.configure({"executable": "/bin/sh", "args": ["-c", script], "cgroup": {"pids_max": 20}})
    scene.start()
    started(scene)
    scene.wait_for("both", lambda: len(scene.value("cgroup.procs").split()) == 2)
    before = scene.value("cgroup.procs").split()
    scene.kill()
    scene.start()
    started(scene, 2)
    expect("none of before", not any(is_alive(pid) for pid in before))


@scenario
def no_more_processes_than_that(scene):
    script = "for n in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done; exec sleep infinity"
    scene.configure({"executable": "/bin/sh", "args": ["-c", script], "cgroup": {"pids_max": 4}})
    scene.start()
    scene.wait_for("a fork that fails", lambda: "fork" in scene.agent_log())


@scenario
def user_and_group_go_together(scene):
    scene.folder.chmod(0o755)
    scene.configure({**SLEEP, "user": "games", "cgroup": {"memory_max": "64MiB"}})
    scene.start()
    pid = started(scene)
    expect("its group", group_of(pid) == scene.agents_group)
    expect("its user", os.stat(f"/proc/{pid}").st_uid == 5)


@scenario
def commands_are_not_in_the_agents_group(scene):
    scene.configure({**SLEEP, "cgroup": {"memory_max": "64MiB"},
                     "available_components": {"command": ["/bin/sh", "-c", "cat /proc/self/cgroup >where; echo '{}'"]}})
    scene.start()
    started(scene)
    scene.wait_for("it has run", lambda: (scene.folder / "where").read_text().endswith("/supervisor\n"))


@scenario
def root_with_all_rights_raises_limits_and_is_killed_last(scene):
    """This kernel's root has CAP_SYS_RESOURCE, which a container's may not have."""
    scene.configure({**SLEEP, "limits": {"memlock": "unlimited", "nofile": "900000"}, "oom_score_adjust": -300, "nice": -20})
    scene.start()
    folder = pathlib.Path(f"/proc/{started(scene)}")
    limits = {line[:26].strip(): line[26:].split()[:2] for line in (folder / "limits").read_text().splitlines()}
    expect(f"{limits}", limits["Max locked memory"] == ["unlimited"] * 2 and limits["Max open files"] == ["900000"] * 2)
    expect("its OOM score", (folder / "oom_score_adj").read_text() == "-300\n")


def refused(scene, text):
    for run in (scene.check(), scene.run("--config", "supervisor.yaml", before=scene.within())):
        expect(f"exit code 2, {text!r}: {run}", run.returncode == 2 and text in run.stderr and len(run.stderr.splitlines()) == 1)


@scenario
def service_without_delegate_is_told_to_have_it(scene):
    scene.configure({**SLEEP, "cgroup": {"memory_max": "64MiB"}})
    scene.use_group("opampd.service")
    refused(scene, "agent.cgroup: opampd's control group '/opampd.service' is not delegated to it (write Delegate=yes")
    os.setxattr(scene.group, "trusted.delegate", b"1")
    expect(f"now it is good: {scene.check()}", scene.check().returncode == 0)
    scene.start()
    started(scene)
    expect("as it should be", scene.value("memory.max") == "67108864")


@scenario
def controller_that_is_not_there_is_told(scene):
    (GROUPS / "cgroup.subtree_control").write_text("-pids")
    scene.configure({**SLEEP, "cgroup": {"pids_max": 10}})
    refused(scene, "agent.cgroup: the controller 'pids' is not to be had in opampd's control group")


@scenario
def file_that_the_kernel_does_not_have_is_told(scene):
    scene.configure({**SLEEP, "cgroup": {"io_weight": 50}})
    run = scene.run("--config", "supervisor.yaml", before=scene.within())
    failed = scene.events("daemon.start_failed")
    expect(f"{run} {failed}", run.returncode == 1 and "this kernel has no io.weight in control groups" in failed[0]["error"])


@scenario
def group_that_may_not_be_written_to_is_told(scene):
    os.chown(scene.folder, 65534, 65534)
    scene.configure({**SLEEP, "cgroup": {"memory_max": "64MiB"}})
    before = [*scene.within(), "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    run = scene.run("--config", "supervisor.yaml", "--check", before=before)
    expect(f"{run}", run.returncode == 2 and "cannot be written to by this user" in run.stderr)


@scenario
def ordinary_user_divides_what_was_delegated_to_it(scene):
    os.chown(scene.folder, 65534, 65534)
    for name in ("", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"):
        os.chown(scene.group / name, 65534, 65534)
    scene.configure({**SLEEP, "cgroup": {"memory_max": "64MiB"}})
    as_nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    suite.Scene.start(scene, before=[*scene.within(), *as_nobody])
    pid = started(scene)
    expect("its group", group_of(pid) == scene.agents_group and scene.value("memory.max") == "67108864")


def main():
    if "--init" in sys.argv:
        return be_init([argument for argument in sys.argv[1:] if argument != "--init"])
    if "--inside" in sys.argv:
        sys.argv.remove("--inside")
        sys.argv += ["--peer", "/bin/false"]
        return suite.main(Scene)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True, type=pathlib.Path)
    parser.add_argument("words", nargs="*")
    if os.geteuid() != 0:
        sys.exit("cgroup_test.py: needs root: it makes control groups and other users' processes. Run it as root, or with sudo.")
    try:
        return boot(parser.parse_args())
    except subprocess.TimeoutExpired as late:
        print((late.stdout or b"").decode(errors="replace"))
        raise Failed(f"the kernel has not ended within {LIMIT} s") from None


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""opampd.service under a real systemd: booted in a container on a throw-away copy of this machine's file system.

    systemd_test.py --bin FOLDER     FOLDER holds the opampd to test

Needs root. The outer half makes namespaces in which nothing can outlive the test, and removes what it leaves; the inner
half boots, looks and judges.
"""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PROJECT = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True  # root would, into a folder that may be another user's
sys.path.insert(0, str(PROJECT / "tests" / "support"))
from machine import SETTINGS, UNIT, Machine, eventually  # noqa: E402
from rig import Failed, expect  # noqa: E402

SPEAKER = """\
#!/bin/sh
echo "stream $JOURNAL_STREAM $(stat -L -c %d:%i /proc/self/fd/2)"
echo "a word"
echo "<3>a mistake"
while :; do echo still here; sleep 0.1; done
"""


# --- the outer half: what must not outlive the test --------------------------------------------------------------------


@contextlib.contextmanager
def own_cgroups():
    """A control group of our own wherever systemd keeps its tree, so that the machine's is left alone."""
    mounts = [line.split() for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
    made = []
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, name, path = line.split(":", 2)
        if name not in ("", "name=systemd"):
            continue
        for mount in mounts:
            kind, options = mount[mount.index("-") + 1], mount[-1].split(",")
            if (name == "" and kind == "cgroup2") or (name and kind == "cgroup" and name in options):
                parent = pathlib.Path(mount[4] + path)
                group = parent / f"opampd-test-{os.getpid()}"
                group.mkdir()
                (group / "cgroup.procs").write_text(str(os.getpid()))
                made.append((parent, group))
    try:
        yield
    finally:
        for parent, group in made:
            (parent / "cgroup.procs").write_text(str(os.getpid()))
            for folder, _, _ in os.walk(group, topdown=False):
                for _ in range(50):
                    with contextlib.suppress(OSError):
                        os.rmdir(folder)
                        break
                    time.sleep(0.1)


def outer(arguments):
    if os.geteuid() != 0:
        os.execvp("sudo", ["sudo", "-n", sys.executable, *sys.argv])
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="opampd-systemd-") as folder, own_cgroups():
        namespaces = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child",
                      "--mount-proc"]
        inner_half = [sys.executable, __file__, "--bin", arguments.bin, "--inside", folder]
        return subprocess.run([*namespaces, *inner_half], timeout=170).returncode


# --- what is promised ----------------------------------------------------------------------------------------------------


def kind_of(command):
    known = {"/usr/bin/sleep infinity": "agent", "agent-guard": "guard"}
    return known.get(command, "daemon" if "/usr/bin/opampd" in command else command)


def one_daemon_and_one_agent(machine):
    """(daemon, agent) by pid, once there is exactly one of each, and nothing else but the daemon's guard."""
    processes = machine.processes()
    pids = {kind_of(command): pid for pid, command in processes.items()}
    kinds = sorted(kind_of(command) for command in processes.values())
    return (pids["daemon"], pids["agent"]) if kinds == ["agent", "daemon", "guard"] else None


def both_are_back(machine, before, starts, restarts):
    """Daemon and agent run again, as new processes, started once each and no more."""

    def is_back():
        now = one_daemon_and_one_agent(machine)
        return now and not set(now) & set(before) and machine.show("ActiveState") == "active" and now

    now = eventually("daemon and agent are back", is_back)
    expect("no other start is under way", machine.show("SubState") == "running" and machine.show("Job") in ("", "0"))
    expect("they stay as they are", one_daemon_and_one_agent(machine) == now)
    expect(f"the agent was started once (starts so far: {machine.starts()})", machine.starts() == starts)
    expect(f"systemd restarted the daemon once (restarts so far: {machine.show('NRestarts')})",
           machine.show("NRestarts") == str(restarts))
    return now


def becomes_active_with_its_status(machine):
    eventually("the unit is active", lambda: machine.show("ActiveState") == "active")
    expect("a status line is shown", "agent" in machine.show("StatusText"))
    print(f"   status: {machine.show('StatusText')}")
    kinds = {kind_of(command) for command in machine.processes().values()}
    expect(f"the agent was started before the unit became active: {kinds}", kinds - {"daemon", "guard"})
    eventually("one daemon and one agent run", lambda: one_daemon_and_one_agent(machine))
    expect("the agent was started once", machine.starts() == 1)


def opampctl_finds_the_daemon(machine):
    status = machine.run("opampctl", "status")
    expect(f"its agent: {status}", status.returncode == 0 and "running" in status.stdout)
    expect("in the folder for sockets", machine.run("test", "-S", "/run/opampd/control.sock").returncode == 0)


def reload_reads_the_settings_again(machine):
    before = one_daemon_and_one_agent(machine)
    file = machine.root / "etc/opampd/opampd.yaml"
    file.write_text(SETTINGS + "telemetry:\n  traces:\n    sampler: always_off\n")
    machine.systemctl("reload", UNIT)
    eventually("the new sampler counts", lambda: "always_off" in machine.run("opampctl", "telemetry").stdout)
    file.write_text(SETTINGS)
    expect("nothing was restarted", one_daemon_and_one_agent(machine) == before and machine.show("NRestarts") == "0")


def all_killed_and_back(machine):
    before = one_daemon_and_one_agent(machine)
    machine.systemctl("kill", "--signal=KILL", UNIT)
    both_are_back(machine, before, starts=2, restarts=1)


def daemon_killed_and_back(machine):
    before = one_daemon_and_one_agent(machine)
    machine.systemctl("kill", "--signal=KILL", "--kill-whom=main", UNIT)
    both_are_back(machine, before, starts=3, restarts=2)


def agent_killed_and_back(machine):
    daemon, agent = one_daemon_and_one_agent(machine)
    os.kill(agent, 9)
    eventually("the agent is back", lambda: (one_daemon_and_one_agent(machine) or (0, agent))[1] != agent)
    expect("the daemon is the same", one_daemon_and_one_agent(machine)[0] == daemon)
    expect("systemd had nothing to do", machine.show("NRestarts") == "2")


def stop_leaves_nothing(machine):
    began = time.monotonic()
    machine.systemctl("stop", UNIT)
    print(f"   stopped in {(time.monotonic() - began) * 1000:.0f} ms")
    expect(f"no process is left: {machine.processes()}", not machine.processes())
    expect("the unit is inactive", machine.show("ActiveState") == "inactive")
    expect(f"it ended well: {machine.show('Result')}", machine.show("Result") == "success")
    expect(f"and stays so: {machine.show('SubState')}", machine.show("SubState") == "dead" and machine.show("Job") in ("", "0"))


def starts_again_where_it_was(machine):
    machine.systemctl("start", UNIT)
    eventually("one daemon and one agent run", lambda: one_daemon_and_one_agent(machine))
    expect("state is kept in the state directory", any((machine.root / "var/lib/opampd").iterdir()))
    machine.systemctl("stop", UNIT)


PRIVILEGED = """\
server:
  endpoint: ws://127.0.0.1:9/v1/opamp  # nobody is there
agent:
  executable: /opt/agent
  working_directory: /opt/work
  user: games
  nice: 5
  credentials: {token: /opt/token}
  cgroup: {enabled: true}
"""


def group_of(pid):
    """Below the unit, in the hierarchy that is version 2."""
    lines = pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    return next(line.partition(UNIT)[2] for line in lines if line.startswith("0::"))


def agent_has_its_user_its_secrets_and_its_group(machine):
    for path, text in (("etc/opampd/opampd.yaml", PRIVILEGED), ("opt/token", "s3cret\n")):
        file = machine.root / path
        file.write_text(text)
        file.chmod(0o600)
    (machine.root / "opt/work").mkdir()
    (machine.root / "opt/starts").chmod(0o666)
    expect("the group is delegated", machine.show("Delegate") == "yes")
    machine.systemctl("start", UNIT)
    daemon, agent = eventually("one daemon and one agent run", lambda: one_daemon_and_one_agent(machine))
    expect(f"groups: {group_of(daemon)!r}, {group_of(agent)!r}", (group_of(daemon), group_of(agent)) == ("/supervisor", "/agent-agent"))
    status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{agent}/status").read_text().splitlines())
    expect(f"its user: {status['Uid']}", status["Uid"].split() == ["5"] * 4 and int(status["CapEff"], 16) == 0)
    environment = pathlib.Path(f"/proc/{agent}/environ").read_text().split("\0")
    folder = next(line.partition("=")[2] for line in environment if line.startswith("CREDENTIALS_DIRECTORY="))
    expect(f"its secrets: {folder}", folder == "/run/opampd/agents/agent.private/credentials")
    listed = machine.run("runuser", "-u", "games", "--", "cat", f"{folder}/token")
    expect(f"which it can read: {listed}", listed.stdout == "s3cret\n")
    listed = machine.run("runuser", "-u", "nobody", "--", "cat", f"{folder}/token")
    expect(f"and nobody else: {listed}", "Permission denied" in listed.stderr)
    expect("in memory", machine.run("stat", "-f", "-c", "%T", folder).stdout == "tmpfs\n")


def group_is_delegated_again_after_a_kill(machine):
    before = one_daemon_and_one_agent(machine)
    machine.systemctl("kill", "--signal=KILL", "--kill-whom=main", UNIT)
    now = eventually("daemon and agent are back", lambda: (one_daemon_and_one_agent(machine) or before) != before and one_daemon_and_one_agent(machine))
    expect(f"groups: {[group_of(pid) for pid in now]}", [group_of(pid) for pid in now] == ["/supervisor", "/agent-agent"])
    machine.systemctl("stop", UNIT)
    expect(f"no process is left: {machine.processes()}", not machine.processes())
    expect("no secret is left", machine.run("test", "-e", "/run/opampd/agents").returncode == 1)


def unit_without_delegate_is_told_to_have_it(machine):
    drop_in = machine.root / f"etc/systemd/system/{UNIT}.d/test.conf"
    drop_in.parent.mkdir()
    drop_in.write_text("[Service]\nDelegate=no\n")
    machine.systemctl("daemon-reload")
    expect("start fails", machine.run("systemctl", "start", UNIT).returncode != 0)
    journal = machine.run("journalctl", "--no-pager", "--lines=20", "--unit", UNIT).stdout
    expect(f"with the reason: {journal}", "is not delegated to it (write Delegate=yes into opampd's unit" in journal)
    shutil.rmtree(drop_in.parent)
    machine.systemctl("daemon-reload")
    file = machine.root / "etc/opampd/opampd.yaml"
    file.write_text(SETTINGS)


def journal_of(machine, identifier):
    entries = machine.run("journalctl", "--output=json", "--identifier", identifier).stdout.splitlines()
    return [json.loads(entry) for entry in entries]


def with_output(machine, settings, see):
    """The daemon runs with an agent that speaks, and `settings` for its output."""
    file = machine.root / "etc/opampd/opampd.yaml"
    file.write_text(SETTINGS.replace("/opt/agent", "/opt/speaker") + f"  output: {settings}\n")
    speaker = machine.root / "opt/speaker"
    speaker.write_text(SPEAKER)
    speaker.chmod(0o755)
    machine.run("systemctl", "reset-failed", UNIT)
    machine.systemctl("start", UNIT)
    try:
        see()
    finally:
        machine.systemctl("stop", UNIT)
        file.write_text(SETTINGS)


def output_goes_to_the_journal(machine):
    def see():
        entries = eventually("its lines", lambda: [entry for entry in journal_of(machine, "speaker") if entry["MESSAGE"] == "a word"])
        eventually("its error", lambda: [entry["PRIORITY"] for entry in journal_of(machine, "speaker") if entry["MESSAGE"] == "a mistake"] == ["3"])
        expect(f"with priority info: {entries[0]['PRIORITY']}", entries[0]["PRIORITY"] == "6")
        logs = machine.run("opampctl", "logs")
        expect(f"opampctl says where, and what it remembers: {logs}", "journalctl -t speaker" in logs.stderr and "a word" in logs.stdout)

    with_output(machine, "{destination: journal, identifier: speaker}", see)


def output_goes_to_the_journal_directly(machine):
    def see():
        entries = eventually("its lines", lambda: [entry for entry in journal_of(machine, "direct") if entry["MESSAGE"] == "a word"])
        expect(f"from the agent itself: {entries[0]}", entries[0]["_COMM"] == "speaker" or entries[0].get("_EXE", "").endswith("sh"))
        streams = [entry["MESSAGE"] for entry in journal_of(machine, "direct") if entry["MESSAGE"].startswith("stream ")]
        expect(f"which it can tell: {streams}", streams and streams[0].split()[1] == streams[0].split()[2])
        logs = machine.run("opampctl", "logs")
        expect(f"opampctl says where: {logs}", "journalctl -t direct" in logs.stderr and not logs.stdout)

    with_output(machine, "{destination: journal, identifier: direct, direct: true}", see)


def journal_that_is_restarted_goes_on_with_the_output(machine):
    def see():
        eventually("its lines", lambda: len(journal_of(machine, "restarted")) > 3)
        machine.systemctl("restart", "systemd-journald")
        before = len(journal_of(machine, "restarted"))
        eventually("more of them", lambda: len(journal_of(machine, "restarted")) > before + 3)

    with_output(machine, "{destination: journal, identifier: restarted}", see)


def mistaken_settings_are_not_retried(machine):
    file = machine.root / "etc/opampd/opampd.yaml"
    file.write_text(SETTINGS + "  executabel: typo\n")
    machine.run("systemctl", "reset-failed", UNIT)
    expect("start fails", machine.run("systemctl", "start", UNIT).returncode != 0)
    expect("the unit has failed", machine.show("ActiveState") == "failed")
    expect(f"exit code 2: {machine.show('ExecMainStatus')}", machine.show("ExecMainStatus") == "2")
    expect("it is not tried again", machine.show("NRestarts") == "0")
    file.write_text(SETTINGS)


STEPS = [becomes_active_with_its_status, opampctl_finds_the_daemon, reload_reads_the_settings_again, all_killed_and_back,
         daemon_killed_and_back, agent_killed_and_back, stop_leaves_nothing, starts_again_where_it_was, agent_has_its_user_its_secrets_and_its_group,
         group_is_delegated_again_after_a_kill, unit_without_delegate_is_told_to_have_it, output_goes_to_the_journal,
         output_goes_to_the_journal_directly, journal_that_is_restarted_goes_on_with_the_output, mistaken_settings_are_not_retried]


def inner(arguments):
    machine = None
    try:
        machine = Machine(arguments.inside, arguments.bin)
        for step in STEPS:
            began = time.monotonic()
            step(machine)
            print(f"✔ {step.__name__.replace('_', ' ')} ({time.monotonic() - began:.1f} s)", flush=True)
        return 0
    except Failed as failure:
        name = step.__name__.replace("_", " ") if machine else "boot"
        print(f"✘ {name}: {failure}")
        if machine:
            print(machine.run("systemctl", "list-jobs", "--no-pager").stdout)
            print(machine.run("systemctl", "status", "--no-pager", "--full", UNIT).stdout)
            print(machine.run("journalctl", "--no-pager", "--lines=60", "--unit", UNIT).stdout)
        return 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True)
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.bin = os.path.abspath(arguments.bin)
    return inner(arguments) if arguments.inside else outer(arguments)


if __name__ == "__main__":
    sys.exit(main())

"""A machine of its own for opampd.service: a booted systemd on a throw-away copy of this one's file system."""

import contextlib
import functools
import os
import pathlib
import re
import shutil
import subprocess
import time

import rig
from rig import Failed, is_alive

PROJECT = pathlib.Path(__file__).resolve().parents[2]
eventually = functools.partial(rig.eventually, limit=30, pause=0.02)  # to look is to start a program

UNIT = "opampd.service"

SETTINGS = """\
server:
  endpoint: ws://127.0.0.1:9/v1/opamp  # nobody is there
agent:
  executable: /opt/agent
"""
AGENT = """\
#!/bin/sh
echo start >>/opt/starts
exec /usr/bin/sleep infinity
"""
# Only what the unit needs: this machine's other services stay asleep.
TARGET = f"[Unit]\nRequires=basic.target\nWants={UNIT}\nAfter=basic.target\nAllowIsolate=yes\n"


class Machine:
    """A booted systemd, and what can be asked of it from outside."""

    def __init__(self, folder, bin_folder):
        layers = pathlib.Path(folder, "layers")
        layers.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2g", "tmpfs", layers], check=True)
        self.root = layers / "root"
        for name in ("root", "upper", "work"):
            (layers / name).mkdir()
        options = f"lowerdir=/,upperdir={layers}/upper,workdir={layers}/work"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, self.root], check=True)
        self.install(bin_folder)
        self.console = pathlib.Path(folder, "console")
        self.boot()

    def install(self, bin_folder):
        for program in ("opampd", "opampctl"):
            shutil.copy(pathlib.Path(bin_folder, program), self.root / "usr/bin" / program)
        shutil.copy(PROJECT / "systemd" / UNIT, self.root / "etc/systemd/system" / UNIT)
        shutil.rmtree(self.root / "var/lib/opampd", ignore_errors=True)
        for path, text, mode in (
            ("etc/opampd/opampd.yaml", SETTINGS, 0o600),
            ("etc/systemd/system/opampd-test.target", TARGET, 0o644),
            ("opt/agent", AGENT, 0o755),
        ):
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            file.chmod(mode)
        (self.root / "etc/fstab").write_text("")  # nothing of the machine's disks

    def boot(self):
        command = ["systemd-nspawn", "--boot", f"--directory={self.root}", f"--machine=opampd-test-{os.getpid()}-{time.time_ns()}",
                   "--private-network", "--register=no", "--keep-unit", "--link-journal=no", "--resolv-conf=off",
                   "--timezone=off", "--console=pipe", "systemd.unit=opampd-test.target"]
        with open(self.console, "w") as console:
            self.nspawn = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT)
        self.leader = eventually("systemd has been started", self.find_leader)
        eventually("systemd answers", lambda: self.run("systemctl", "is-system-running").stdout.strip() in ("starting", "running", "degraded"))

    def find_leader(self):
        if self.nspawn.poll() is not None:
            raise Failed(f"systemd-nspawn ended: {self.console.read_text()}")
        # Between fork and exec the child still has nspawn's name and namespaces.
        children = pathlib.Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children").read_text().split()
        return next((int(pid) for pid in children if os.path.basename("".join(command_of(pid)[:1])) in ("systemd", "init")), None)

    def run(self, *command):
        return subprocess.run(["nsenter", f"--target={self.leader}", "--all", *command], capture_output=True, text=True, timeout=60)

    def systemctl(self, *arguments):
        done = self.run("systemctl", *arguments)
        if done.returncode != 0:
            raise Failed(f"systemctl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def show(self, name):
        return self.systemctl("show", "--property", name, "--value", UNIT)

    def processes(self):
        """{pid as seen here: command line} of everything in the unit's control group."""
        found = {}
        for folder in pathlib.Path("/proc").iterdir():
            if folder.name.isdigit() and is_alive(folder.name):
                with contextlib.suppress(OSError):
                    if re.search(rf"/{re.escape(UNIT)}(/[^/]+)?\n", (folder / "cgroup").read_text()):
                        found[int(folder.name)] = " ".join(command_of(folder.name))
        return found

    def starts(self):
        """How often the agent has been started since boot."""
        file = self.root / "opt/starts"
        return len(file.read_text().splitlines()) if file.exists() else 0


def command_of(pid):
    try:
        return [part.decode(errors="replace") for part in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") if part]
    except OSError:
        return []

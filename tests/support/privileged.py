"""Agents of another user, and what the kernel says of a process."""

import contextlib
import os
import pathlib
import pwd

from rig import eventually

USER = pwd.getpwnam("games")  # its group is not its number
OTHER = pwd.getpwnam("nobody")
SLEEP = {"executable": "/bin/sleep", "args": ["infinity"]}


class Seen:
    """What the kernel says of a process."""

    def __init__(self, pid):
        self.pid, self.folder = pid, pathlib.Path(f"/proc/{pid}")
        lines = (line.split(":", 1) for line in self.text("status").splitlines())
        self.status = {key: value.split() for key, value in lines}

    def text(self, name):
        return (self.folder / name).read_text()

    def number(self, name):
        return int(self.status[name][0], 16)

    @property
    def environment(self):
        text = eventually("its environment", lambda: self.text("environ"))  # empty while it becomes another program
        return dict(line.split("=", 1) for line in text.split("\0") if line)

    @property
    def nice(self):
        return int(self.text("stat").rpartition(")")[2].split()[16])

    def limit(self, name):
        words = next(line for line in self.text("limits").splitlines() if line.startswith(name))[26:].split()
        return words[:2]

    @property
    def descriptors(self):
        found = {}
        for entry in (self.folder / "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # it has closed one meanwhile
                found[entry.name] = os.readlink(entry)
        return found


def open_to_all(scene):
    """The agent's folder, where its user can get to it."""
    scene.folder.chmod(0o755)
    work = scene.folder / "work"
    work.mkdir(exist_ok=True)
    os.chown(work, USER.pw_uid, USER.pw_gid)
    return {"working_directory": "work"}


def see(scene, agent, **environment):
    scene.configure(agent)
    scene.start(**environment)
    return seen_now(scene)


def seen_now(scene, count=1):
    pid = scene.wait_for_event("agent.started", count)["pid"]
    # The kernel lets opampd go on a little before the new program has its name and its credentials.
    scene.wait_for("it is the program", lambda: pathlib.Path(f"/proc/{pid}/comm").read_text() != "opampd\n")
    return Seen(pid)


def as_nobody(scene):
    """A folder that opampd can use although it is not root."""
    os.chown(scene.folder, OTHER.pw_uid, OTHER.pw_gid)

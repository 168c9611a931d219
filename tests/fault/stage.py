"""What a fault test plays on: a story that is told again and again from the same state, with the daemon under fault-shim."""

import os
import pathlib
import re
import shutil
import signal
import sys
import tempfile
from typing import NamedTuple, Optional

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import error_message, hash_of_files, health_is, status_is, text_file  # noqa: E402
from rig import Failed, expect, eventually, processes_of, request  # noqa: E402
from scene import Scene  # noqa: E402

ALL = "--all" in sys.argv
if ALL:
    sys.argv.remove("--all")
if os.access("/dev/shm", os.W_OK):
    tempfile.tempdir = "/dev/shm"  # a kill loses nothing that a disk has not got yet, so there is no need to wait for one


def files(main, **beside):
    """An offer: the main config, and text files beside it."""
    return {"": text_file(main), **{f"{name}.txt": text_file(body, "text/plain") for name, body in beside.items()}}


OLD = files("number: 1\n", one="one\n", both="old\n")
NEXT = files("number: 3\n", one="one\n", three="three\n")


class Story(NamedTuple):
    """`before`: what has been applied already. `is_checked`: there is a config_check."""
    before: Optional[dict]
    offered: dict
    fate: str
    is_checked: bool = False


STORIES = {
    "a rollout": Story(OLD, files("number: 2\n", two="two\n", both="new\n"), "APPLIED"),
    "a rollback": Story(OLD, files("crash: true\n", two="two\n", both="new\n"), "FAILED"),
    "the first rollout": Story(None, files("number: 2\n", two="two\n"), "APPLIED"),
    "the first rollback": Story(None, files("crash: true\n", two="two\n"), "FAILED"),
    "a refused check": Story(OLD, files("refuse: true\n", two="two\n", both="new\n"), "FAILED", is_checked=True),
}


class Call(NamedTuple):
    """A file-system call that the daemon made, as fault-shim tells it."""
    kind: str
    name: str
    occurrence: int
    result: int
    path: str

    def plan(self, deed, *error):
        return (f"--{deed}", self.name, str(self.occurrence), self.path, *error)

    def told(self, folder):
        return f"{self.name} #{self.occurrence} of {os.path.relpath(self.path, folder)}"


class Outcome(NamedTuple):
    fate: str
    reason: str


class Telling(NamedTuple):
    """How the story goes without a fault."""
    calls: list
    agent_files: dict
    state: dict


class FaultScene(Scene):
    def __init__(self, programs, folder):
        super().__init__(programs, folder)
        self.home = folder / "home"  # what is kept, and put back before each telling
        self.etc = self.home / "etc"
        self.state = self.home / "state"
        self.config = self.etc / "effective.yaml"
        self.report = folder / "calls"
        self.story = None

    # --- the story

    def prepare(self, story):
        """To the point where the story begins; then as often as one likes, `reset`."""
        self.story = story
        self.etc.mkdir(parents=True)
        (self.home / "local.yaml").write_text("local: true\n")
        agent = str(self.programs.bin / "fault-agent")
        check = {"config_check": {"command": [agent, "--check", "{config}"]}} if story.is_checked else {}
        self.configure({"executable": agent, "args": [str(self.service_port), "{config}"], "config_path": str(self.config),
                        "config_files": [str(self.home / "local.yaml")], "health": self.probe("/"),
                        "restart": {"max_backoff": "50ms"}, **check})
        self.serve()
        self.start()
        self.wait_until_healthy()
        if story.before:
            self.offer_files(story.before)
        self.stop()
        self.keep()

    def keep(self):
        """What is there now, for `reset`."""
        shutil.rmtree(self.folder / "kept", ignore_errors=True)
        shutil.copytree(self.home, self.folder / "kept", symlinks=True, ignore=shutil.ignore_patterns("control.sock"))

    def reset(self):
        shutil.rmtree(self.home)
        shutil.copytree(self.folder / "kept", self.home, symlinks=True)
        for file in (self.report, self.daemon_log, self.daemon_output):
            file.unlink(missing_ok=True)
        self.report.touch()
        if self.story.before:
            self.peer.offer_files(self.story.before)  # which the agent has
        else:
            self.stop_serving()
            self.serve()

    def start_under_shim(self, *plan):
        """A daemon at rest, whose calls count from here on."""
        since = self.peer.now()
        self.start_shim(*plan)
        self.wait_for_message("a healthy agent", health_is(True), since)
        self.tell_shim(signal.SIGUSR1, "armed")

    def start_shim(self, *plan):
        within = [word for path in (self.home, "/dev/null") for word in ("--within", str(path))]
        shim = [self.programs.bin / "fault-shim", "--report", self.report, *within, *plan, "--"]
        # The leak check is a tracer itself, and a program has but one.
        self.start(before=shim, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")

    def tell_shim(self, signal_number, answer):
        self.daemon.process.send_signal(signal_number)
        self.wait_for(f"the shim is {answer}", lambda: answer in self.report.read_text().splitlines())

    def has_fired(self, deed):
        return deed in self.report.read_text().splitlines()

    def calls(self):
        lines = [line.split("\t") for line in self.report.read_text().splitlines()]
        return [Call(kind, name, int(occurrence), int(result), path) for kind, name, occurrence, result, path in
                (line for line in lines if len(line) == 5)]

    def wait_for_outcome(self, offered, since):
        """The final status of the offer, once the agent has come to rest as well."""
        outcome = self.wait_for_status(offered, since)
        self.wait_for("the agent is at rest", self.agent_is_at_rest)
        return outcome

    def wait_for_status(self, offered, since):
        of = hash_of_files(offered)
        finals = [status_is(fate, of) for fate in ("APPLIED", "FAILED")]
        message = self.wait_for_message("a final status", lambda message: any(fits(message) for fits in finals), since)
        fate = message["remote_config_status"]["status"].removeprefix("RemoteConfigStatuses_")
        return Outcome(fate, error_message(message))

    def agent_is_at_rest(self):
        moves = [event["event"] for event in self.events() if event["event"] in
                 ("agent.healthy", "agent.unhealthy", "agent.started", "agent.stopping", "agent.exited", "config.rolled_back")]
        return moves and moves[-1] == "agent.healthy"

    def offer_and_wait(self, offered):
        since = self.peer.now()
        self.peer.offer_files(offered)
        return self.wait_for_outcome(offered, since)

    def tell_without_fault(self):
        self.reset()
        self.start_under_shim()
        outcome = self.offer_and_wait(self.story.offered)
        self.tell_shim(signal.SIGUSR2, "disarmed")
        expect(f"{self.story.fate}: {outcome}", outcome.fate == self.story.fate)
        self.agent_is_well(self.agent_files())
        self.stop()
        return Telling(self.calls(), self.agent_files(), self.state_content())

    # --- what has to be true

    def agent_files(self):
        """What is beside the agent's config, hidden or not."""
        return {path.name: path.read_text() for path in self.etc.iterdir()}

    def agent_is_well(self, wanted):
        """There is one agent, which runs with exactly these files, and no other process."""
        told = request(self.service_port, "GET", "/").text.splitlines()
        served = dict(line.split(": ", 1) for line in told)
        pid = int(served.pop("pid"))
        expect(f"the agent runs with {served}", served == {name: text.replace("\n", "|") for name, text in wanted.items()})
        expect(f"the files are {self.agent_files()}", self.agent_files() == wanted)
        started = [event["pid"] for event in self.events("agent.started")]  # a full disk has no room for start lines
        expect(f"the agent started last runs: {pid}, {started[-3:]}", pid == started[-1])
        agents = [command for command in self.processes().values() if pathlib.Path(command.split()[0]).name == "fault-agent"]
        expect(f"one agent: {agents}", len(agents) == 1)
        return pid

    def processes(self):
        return {pid: command for pid, command in super().processes().items() if command}

    def state_content(self):
        """{name: content or target} of the agent's folder. Not agent.log, and not when something was."""
        content = {}
        root = self.state / "agent"
        for path in sorted(root.rglob("*")):
            name = str(path.relative_to(root))
            if path.is_symlink():
                content[name] = os.readlink(path)
            elif path.is_file() and name != "agent.log":
                content[name] = re.sub(rb"(?m)^(created|at)\b.*$", rb"\1", path.read_bytes())
        return content

    def nothing_is_left_over(self):
        """No temporary file, none set aside, no copy."""
        strays = [str(path.relative_to(self.home)) for path in self.home.rglob("*")
                  if path.name.startswith(".") or path.name.endswith(".damaged") or path.name == "check"]
        expect(f"no file is left over: {strays}", not strays)


def some(cases, most):
    """Spread over the story; all of them with --all."""
    return cases if ALL else cases[:: -(-len(cases) // most)]


def collect(scene, cases, play):
    """Plays each case; all that failed are told together. Each begins anew, whatever became of the one before."""
    failures = []
    for name, case in cases:
        try:
            play(scene, case)
        except (Failed, OSError, LookupError, ValueError) as failure:
            failures.append(f"{name}: {failure!r}" if not isinstance(failure, Failed) else f"{name}: {failure}")
            scene.daemon.end()
            if os.environ.get("FAULT_KEEP"):
                break
        eventually("no process of it is left", lambda: not scene.processes())
    if failures:
        raise Failed(f"{len(failures)} of {len(cases)}:\n  " + "\n  ".join(failures))

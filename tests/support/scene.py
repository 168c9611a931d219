"""What a scenario plays in: a folder with settings, the daemon, its agents, and a server that obeys the test."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
from typing import NamedTuple

from otlp import Sink
from peer import Peer, health_is, offered_hash, status_is
from rig import Failed, Program, eventually, expect, free_port, is_alive, processes_of, request

AGENTS = pathlib.Path(__file__).resolve().parents[1] / "agents"
GOOD = "instrument: true\n"
QUICK_BATCHES = {"OTEL_BSP_SCHEDULE_DELAY": "100", "OTEL_BLRP_SCHEDULE_DELAY": "100"}  # ms, of spans and log records
LONG = "1h"  # longer than any scenario: what has it as a limit never comes by itself
START_LINE = re.compile(r"^--- opampd: agent started, pid (\d+), config hash ([0-9a-f]+) ---$", re.MULTILINE)


class Programs(NamedTuple):
    bin: pathlib.Path
    peer: pathlib.Path
    jaeger: pathlib.Path = None


class Start(NamedTuple):
    """A start line of agent.log."""
    pid: int
    hash: str


def merged(base, over):
    """Maps merge, None removes."""
    result = dict(base)
    for key, value in over.items():
        both_maps = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both_maps else value
    return {key: value for key, value in result.items() if value is not None}


class EventLog:
    """Events of a log in JSON, read on from where they were read before."""

    def __init__(self):
        self.file, self.rest, self.events = None, b"", []

    def read(self, path):
        """All of them. Another file at that place is read from its beginning."""
        if not self.is_open(path):
            self.close()
            if not path.exists():
                return []
            self.file = path.open("rb")
        *lines, self.rest = (self.rest + self.file.read()).split(b"\n")
        self.events += [json.loads(line.decode(errors="replace")) for line in lines if line.endswith(b"}")]
        return self.events

    def is_open(self, path):
        """While a file is open its number is nobody else's."""
        return self.file and path.exists() and os.path.samestat(path.stat(), os.fstat(self.file.fileno()))

    def close(self):
        if self.file:
            self.file.close()
        self.file, self.rest, self.events = None, b"", []


class Scene:
    def __init__(self, programs, folder):
        self.programs, self.folder = programs, folder
        self.state = folder / "state"
        self.config = folder / "effective.yaml"
        self.daemon_log = folder / "opampd.log"
        self.daemon_output = folder / "opampd.output"
        self.port = free_port()  # of the server, whether there is one or not
        self.service_port = free_port()
        self.peer = self.daemon = None
        self.others = []
        self._log = EventLog()

    # --- settings: quick where time is no part of the promise

    def agent(self, script):
        return str(AGENTS / script)

    def idle(self):
        return {"executable": self.agent("idle.sh")}

    def demo_service(self):
        """Healthy only when it has got its port."""
        return {"executable": str(self.programs.bin / "demo-service"), "args": ["--port", str(self.service_port), "--config", "{config}"],
                "health": self.probe("/healthz")}

    def reloading_demo_service(self):
        """Takes a config by SIGHUP, and shows that it has."""
        confirm = {"url": f"http://127.0.0.1:{self.service_port}/config", "line": "updates:"}
        return self.demo_service() | {"reload": {"signal": "SIGHUP", "confirm": confirm}}

    def wrapped_demo_service(self):
        service = self.demo_service()
        return {**service, "executable": self.agent("wrapper.sh"), "args": [service["executable"], *service["args"]]}

    def probed(self):
        """See tests/agents/probed.py."""
        return {"executable": self.agent("probed.py"), "args": [str(self.service_port)], "health": self.probe("/")}

    def subject(self, **more):
        """See tests/agents/subject.py. Its gate is three good answers."""
        return merged({"executable": self.agent("subject.py"), "args": [str(self.service_port)],
                       "health": self.probe("/") | {"interval": "100ms", "successes": 3}, "config_apply_timeout": "3s"}, more)

    def probe(self, path):
        return {"type": "http", "endpoint": f"http://127.0.0.1:{self.service_port}{path}", "interval": "100ms"}

    def configure(self, agent=None, file="supervisor.yaml", **sections):
        """Writes the settings: those for `agent` and `sections` over the usual ones."""
        usual = {
            "server": {"endpoint": f"ws://127.0.0.1:{self.port}/v1/opamp", "heartbeat_interval": LONG,
                       "reconnect": {"initial_interval": "20ms", "max_interval": "200ms", "throttled_interval": "20ms"}},
            "storage": {"directory": str(self.state)},
            "telemetry": {"logs": {"format": "json", "level": "debug", "outputs": [str(self.daemon_log)]}},
        }
        if "agents" not in sections:
            usual["agent"] = merged({"min_uptime": "50ms", "config_apply_timeout": "20s", "restart": {"initial_backoff": "20ms"}},
                                    agent or self.idle())
        (self.folder / file).write_text(json.dumps(merged(usual, sections), indent=1))

    # --- programs

    def start(self, file="supervisor.yaml", before=(), **environment):
        """The daemon. `before`: a command that runs it, such as unshare."""
        # SCENE marks every process that comes of it, also one that has left the folder.
        everything = {**os.environ, "SCENE": str(self.folder), **QUICK_BATCHES, **environment}
        self.daemon = Program([*before, self.programs.bin / "opampd", "--config", file], cwd=self.folder, log=self.daemon_output,
                              env=everything)
        return self.daemon

    def run(self, *arguments, program="opampd", before=(), limit=30):
        """A run that is expected to end by itself: its CompletedProcess."""
        return subprocess.run([*before, str(self.programs.bin / program), *arguments], cwd=self.folder, capture_output=True, text=True,
                              timeout=limit, stdin=subprocess.DEVNULL, env={**os.environ, "SCENE": str(self.folder)})

    def serve(self):
        self.peer = Peer(self.programs.peer, self.port)
        return self.peer

    def stop_serving(self):
        self.peer.program.end()

    def sink(self, **options):
        """Takes telemetry; see tests/support/otlp.py."""
        sink = Sink(self.programs.peer, **options)
        self.also(sink.program)
        return sink

    def also(self, program):
        """To be cleared up with the scene."""
        self.others.append(program)
        return program

    def begin(self, agent=None, **sections):
        """Server, settings, daemon, and a healthy agent that the server knows of."""
        peer = self.peer or self.serve()
        self.configure(agent, **sections)
        self.start()
        self.wait_for_message("a healthy agent", health_is(True))
        return peer

    def offer(self, yaml, expected="APPLIED"):
        """Offers one entry, waits for its fate, and returns the message that told it."""
        since = self.peer.now()
        self.peer.offer(yaml)
        return self.wait_for_message(expected, status_is(expected, offered_hash(yaml)), since)

    def offer_files(self, files, expected="APPLIED"):
        since = self.peer.now()
        self.peer.offer_files(files)
        return self.wait_for_message(expected, status_is(expected), since)

    def stop(self, signal_number=signal.SIGTERM):
        """The daemon ends as asked, with exit code 0."""
        code = self.daemon.stop(signal_number, limit=30)
        expect(f"opampd ends with exit code 0, not {code}", code == 0)

    def kill(self):
        self.daemon.stop(signal.SIGKILL)

    # --- what is to be seen

    def wait_for(self, what, condition):
        """`eventually`, but a daemon that has ended is told at once."""
        return eventually(what, lambda: self.daemon.runs() and condition(), limit=30)

    def wait_for_message(self, what, fits, since=0):
        return self.wait_for(what, lambda: next((message for message in self.peer.messages(since) if fits(message)), None))

    def events(self, name=None):
        """The daemon's log, or its events of that name."""
        return [event for event in self._log.read(self.daemon_log) if name in (None, event["event"])]

    def wait_for_event(self, name, count=1, **fields):
        """The `count`th event of the name with these fields."""
        def fitting():
            found = [event for event in self.events(name) if all(event.get(key) == value for key, value in fields.items())]
            return found[count - 1] if len(found) >= count else None
        return self.wait_for(f"event {name} {fields or ''} #{count}", fitting)

    def wait_for_phase(self, phase, count=1):
        return self.wait_for_event("agent.phase_changed", count, to=phase)

    def agent_log(self, agent="agent"):
        file = self.state / agent / "agent.log"
        return file.read_text(errors="replace") if file.is_file() else ""

    def starts(self, agent="agent"):
        """Every start of the agent, from the first."""
        return [Start(int(pid), digest) for pid, digest in START_LINE.findall(self.agent_log(agent))]

    def pid(self):
        """Of the agent, as it was started last: the log has it at once."""
        started = self.events("agent.started") or [self.wait_for_event("agent.started")]
        return started[-1]["pid"]

    def wait_for_starts(self, count):
        """Until it has printed so many start lines, and the log, where there is one, has the last of them too: a process prints
        before opampd knows."""
        def enough():
            starts, started = self.starts(), [event["pid"] for event in self.events("agent.started")]
            return len(starts) >= count and (starts[-1].pid in started or not self.events()) and starts
        return self.wait_for(f"start number {count} of the agent", enough)

    def wait_until_healthy(self, count=1):
        """For scenarios without a server."""
        return self.wait_for_event("agent.healthy", count)

    def wait_until_gone(self, pid):
        eventually(f"process {pid} is gone", lambda: not is_alive(pid))

    def ask_service(self):
        return request(self.service_port, "GET", "/healthz")

    def last_messages(self):
        """For the story of a failure."""
        return self.peer.events[-6:] if self.peer else []

    # --- the end

    def processes(self):
        ours = [program.pid for program in (self.peer and self.peer.program, *self.others) if program]
        return {pid: command for pid, command in processes_of(self.folder).items() if pid not in ours}

    def agents(self):
        """The agents' processes: all but opampd and its guard."""
        return {pid: command for pid, command in self.processes().items() if pid != self.daemon.pid and "agent-guard" not in command}

    def nothing_is_left(self):
        """No process of the daemon, its guard or its agents; the guard may need a moment to see the daemon's end."""
        try:
            eventually("no process is left", lambda: not self.processes())
        except Failed:
            raise Failed(f"no process is left: {self.processes()}") from None

    def end_well(self):
        """Part of every scenario."""
        if self.daemon and self.daemon.process.poll() is None:
            self.stop()
        self.nothing_is_left()

    def clear_up(self):
        self._log.close()
        programs = [self.daemon, self.peer and self.peer.program, *self.others]
        for program in filter(None, programs):
            program.end()
        for pid in self.processes():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)

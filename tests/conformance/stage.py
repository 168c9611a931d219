"""What a conformance test plays on: a scene whose server is the fake one."""

import os
import pathlib
import re
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from certificates import Authority  # noqa: E402
from fake_proxy import FakeProxy  # noqa: E402
from fake_server import FakeServer  # noqa: E402
from http_parts import Tls  # noqa: E402
from protocol import APPLIED, config_status, hash_of, is_healthy, remote_config  # noqa: E402
from rig import expect  # noqa: E402
from scene import LONG, Scene, merged  # noqa: E402
from suite import main  # noqa: E402

TRANSPORTS = {"over WebSocket": "ws", "over HTTP": "http"}
SOON = "100ms"  # between two polls where a test waits for one
QUICK = {"restart": {"initial_backoff": "1ms", "max_backoff": "1ms"}}  # for agents that are killed again and again
# ASan else keeps as much freed memory as it is told to: with this, what the daemon has is what it uses.
FRUGAL = {"ASAN_OPTIONS": f"{os.environ.get('ASAN_OPTIONS', '')}:quarantine_size_mb=4:malloc_context_size=2".strip(":")}


class Stage(Scene):
    """`fs`: the server that the settings name. `scheme`: how the agent talks to it."""

    def __init__(self, programs, folder):
        super().__init__(programs, folder)
        self.scheme = "ws"
        self.fs = None
        self.others_to_close = []
        self.sinks = []
        self._authority = None

    def configure(self, agent=None, file="supervisor.yaml", **sections):
        port = self.fs.port if self.fs else self.port
        server = {"endpoint": f"{self.scheme}://127.0.0.1:{port}/v1/opamp", "poll_interval": SOON}
        super().configure(agent, file, **merged({"server": server}, sections))

    def serve(self, **options):
        self.fs = FakeServer(self.port, **options)
        return self.fs

    def another_server(self, **options):
        """To be moved to."""
        server = FakeServer(**options)
        self.others_to_close.append(server)
        return server

    def proxy(self, **options):
        proxy = FakeProxy(**options)
        self.others_to_close.append(proxy)
        return proxy

    def sink(self, **options):
        """All that comes to it has to be OTLP."""
        sink = super().sink(**options)
        self.sinks.append(sink)
        return sink

    def begin(self, agent=None, environment=None, **sections):
        """Server, settings, daemon, and a healthy agent that the server knows of."""
        fs = self.fs or self.serve()
        self.configure(agent, **sections)
        self.start(**(environment or {}))
        self.wait_report("a healthy agent", is_healthy)
        return fs

    def authority(self):
        """The CA of this stage, made when it is first asked for."""
        if self._authority is None:
            self._authority = Authority(self.folder)
        return self._authority

    def tls(self, **options):
        """For a server that the stage's authority vouches for."""
        pair = self.authority().issue(f"server{len(list(self.folder.glob('*.pem')))}")
        return Tls(pair.cert, pair.key, **options)

    def kill_agent(self):
        os.kill(self.pid(), signal.SIGKILL)

    def heal(self):
        """The agent dies, and another takes its place: without any help of the server."""
        starts, healthy = len(self.starts()), len(self.events("agent.healthy"))
        self.kill_agent()
        self.wait_for_starts(starts + 1)
        self.wait_until_healthy(healthy + 1)

    # --- memory

    def resident(self):
        """KiB of the daemon's memory."""
        return next(int(line.split()[1]) for line in open(f"/proc/{self.daemon.pid}/status") if line.startswith("VmRSS"))

    def memory_is_bounded(self, before):
        grown = self.resident() - before
        expect(f"memory is bounded: {grown} KiB more than {before}", grown < 50 * 1024)

    # --- what happens

    def wait_report(self, what, fits=lambda message: True, since=0, fs=None):
        """The message; a daemon that has ended is told at once."""
        fs = fs or self.fs
        return self.wait_for(what, lambda: next((message for message in fs.messages(since) if fits(message)), None))

    def apply(self, yaml, status=APPLIED, config_hash=None):
        """Offers a config and waits for its fate: the message that told it."""
        since, offer = self.fs.now(), remote_config(yaml, config_hash)
        self.fs.push(offer)
        return self.wait_report(f"status {status} of the offer", config_status(status, hash_of(offer)), since)

    def let_probes_pass(self, count):
        """A time that the daemon itself measures: so many probes of `probed`, a tenth of a second apart."""
        probes = self.agent_log().count("probed")
        self.wait_for(f"{count} more probes", lambda: self.agent_log().count("probed") >= probes + count)

    def everything(self, fs=None):
        """A full report, which comes after all that was to be said before."""
        return (fs or self.fs).ask_for_everything(limit=30)

    def state_text(self):
        """Every byte of the state folder, and what its hexadecimal texts stand for."""
        text = b"".join(file.read_bytes() for file in sorted(self.state.rglob("*")) if file.is_file())
        return text + b" ".join(bytes.fromhex(digits.decode()) for digits in re.findall(rb"\b(?:[0-9a-f]{2})+\b", text))

    # --- the end

    def end_well(self):
        super().end_well()
        for sink in self.sinks:
            expect(f"what came is OTLP: {sink.problems()}", not sink.problems())

    def last_messages(self):
        if not self.fs:
            return []
        lines = [f"{report.at:.3f} on {report.connection.number}: {' '.join(str(report.message).split())[:600]}"
                 for report in self.fs.reports[-6:]]
        return lines + [f"TLS failed: {failure}" for failure in self.fs.tls_failures]

    def clear_up(self):
        super().clear_up()
        for one in filter(None, [self.fs, *self.others_to_close]):
            one.close()


def run():
    main(Stage)


__all__ = ["FRUGAL", "LONG", "QUICK", "SOON", "TRANSPORTS", "Stage", "run"]

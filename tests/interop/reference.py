"""A scene whose server is the Go reference library, over any of its transports."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from certificates import Authority  # noqa: E402
from peer import Peer  # noqa: E402
from rig import expect  # noqa: E402
from scene import Scene, merged  # noqa: E402

SCHEMES = {"ws": "ws", "wss": "wss", "http": "http", "https": "https"}
SOON = "100ms"  # between two polls


class ReferenceScene(Scene):
    """`scheme`: how the agent talks to the server that the settings name."""

    def __init__(self, programs, folder):
        super().__init__(programs, folder)
        self.scheme = "ws"
        self.peers = []
        self._authority = None

    def authority(self):
        """The CA of this scene, made when it is first asked for."""
        if self._authority is None:
            self._authority = Authority(self.folder)
        return self._authority

    def configure(self, agent=None, file="supervisor.yaml", **sections):
        server = {"endpoint": url(self.port, self.scheme), "poll_interval": SOON}
        if self.is_secure():
            server["tls"] = {"ca_file": str(self.authority().file)}
        super().configure(agent, file, **merged({"server": server}, sections))

    def is_secure(self, scheme=None):
        return (scheme or self.scheme) in ("wss", "https")

    def serve(self, *flags):
        self.peer = self.another_server(self.scheme, self.port, *flags)
        return self.peer

    def another_server(self, scheme, port=0, *flags):
        if self.is_secure(scheme):
            pair = self.authority().issue(f"server{len(self.peers)}")
            flags = ("--cert", pair.cert, "--key", pair.key, *flags)
        peer = Peer(self.programs.peer, port, *flags)
        self.peers.append(self.also(peer.program) and peer)
        return peer

    def wait_for_word(self, peer, what, fits, since=0):
        """A message at one of several servers; a daemon that has ended is told at once."""
        return self.wait_for(what, lambda: next((message for message in peer.messages(since) if fits(message)), None))

    def end_well(self):
        """Part of every test: the reference library had nothing to object."""
        super().end_well()
        errors = [event["error"] for peer in self.peers for event in peer.events if event["event"] == "error"]
        expect(f"nothing to object: {errors}", not errors)


def url(port, scheme):
    return f"{scheme}://127.0.0.1:{port}/v1/opamp"


def is_websocket(scheme):
    return scheme in ("ws", "wss")

"""What a test of opamp-server plays on: the server, its REST interface, and clients that do what their test says."""

import json
import socket
import uuid

import stage as stage_module  # noqa: F401  (finds tests/support)
import protocol
from fake_client import HttpClient, WsClient
from protocol import fields
from rig import Program, eventually, expect, free_port, request
from scene import Scene
from suite import main

KIB, MIB = 1024, 1024 * 1024
CLIENTS = {"over WebSocket": WsClient, "over HTTP": HttpClient}
BAD_REQUEST, UNAVAILABLE = 1, 2
TAKES_CONFIG = protocol.REPORTS_STATUS | protocol.ACCEPTS_REMOTE_CONFIG | protocol.REPORTS_REMOTE_CONFIG
TAKES_SETTINGS = protocol.REPORTS_STATUS | protocol.ACCEPTS_OPAMP_SETTINGS | protocol.REPORTS_SETTINGS_STATUS
OFFERS = {"remote_config", "connection_settings", "packages_available", "command", "custom_message"}


class ServerStage(Scene):
    """opamp-server, its REST interface, and clients."""

    def __init__(self, programs, folder):
        super().__init__(programs, folder)
        self.page_port, self.clients = free_port(), []

    def serve(self, *flags, state=":memory:", listen=True):
        addresses = ["--opamp-listen", f"127.0.0.1:{self.port}", "--page-listen", f"127.0.0.1:{self.page_port}"] if listen else []
        self.daemon = Program([self.programs.bin / "opamp-server", *addresses, "--state", state, *flags], cwd=self.folder, log=self.daemon_output)
        for port in (self.port, self.page_port) if listen else (4320,):
            eventually("it listens", lambda port=port: self.daemon.runs() and socket.create_connection(("127.0.0.1", port)).close() is None)

    def client(self, kind=WsClient, port=None, **options):
        client = kind(port or self.port, **options)
        self.clients.append(client)
        return client

    def api(self, method, path, body=None, expected=200):
        answer = request(self.page_port, method, f"/api/{path}", json.dumps(body) if body is not None else None,
                         {"Content-Type": "application/json"} if body is not None else None)
        expect(f"{method} {path}: {answer}", answer.status == expected or expected is None)
        return json.loads(answer.text) if answer.text.startswith(("{", "[")) else answer.text

    def set_config(self, agent, files, expected=200):
        return self.api("PUT", f"agents/{uuid.UUID(bytes=agent.uid)}/config", {"files": {name: {"body": body} for name, body in files.items()}}, expected)

    def set_settings(self, agent, settings, expected=200):
        return self.api("PUT", f"agents/{uuid.UUID(bytes=agent.uid)}/connection-settings", settings, expected)

    def agent(self, agent):
        return self.api("GET", f"agents/{uuid.UUID(bytes=agent.uid)}")

    def log(self):
        return self.daemon_output.read_text(errors="replace")

    def last_messages(self):
        return []

    def end_well(self):
        """Clients that read no more leave first: a server that stops waits for their answer to its Close."""
        self.end_clients()
        super().end_well()

    def end_clients(self):
        for client in self.clients:
            client.end()

    def clear_up(self):
        self.end_clients()
        super().clear_up()


def offered(answer):
    return fields(answer) & OFFERS


def run():
    main(ServerStage)

#!/usr/bin/python3
"""The Go reference client, played by tests/interop/client, and opamp-server: what its REST interface tells of each step."""

import json
import pathlib
import sys
import uuid
from dataclasses import dataclass

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import Scripted, text_file  # noqa: E402
from rig import Program, eventually, expect, free_port, request  # noqa: E402
from scene import Scene  # noqa: E402
from suite import main, scenario_for  # noqa: E402

SOON = "100ms"  # between two polls
REPORTS_AND_TAKES = {"ReportsStatus", "AcceptsRemoteConfig", "ReportsEffectiveConfig", "AcceptsRestartCommand", "ReportsHealth",
                     "ReportsRemoteConfig", "ReportsHeartbeat", "AcceptsOpAMPConnectionSettings", "ReportsConnectionSettingsStatus"}


@dataclass(frozen=True)
class Way:
    """How the client talks."""
    scheme: str
    flags: tuple = ()

    def transport(self):
        return "WebSocket" if self.scheme == "ws" else "HTTP"


WAYS = {"over WebSocket": Way("ws"), "over HTTP": Way("http")}
ALL_WAYS = {**WAYS, "over HTTP with gzip": Way("http", ("-compress",)), "over WebSocket, offering to compress": Way("ws", ("-compress",))}


class ReferenceAgent:
    """The Go client: events come in as they happen, commands go out."""

    def __init__(self, program, endpoint, *flags, uid=None):
        self.uid = uid or uuid.uuid4()
        self.program = Scripted([program, "-endpoint", endpoint, "-uid", self.uid.hex, "-interval", SOON, *flags])

    def order(self, **command):
        self.program.order(**command)

    def now(self):
        return len(self.program.events)

    def events(self, kind, since=0):
        return [event for event in self.program.events[since:] if event["event"] == kind]

    def wait_for(self, kind, since=0, fits=lambda event: True):
        return eventually(f"the client tells {kind}",
                          lambda: self.program.runs() and next((event for event in self.events(kind, since) if fits(event)), None))


class ServerScene(Scene):
    """opamp-server, its REST interface, and Go clients."""

    def __init__(self, programs, folder):
        super().__init__(programs, folder)
        self.page_port, self.clients = free_port(), []

    def serve(self, *flags):
        listen = ["--opamp-listen", f"127.0.0.1:{self.port}", "--page-listen", f"127.0.0.1:{self.page_port}"]
        self.daemon = Program([self.programs.bin / "opamp-server", *listen, "--state", self.folder / "server.db", *flags], cwd=self.folder,
                              log=self.daemon_output)
        self.wait_for("the server answers", lambda: self.api("GET", "agents"))

    def connect(self, way, *flags, uid=None):
        endpoint = f"{way.scheme}://127.0.0.1:{self.port}/v1/opamp"
        agent = ReferenceAgent(self.programs.peer.with_name("client"), endpoint, *way.flags, *flags, uid=uid)
        self.clients.append(self.also(agent.program) and agent)
        return agent

    def api(self, method, path, body=None):
        response = request(self.page_port, method, f"/api/{path}", body and json.dumps(body), {"Content-Type": "application/json"})
        expect(f"{method} /api/{path} is answered with success: {response.status} {response.text[:300]}", response.status < 300)
        return json.loads(response.text) if response.text else {}

    def uids(self):
        return {agent["instance_uid"] for agent in self.api("GET", "agents")["agents"]}

    def known(self, agent):
        """All that the server knows of it, or nothing."""
        return self.api("GET", f"agents/{agent.uid}") if str(agent.uid) in self.uids() else None

    def wait_until(self, what, agent, fits):
        """What is known of the agent, once it is so."""
        def fitting():
            known = self.known(agent)
            return known if known and fits(known) else None
        return self.wait_for(what, fitting)

    def set_config(self, agent, body):
        """The config as the client got it."""
        since = agent.now()
        answer = self.api("PUT", f"agents/{agent.uid}/config", {"files": {"main.yaml": text_file(body)}})
        got = agent.wait_for("config", since)
        expect(f"byte for byte, with the hash that the REST interface tells: {got}",
               got["files"] == {"main.yaml": body} and got["hash"] == answer["hash"])
        return got

    def last_messages(self):
        return [json.dumps(event) for client in self.clients for event in client.program.events[-8:]]


def complaints(agent):
    """What the reference library had to object."""
    return [event for kind in ("logged", "server_error", "error", "connect_failed") for event in agent.events(kind)]


@scenario_for(ALL_WAYS)
def the_story_is_told(scene, way):
    scene.serve()
    agent = scene.connect(way)
    it_is_seen(scene, agent, way)
    a_config_is_applied(scene, agent)
    a_config_is_failed(scene, agent)
    its_health_is_seen(scene, agent)
    it_is_told_to_restart(scene, agent)
    custom_messages_do_no_harm(scene, agent)
    settings_are_offered(scene, agent)
    expect(f"the library had nothing to object: {complaints(agent)}", not complaints(agent))
    it_says_goodbye(scene, agent, way)


def it_is_seen(scene, agent, way):
    known = scene.wait_until("a healthy agent", agent, lambda known: known["connected"] and known["healthy"])
    expect(f"over {way.transport()}: {known['transport']}", known["transport"] == way.transport())
    expect("as it describes itself", known["name"] == "reference-agent" and known["version"] == "1.2.3")
    expect(f"with its capabilities: {known['capabilities']}", set(known["capabilities"]) == REPORTS_AND_TAKES)
    expect("and no config", known["config_status"] == "UNSET" and not agent.events("config"))


def a_config_is_applied(scene, agent):
    scene.set_config(agent, "instrument: true\n")
    scene.wait_until("OFFERED", agent, lambda known: known["remote_config"]["status"] == "OFFERED")
    agent.order(applying=True)
    scene.wait_until("APPLYING", agent, lambda known: known["remote_config"]["status"] == "APPLYING")
    agent.order(apply=True)
    applied = scene.wait_until("APPLIED", agent, lambda known: known["remote_config"]["status"] == "APPLIED")
    way = [step["status"] for step in applied["remote_config"]["steps"]]
    expect(f"the way there: {way}", way[-3:] == ["OFFERED", "APPLYING", "APPLIED"])
    scene.wait_until("the effective config", agent,
                     lambda known: (known["effective_config"] or {}).get("files", {}).get("main.yaml", {}).get("body") == "instrument: true\n")
    expect("it was offered once", len(agent.events("config")) == 1)


def a_config_is_failed(scene, agent):
    scene.set_config(agent, "instrument: [true\n")
    agent.order(fail="that is not YAML")
    failed = scene.wait_until("FAILED", agent, lambda known: known["remote_config"]["status"] == "FAILED")
    expect("with the reason", failed["remote_config"]["error_message"] == "that is not YAML")


def its_health_is_seen(scene, agent):
    agent.order(health="out of memory")
    scene.wait_until("an unhealthy agent", agent, lambda known: not known["healthy"] and known["last_error"] == "out of memory")
    agent.order(health="healthy")
    scene.wait_until("a healthy agent again", agent, lambda known: known["healthy"] and not known["last_error"])


def it_is_told_to_restart(scene, agent):
    scene.api("POST", f"agents/{agent.uid}/restart")
    expect("the command", agent.wait_for("command")["command"] == "CommandType_Restart")


def custom_messages_do_no_harm(scene, agent):
    """The server announces no custom capability, and passes over messages."""
    agent.order(custom="com.example.greeting")
    scene.wait_until("what the agent can do", agent, lambda known: known["custom_capabilities"] == ["com.example.greeting"])
    agent.order(health="still here")
    scene.wait_until("it is heard", agent, lambda known: known["connected"] and known["last_error"] == "still here")
    expect("the server claims nothing", not any(event.get("capabilities") for event in agent.events("capabilities")))
    expect("and answers nothing", not agent.events("custom"))
    expect("it was told to restart once", len(agent.events("command")) == 1)


def settings_are_offered(scene, agent):
    endpoint = f"ws://127.0.0.1:{scene.port}/v1/opamp"
    opamp = {"destination_endpoint": endpoint, "headers": {"X-Tenant": "blue"}, "heartbeat_interval_seconds": 1}
    scene.api("PUT", f"agents/{agent.uid}/connection-settings", {"opamp": opamp})
    offered = agent.wait_for("settings")
    expect(f"as they were set: {offered}", offered["endpoint"] == endpoint and offered["headers"] == {"X-Tenant": "blue"})
    scene.wait_until("APPLIED", agent, lambda known: known["connection_settings"]["status"] == "APPLIED")


def it_says_goodbye(scene, agent, way):
    agent.order(stop=True)
    agent.wait_for("stopped")
    if way.scheme == "ws":
        scene.wait_until("it has gone", agent, lambda known: not known["connected"])
    else:  # the library sends no agent_disconnect over HTTP: three poll intervals, 90 s at least, have to tell it
        expect("it is still expected to poll", scene.known(agent)["connected"])


@scenario_for(WAYS)
def a_server_that_was_away_is_found_again(scene, way):
    scene.serve()
    agent = scene.connect(way)
    scene.wait_until("an agent", agent, lambda known: known["connected"])
    scene.set_config(agent, "a: 1\n")
    agent.order(apply=True)
    scene.wait_until("APPLIED", agent, lambda known: known["config_status"] == "APPLIED")
    scene.stop()
    agent.wait_for("connect_failed")
    since = agent.now()
    scene.serve()
    agent.wait_for("connected", since)
    scene.wait_until("it is back, and has its config", agent, lambda known: known["connected"] and known["config_status"] == "APPLIED")
    scene.set_config(agent, "a: 2\n")
    expect("nothing was offered twice", len(agent.events("config")) == 2)


@scenario_for(WAYS)
def two_agents_with_one_instance_uid_are_told_apart(scene, way):
    scene.serve()
    first = scene.connect(way)
    scene.wait_until("the first", first, lambda known: known["connected"] and known["sequence_num"] >= 2)
    second = scene.connect(way, uid=first.uid)
    told = eventually("one of them is told another", lambda: first.events("identification") or second.events("identification"))
    new = str(uuid.UUID(hex=told[0]["uid"]))
    scene.wait_for("both are known", lambda: scene.uids() == {str(first.uid), new})


@scenario_for({f"{kind}, {case}": (way, line, header) for case, way in WAYS.items() for kind, line, header in (
    ("a bearer token", "token-of-the-fleet", "Bearer token-of-the-fleet"), ("a password", "fleet:secret", "Basic ZmxlZXQ6c2VjcmV0"))})
def who_has_no_token_gets_401(scene, way, line, header):
    tokens = scene.folder / "tokens"
    tokens.write_text(f"{line}\n")
    scene.serve("--token-file", tokens)
    for flags in ((), ("-authorization", "Bearer something-else")):
        stranger = scene.connect(way, *flags)
        refused = eventually("it is refused", lambda: [event for event in complaints(stranger) if "401" in event["error"]])
        expect(f"with 401: {refused}", refused and not stranger.events("connected"))
    agent = scene.connect(way, "-authorization", header)
    scene.wait_until("who has it is let in", agent, lambda known: known["connected"])
    scene.set_config(agent, "a: 1\n")
    expect("and nobody else", scene.uids() == {str(agent.uid)})
    expect("secrets are not in the log", not any(word in scene.daemon_output.read_text() for word in (line, "something-else", header)))


if __name__ == "__main__":
    main(ServerScene)

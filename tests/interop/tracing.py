"""A real Jaeger with its storage in a process of its own, both agents of one opampd that the bundled server configures; traces sent
to it by OTLP, and what its query API says of them."""

import json
import pathlib
import secrets
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from bundled import bundled_server, known, set_config  # noqa: E402
from ctl import asked, await_answers  # noqa: E402
from rig import expect, free_port, request  # noqa: E402
from scene import LONG, Scene, merged  # noqa: E402

STORAGE, JAEGER = "storage", "jaeger"  # the agents' names; the server knows them by their programs'
PROGRAMS = {STORAGE: "jaeger-remote-storage", JAEGER: "jaeger-all-in-one"}


class JaegerScene(Scene):
    """Every port is the scene's own: where suites have no network to themselves, Jaeger's usual ones may be taken."""

    def __init__(self, programs, folder):
        super().__init__(programs, folder)
        self.otlp_port, self.query_port, self.storage_port = free_port(), free_port(), free_port()
        self.page = None

    # --- what the two are given

    def preset(self, name, preset, **more):
        """The first crash is followed by a start at once, the second by none within any scenario."""
        (self.folder / name).mkdir()
        settings = {"preset": preset, "executable": str(self.programs.jaeger / PROGRAMS[name]), "working_directory": str(self.folder / name),
                    "parameters": {"admin": here(free_port())}, "health": {"interval": "100ms"}, "restart": {"initial_backoff": LONG, "max_backoff": LONG}}
        return merged(settings, more)

    def storage_config(self):
        """On the disk before it counts as written: a kill loses nothing."""
        return {"grpc": at(self.storage_port),
                "badger": {"ephemeral": False, "consistency": True,
                           "directory-key": str(self.folder / "badger/keys"), "directory-value": str(self.folder / "badger/values")}}

    def jaeger_config(self):
        return {"grpc-storage": {"server": here(self.storage_port)},
                "collector": {"otlp": {"http": at(self.otlp_port), "grpc": somewhere()}, "grpc-server": somewhere(), "http-server": somewhere()},
                "query": {"http-server": at(self.query_port), "grpc-server": somewhere()},
                "processor": {name: {"server-host-port": here(free_port())} for name in ("jaeger-compact", "jaeger-binary", "zipkin-compact")},
                "http-server": somewhere()}

    # --- their life

    def begin_tracing(self, **more_agents):
        """Both run, healthy, with what the server gave them, and Jaeger reaches its storage."""
        self.page = bundled_server(self)
        self.configure(agents={STORAGE: self.preset(STORAGE, "jaeger-remote-storage"),
                               JAEGER: self.preset(JAEGER, "jaeger", parameters={"storage": "grpc"}), **more_agents})
        self.start()
        await_answers(self)
        self.offer_to(STORAGE, self.storage_config())
        self.offer_to(JAEGER, self.jaeger_config())
        self.wait_for_status(STORAGE, "APPLIED")
        self.wait_for_status(JAEGER, "APPLIED")
        self.wait_for("Jaeger reaches its storage", lambda: request(self.query_port, "GET", "/api/services").status == 200)

    def at_the_server(self, name):
        return next((agent for agent in known(self.page) if agent["name"] == PROGRAMS[name]), None)

    def offer_to(self, name, config):
        agent = self.wait_for(f"the server knows {name}", lambda: self.at_the_server(name))
        set_config(self.page, agent["instance_uid"], json.dumps(config))

    def wait_for_status(self, name, expected):
        """Of the config that was offered last; with APPLIED comes health."""
        def fits():
            agent = self.at_the_server(name)
            return agent["config_status"] == expected and (agent["healthy"] or expected != "APPLIED") and agent
        return self.wait_for(f"{name} has {expected}", fits)

    def process(self, name):
        """As opampctl tells it."""
        return next(agent for agent in asked(self, "status")["agents"] if agent["name"] == name)

    def pid_of(self, name):
        return self.process(name)["pid"]

    def last_messages(self):
        """And what the two said last."""
        logs = [line for name in PROGRAMS for line in self.agent_log(name).splitlines()[-5:]]
        return (known(self.page) if self.page else []) + logs

    # --- traces

    def post(self, parents, service="shop"):
        """A trace by OTLP/HTTP; its ID."""
        trace_id = secrets.token_hex(16)
        answer = request(self.otlp_port, "POST", "/v1/traces", json.dumps(otlp_json(trace_id, parents, service)), {"Content-Type": "application/json"})
        expect(f"Jaeger takes the trace: {answer}", answer.status == 200)
        return trace_id

    def trace(self, trace_id):
        """By the query API; nothing while it has none."""
        answer = request(self.query_port, "GET", f"/api/traces/{trace_id}")
        return json.loads(answer.text)["data"][0] if answer.status == 200 else None

    def traces_of(self, service):
        answer = request(self.query_port, "GET", f"/api/traces?service={service}&limit=1000")
        return json.loads(answer.text)["data"] if answer.status == 200 else []

    def wait_for_trace(self, trace_id, parents):
        """It is there, whole and connected."""
        return self.wait_for(f"trace {trace_id}", lambda: (lambda found: found and parents_in(found) == parents and found)(self.trace(trace_id)))


def here(port):
    return f"127.0.0.1:{port}"


def at(port):
    return {"host-port": here(port)}


def somewhere():
    return at(free_port())


def otlp_json(trace_id, parents, service):
    """`parents`: from each span's name to its parent's, None for the root."""
    ids = {name: secrets.token_hex(8) for name in parents}
    now = time.time_ns()
    spans = [{"traceId": trace_id, "spanId": ids[name], "parentSpanId": ids.get(parent, ""), "name": name, "kind": 1 if parent else 2,
              "startTimeUnixNano": str(now), "endTimeUnixNano": str(now + 1_000_000)} for name, parent in parents.items()]
    return {"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]},
                               "scopeSpans": [{"spans": spans}]}]}


def parents_in(trace):
    """{span's name: its parent's}, None for a root, of a trace of the query API. A parent that is not there is told by its ID."""
    names = {span["spanID"]: span["operationName"] for span in trace["spans"]}
    expect(f"names tell the spans apart: {sorted(names.values())}", len(set(names.values())) == len(trace["spans"]))
    return {span["operationName"]: parent_of(span, names) for span in trace["spans"]}


def parent_of(span, names):
    references = [reference["spanID"] for reference in span["references"] if reference["refType"] == "CHILD_OF"]
    return names.get(references[0], f"missing {references[0]}") if references else None

"""A real Jaeger with its storage in a process of its own, and a service: all agents of one opampd that the bundled server configures.
Traces go to that Jaeger, also opampd's own, and its query API tells what came of them."""

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

STORAGE, JAEGER, SHOP = "storage", "jaeger", "shop"  # the agents' names; the server and Jaeger know them by their programs'
POSTED = "posted"  # the service whose traces a test posts itself
PROGRAMS = {STORAGE: "jaeger-remote-storage", JAEGER: "jaeger-all-in-one", SHOP: "demo-service"}


class JaegerScene(Scene):
    """Every port is the scene's own: where suites have no network to themselves, Jaeger's usual ones may be taken."""

    def __init__(self, programs, folder):
        super().__init__(programs, folder)
        self.otlp_port, self.query_port, self.storage_port = free_port(), free_port(), free_port()
        self.page = self.tree_seen = None

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

    def shop_config(self, **more):
        return {"instrument": True, "exporter": {"otlp": {"endpoint": f"http://{here(self.otlp_port)}"}}, **more}

    # --- their life

    def begin_tracing(self):
        """All are healthy with what the server gave them, and Jaeger reaches its storage."""
        self.page = bundled_server(self)
        self.configure(telemetry={"traces": {"endpoint": f"http://{here(self.otlp_port)}/v1/traces"}},
                       agents={STORAGE: self.preset(STORAGE, "jaeger-remote-storage"),
                               JAEGER: self.preset(JAEGER, "jaeger", parameters={"storage": "grpc"}),
                               SHOP: self.demo_service()})
        self.start()
        await_answers(self)
        for name in (STORAGE, JAEGER):  # neither runs without a config: once that is seen, there is nothing to stop for the first
            self.wait_for_event("agent.phase_changed", 2, agent=name, to="backing_off")
        self.take(STORAGE, self.storage_config())
        self.take(JAEGER, self.jaeger_config())
        self.wait_for("Jaeger reaches its storage", lambda: request(self.query_port, "GET", "/api/services").status == 200)
        self.take(SHOP, self.shop_config())

    def take(self, name, config):
        self.offer_to(name, config)
        self.wait_for_status(name, "APPLIED")

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
        """And what the agents said last; this is asked when all have ended."""
        logs = [line for name in PROGRAMS for line in self.agent_log(name).splitlines()[-5:]]
        return [f"the tree seen last: {self.tree_seen}", *logs]

    # --- traces

    def post(self, parents):
        """A trace by OTLP/HTTP, from each span's name to its parent's, None for the root; its ID."""
        trace_id = secrets.token_hex(16)
        ids = {name: secrets.token_hex(8) for name in parents}
        self.post_spans(trace_id, ids, parents)
        return trace_id

    def post_spans(self, trace_id, ids, parents):
        now = time.time_ns()
        spans = [{"traceId": trace_id, "spanId": ids[name], "parentSpanId": ids.get(parent, ""), "name": name, "kind": 1 if parent else 2,
                  "startTimeUnixNano": str(now), "endTimeUnixNano": str(now + 1_000_000)} for name, parent in parents.items()]
        body = {"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": POSTED}}]},
                                   "scopeSpans": [{"spans": spans}]}]}
        answer = request(self.otlp_port, "POST", "/v1/traces", json.dumps(body), {"Content-Type": "application/json"})
        expect(f"Jaeger takes the trace: {answer}", answer.status == 200)

    def visit_shop(self):
        """A request as a part of a trace that began elsewhere; its ID."""
        trace_id, ids = secrets.token_hex(16), {"visit": secrets.token_hex(8)}
        self.post_spans(trace_id, ids, {"visit": None})
        answer = request(self.service_port, "GET", "/", headers={"traceparent": f"00-{trace_id}-{ids['visit']}-01"})
        expect(f"the shop answers: {answer}", answer.status == 200)
        return trace_id

    def trace(self, trace_id):
        """By the query API; nothing while it has none."""
        answer = request(self.query_port, "GET", f"/api/traces/{trace_id}")
        return json.loads(answer.text)["data"][0] if answer.status == 200 else None

    def traces_of(self, service):
        answer = request(self.query_port, "GET", f"/api/traces?service={service}&limit=1000")
        return json.loads(answer.text)["data"] if answer.status == 200 else []

    def wait_for_tree(self, trace_id, tree):
        """It is there, whole and connected."""
        def found():
            trace = self.trace(trace_id)
            self.tree_seen = trace and tree_of(trace)
            return self.tree_seen == tree
        self.wait_for(f"trace {trace_id} is {tree}", found)

    def wait_for_rollout(self, name):
        """The trace of how the agent got its present config; its ID."""
        offered = self.process(name)["remote_config"]["hash"]
        def found():
            return next((trace["traceID"] for trace in self.traces_of(PROGRAMS[name]) if tag(trace, "opamp.remote_config.hash") == offered), None)
        return self.wait_for(f"the rollout of {offered}", found)


def here(port):
    return f"127.0.0.1:{port}"


def at(port):
    return {"host-port": here(port)}


def somewhere():
    return at(free_port())


def tree_from(parents):
    """Of {name: its parent's}."""
    return sorted((name, parent or "") for name, parent in parents.items())


def tree_of(trace):
    """(span's name, its parent's) of each span; no name for a root's. A parent that is not there is told by its ID."""
    names = {span["spanID"]: span["operationName"] for span in trace["spans"]}
    return sorted((span["operationName"], parent_of(span, names)) for span in trace["spans"])


def parent_of(span, names):
    references = [reference["spanID"] for reference in span["references"] if reference["refType"] == "CHILD_OF"]
    return names.get(references[0], f"missing {references[0]}") if references else ""


def tag(trace, key):
    """The first one of that name."""
    return next((tag["value"] for span in trace["spans"] for tag in span["tags"] if tag["key"] == key), None)

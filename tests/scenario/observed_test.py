#!/usr/bin/python3
"""opamp-server as the backend of what it manages: opampd tells of its rollouts, the service of its requests, and both change live."""

import json
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from bundled import bundled_server  # noqa: E402
from rig import expect, request  # noqa: E402
from suite import main, scenario  # noqa: E402


class Backend:
    """The server's REST interface."""

    def __init__(self, scene):
        self.scene, self.page = scene, bundled_server(scene)

    def call(self, method, path, body=None):
        answer = request(self.page, method, f"/api/{path}", None if body is None else json.dumps(body))
        expect(f"{method} {path}: {answer}", answer.status == 200)
        return json.loads(answer.text)

    def agent(self):
        found = self.call("GET", "agents")["agents"]
        return self.call("GET", f"agents/{found[0]['instance_uid']}") if found else None

    def destination(self, signal_name):
        return f"http://127.0.0.1:{self.scene.port}/v1/{signal_name}"

    def offer_itself(self, uid):
        self.offer(uid, self.destination)

    def offer(self, uid, endpoint):
        offers = {f"own_{name}": {"destination_endpoint": endpoint(name)} for name in ("traces", "metrics", "logs")}
        self.call("PATCH", f"agents/{uid}/connection-settings", offers)
        self.scene.wait_for("the destinations are APPLIED", lambda: self.agent()["connection_settings"]["status"] == "APPLIED")

    def set_config(self, uid, text, expected="APPLIED"):
        self.call("PUT", f"agents/{uid}/config", {"files": {"": {"body": text}}})
        self.scene.wait_for(expected, lambda: self.agent()["remote_config"]["status"] == expected)

    def trace(self, name, uid=None, fits=lambda trace: True):
        """The newest of that name, once it fits; whole."""
        def found():
            path = f"agents/{uid}/traces" if uid else "traces"
            for line in self.call("GET", f"{path}?limit=200")["traces"]:
                if line["name"] == name:
                    trace = self.call("GET", f"traces/{line['trace_id']}")
                    return trace if fits(trace) else None
            return None
        return self.scene.wait_for(f"a trace '{name}'", found)


def begin(scene):
    backend = Backend(scene)
    scene.configure(scene.reloading_demo_service())
    scene.start()
    agent = scene.wait_for("a healthy agent", lambda: (lambda agent: agent if agent and agent["healthy"] else None)(backend.agent()))
    return backend, agent["instance_uid"]


def config(backend, sampler):
    return (f"instrument: true\nsampler: {json.dumps(sampler)}\n"
            f'exporter: {{console: false, otlp: {{endpoint: "http://127.0.0.1:{backend.scene.port}"}}}}\n')


def is_one_tree(trace):
    ids = {span["span_id"] for span in trace["spans"]}
    return sum(span["parent_id"] not in ids for span in trace["spans"]) == 1


@scenario
def rollout_is_one_tree_with_its_events(scene):
    backend, uid = begin(scene)
    backend.offer_itself(uid)
    backend.set_config(uid, config(backend, "always_on"))
    trace = backend.trace("rollout", uid, lambda trace: any(span["name"] == "rollout" for span in trace["spans"]) and trace["log_records"])
    expect(f"one tree of some steps: {[span['name'] for span in trace['spans']]}", is_one_tree(trace) and len(trace["spans"]) > 4)
    scene.wait_for("its end is an event", lambda: any(record["event_name"] == "config.applied" and record["trace_id"] == trace["trace_id"]
                                                      for record in backend.call("GET", f"agents/{uid}/log-records")["log_records"]))
    scene.wait_for("metrics of the agent", lambda: backend.call("GET", f"agents/{uid}/metrics")["metrics"])
    backend.set_config(uid, "broken: [\n", "FAILED")
    backend.trace("rollout", uid, lambda trace: any(span["status"] == "error" for span in trace["spans"]))


@scenario
def requests_of_the_service_are_traced_as_its_config_says(scene):
    backend, uid = begin(scene)
    pid = scene.pid()
    backend.set_config(uid, config(backend, "always_on"))

    def ask():
        request(scene.service_port, "GET", "/")

    def count():
        return sum(line["name"] == "GET /" for line in backend.call("GET", "traces?limit=500")["traces"])
    for _ in range(5):
        ask()
    scene.wait_for("five requests are five traces", lambda: count() == 5)
    backend.set_config(uid, config(backend, "always_off"))
    for _ in range(5):
        ask()
    backend.set_config(uid, config(backend, "always_on"))
    ask()
    scene.wait_for("none of those, and the one after", lambda: count() == 6)
    expect("the service was not restarted", scene.pid() == pid)


@scenario
def sampler_of_the_daemon_is_changed_by_a_message(scene):
    backend, uid = begin(scene)
    backend.offer_itself(uid)

    def set_sampler(text, expected):
        backend.call("POST", f"agents/{uid}/sampler", {"sampler": text})
        answer = scene.wait_for("an answer", lambda: backend.agent()["sampler"])["text"]
        expect(f"{text}: {answer}", answer.startswith(expected))
    set_sampler("always_off", "always_off")
    backend.set_config(uid, "instrument: true\n")
    set_sampler("sometimes", "error: ")
    set_sampler("always_on", "always_on")
    backend.set_config(uid, "instrument: false\n")
    backend.trace("rollout", uid, is_one_tree)
    names = [line["name"] for line in backend.call("GET", f"agents/{uid}/traces")["traces"]]
    expect(f"the first rollout left no trace: {names}", names.count("rollout") == 1)


@scenario
def destinations_are_taken_back(scene):
    backend, uid = begin(scene)
    backend.offer_itself(uid)
    backend.offer(uid, lambda name: "")
    backend.set_config(uid, "instrument: true\n")
    backend.offer_itself(uid)
    backend.set_config(uid, "instrument: false\n")
    backend.trace("rollout", uid, is_one_tree)
    names = [line["name"] for line in backend.call("GET", f"agents/{uid}/traces")["traces"]]
    expect(f"the first rollout left no trace: {names}", names.count("rollout") == 1)


@scenario
def telemetry_outlives_a_killed_server(scene):
    backend, uid = begin(scene)
    backend.offer_itself(uid)
    backend.set_config(uid, config(backend, "always_on"))
    trace = backend.trace("rollout", uid, is_one_tree)
    scene.others[-1].stop(signal.SIGKILL)
    again = Backend(scene)
    expect("the trace is still there", again.call("GET", f"traces/{trace['trace_id']}")["spans"])
    scene.wait_for("the agent is back", lambda: again.agent()["connected"])
    again.set_config(uid, config(again, "always_off"))
    scene.wait_for("and telemetry flows on", lambda: [line["name"] for line in again.call("GET", f"agents/{uid}/traces")["traces"]].count("rollout") == 2)


if __name__ == "__main__":
    main()

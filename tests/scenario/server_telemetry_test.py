#!/usr/bin/python3
"""opamp-server as an OTLP backend: it keeps what it is sent, within its bounds, and whatever is sent harms nobody."""

import concurrent.futures
import gzip
import os
import pathlib
import sys
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))
from server_stage import run  # noqa: E402  (finds tests/support)
import otlp_client as otlp  # noqa: E402
from fake_client import FakeAgent  # noqa: E402
from otlp_client import export, gauges, logs, post, traces  # noqa: E402
from rig import expect  # noqa: E402
from suite import scenario, scenario_for  # noqa: E402
from wire import part  # noqa: E402

MIB = 1024 * 1024
UID = str(uuid.UUID(int=7 << 64))


def simple_trace(number, instance=UID):
    return traces(os.urandom(16), [(1, 0, f"trace {number}", 0, 5, {}, None), (2, 1, "child", 1, 2, {"k": "v"}, None)], instance=instance)


def resident(server):
    """MiB."""
    pages = int(pathlib.Path(f"/proc/{server.daemon.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


@scenario
def what_is_sent_is_shown_after_a_restart_too(server):
    server.serve(state=server.folder / "server.db")
    trace_id = bytes(range(1, 17))
    export(server.port, "traces", traces(trace_id, [(1, 0, "rollout", 0, 30, {"config.hash": "ab"}, None), (2, 1, "stage", 1, 9, {}, "no space")],
                                         service="opampd", instance=UID))
    export(server.port, "traces", traces(trace_id, [(3, 2, "request", 2, 3, {}, None)], instance="not a uuid"))
    export(server.port, "logs", logs([(time.time_ns(), 17, "agent.exited", "died", {"pid": "5"}, trace_id, otlp.span_id(2))], UID))
    export(server.port, "metrics", gauges({"process.uptime": (2.5, "s")}, UID))
    for _ in range(2):
        whole = server.api("GET", f"traces/{trace_id.hex()}")
        expect(f"one tree of two services: {whole}", [(span["name"], span["service"]) for span in whole["spans"]] == [
            ("rollout", "opampd"), ("stage", "opampd"), ("request", "demo-service")])
        expect("with its record", whole["log_records"][0]["event_name"] == "agent.exited")
        line = server.api("GET", f"agents/{UID}/traces")["traces"][0]
        expect(f"in the agent's list: {line}", (line["name"], line["spans"], line["errors"]) == ("rollout", 3, 1))
        expect("records", server.api("GET", f"agents/{UID}/log-records?severity=17")["log_records"][0]["attributes"] == {"pid": "5"})
        expect("metrics", server.api("GET", f"agents/{UID}/metrics")["metrics"][0]["value"] == 2.5)
        server.stop()
        server.serve(state=server.folder / "server.db")


@scenario
def the_oldest_traces_go_first(server):
    server.serve("--telemetry-max-spans", "100", "--telemetry-max-log-records", "10", state=server.folder / "server.db")
    for number in range(80):
        export(server.port, "traces", simple_trace(number))
    export(server.port, "logs", logs([(time.time_ns() + at, 9, f"event {at}", "", {}, b"", b"") for at in range(50)], UID))
    names = [trace["name"] for trace in server.api("GET", "traces?limit=200")["traces"]]
    expect(f"fifty traces of two spans: {names}", names == [f"trace {number}" for number in range(79, 29, -1)])
    events = [record["event_name"] for record in server.api("GET", f"agents/{UID}/log-records?limit=100")["log_records"]]
    expect(f"ten records: {events}", events == [f"event {at}" for at in range(49, 39, -1)])


@scenario
def many_senders_at_once_lose_nothing(server):
    server.serve(state=server.folder / "server.db")
    bodies = [traces(os.urandom(16), [(span, 0, "x", 0, 1, {}, None) for span in range(1, 101)], instance=UID).SerializeToString() for _ in range(100)]

    def send(body):
        while True:  # as an exporter does
            status, headers, _ = post(server.port, "traces", gzip.compress(body, 1), Content_Encoding="gzip")
            if status == 200:
                return
            expect(f"to come again, not {status}", status == 503 and headers["Retry-After"])
            time.sleep(0.02)

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(send, bodies + bodies))  # each of them twice
    expect("each once", server.api("GET", "telemetry")["spans"] == 10000)


def tiny_spans():
    """A million spans of no byte."""
    many = b"\x12\x00" * MIB
    return part(1, part(2, many))


def one_span(change):
    request = traces(os.urandom(16), [(1, 0, "x", 0, 1, {}, None)])
    change(request.resource_spans[0].scope_spans[0].spans[0])
    return request.SerializeToString()


def nested(span):
    value = span.attributes.add(key="k").value
    for _ in range(45):
        value = value.array_value.values.add()


def nested_too_deep():
    """By hand: Python's own protobuf has a limit too."""
    value = b""
    for _ in range(10000):
        value = part(5, part(1, value))
    whole = otlp.pb.ExportTraceServiceRequest.FromString(one_span(lambda span: None))
    span = whole.resource_spans[0].scope_spans[0].spans[0].SerializeToString()
    return part(1, part(2, part(2, span + part(9, part(1, "k") + part(2, value)))))


HOSTILE = {
    "a million empty spans": (tiny_spans, MIB),
    "values nested as deep as they may be": (lambda: one_span(nested), 0),
    "values nested deeper than that": (nested_too_deep, 1),
    "an attribute of eight MiB": (lambda: one_span(lambda span: otlp.set_texts(span.attributes, {"k": "x" * 8 * MIB})), 1),
    "a hundred thousand empty attributes": (lambda: one_span(lambda span: [span.attributes.add() for _ in range(100_000)]), 0),
    "a name of markup, and control characters": (lambda: one_span(lambda span: setattr(span, "name", "<script>\0\x1b[31m")), 0),
    "times of other ages": (lambda: one_span(lambda span: setattr(span, "start_time_unix_nano", 2**64 - 1)), 1),
    "a span that is its own parent": (lambda: one_span(lambda span: setattr(span, "parent_span_id", span.span_id)), 0),
}


@scenario_for(HOSTILE)
def hostile_telemetry_is_survived(server, make, rejected):
    server.serve(state=server.folder / "server.db")
    export(server.port, "traces", simple_trace(0))
    before = resident(server)
    body = make()
    for _ in range(3):
        status, _, answer = post(server.port, "traces", body)
        expect(f"taken, not {status}: {answer}", status == 200)
        expect(f"{rejected} rejected: {answer[:200]}", otlp.pb.ExportServiceResponse.FromString(answer).partial_success.rejected == rejected)
    limit = 64 + 4 * len(body) / MIB
    expect(f"memory is bounded: {before:.0f} MiB, {resident(server):.0f} MiB", resident(server) < before + limit)
    for trace in server.api("GET", "traces")["traces"]:
        server.api("GET", f"traces/{trace['trace_id']}")


@scenario
def agents_are_answered_while_telemetry_floods_in(server):
    server.serve(state=server.folder / "server.db")
    client, agent = server.client(), FakeAgent()
    client.ask(agent.full())
    body = traces(os.urandom(16), [(span, 0, "x" * 100, 0, 1, {}, None) for span in range(1, 5000)]).SerializeToString()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        floods = [pool.submit(post, server.port, "traces", body) for _ in range(8)]
        waits = []
        while not all(flood.done() for flood in floods):
            began = time.monotonic()
            client.ask(agent.message())
            waits.append(time.monotonic() - began)
        expect(f"all were answered: {[flood.result()[0] for flood in floods]}", {flood.result()[0] for flood in floods} <= {200, 503})
    expect(f"an agent is answered while it lasts: {len(waits)} times", len(waits) > 3)
    expect(f"an agent waits {max(waits):.2f} s at most", max(waits) < 5)


if __name__ == "__main__":
    run()

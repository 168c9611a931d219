#!/usr/bin/python3
"""The OTLP receiver of our tests: what it takes, what it refuses, how it misbehaves. The bytes are made by hand."""

import gzip
import http.client
import pathlib
import ssl
import struct
import sys
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from certificates import Authority  # noqa: E402
from rig import eventually, expect  # noqa: E402
from suite import main, scenario, scenario_for  # noqa: E402
from wire import fixed, integer, pair, part  # noqa: E402

TRACE, SPAN, PARENT = bytes(range(1, 17)), bytes(range(1, 9)), bytes(range(21, 29))
PROTOBUF = {"Content-Type": "application/x-protobuf"}

HOST = part(1, pair(1, "host.name", part(1, "one")))
SCOPE = part(1, part(1, "opampd") + part(2, "1.0"))


def request_of(*items):
    """The numbers of the fields are alike in all three signals."""
    return part(1, HOST + part(2, SCOPE + b"".join(part(2, item) for item in items)))


def span(name="config.stage", span_id=SPAN, parent=b"", more=b""):
    return (part(1, TRACE) + part(2, span_id) + (part(4, parent) if parent else b"") + part(5, name) + integer(6, 2)
            + fixed(7, 1_700_000_000_000_000_001) + fixed(8, 1_700_000_000_000_000_009) + more)


def log_record(event_name):
    return fixed(1, 5) + integer(2, 9) + part(12, event_name)


# --- sending ----------------------------------------------------------------------------------------------------------------


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def send(sink, body, path="/v1/traces", method="POST", headers=None, context=None):
    kind = http.client.HTTPSConnection if context else http.client.HTTPConnection
    connection = kind("127.0.0.1", sink.port, timeout=10, **({"context": context} if context else {}))
    try:
        connection.request(method, path, body=body, headers=PROTOBUF if headers is None else headers)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def is_accepted(answer, body=b""):
    expect(f"it is taken: {answer}", answer.status == 200 and answer.body == body)
    expect("and answered in protobuf", answer.headers["Content-Type"] == "application/x-protobuf")


def expect_same(what, found, wanted):
    """Of `wanted`, no more."""
    expect(f"{what}: {found}", {key: found.get(key) for key in wanted} == wanted)


# --- what it takes ----------------------------------------------------------------------------------------------------------


@scenario_for({"plain": ("", lambda body: body), "gzip": ("gzip", gzip.compress)})
def a_span_is_read_as_it_was_written(scene, encoding, encode):
    sink = scene.sink()
    values = (pair(9, "text", part(1, "é")) + pair(9, "flag", integer(2, 1)) + pair(9, "pid", integer(3, 2**64 - 7))
              + pair(9, "share", fixed(4, 0.5)) + pair(9, "list", part(5, part(1, part(1, "a")) + part(1, integer(3, 2))))
              + pair(9, "map", part(6, pair(1, "k", part(7, b"\xff")))) + pair(9, "none", b""))
    event = part(11, fixed(1, 5) + part(2, "exception") + pair(3, "exception.message", part(1, "no")))
    link = part(13, part(1, TRACE) + part(2, PARENT))
    status = part(15, part(2, "it failed") + integer(3, 2))
    body = encode(request_of(span(parent=PARENT, more=values + event + link + status)))
    is_accepted(send(sink, body, headers={**PROTOBUF, "Content-Encoding": encoding, "X-Tenant": "blue"}))
    expect(f"no problems: {sink.problems()}", not sink.problems())
    expect_same("the span", sink.spans("config.stage")[0], {
        "kind": "server", "trace_id": TRACE.hex(), "span_id": SPAN.hex(), "parent_span_id": PARENT.hex(), "scope": "opampd",
        "start": 1_700_000_000_000_000_001, "end": 1_700_000_000_000_000_009, "status": "error", "status_message": "it failed",
        "attributes": {"text": "é", "flag": True, "pid": -7, "share": 0.5, "list": ["a", 2], "map": {"k": b"\xff"}, "none": None},
        "events": [{"name": "exception", "time": 5, "attributes": {"exception.message": "no"}}],
        "links": [{"trace_id": TRACE.hex(), "span_id": PARENT.hex(), "trace_state": "", "flags": 0, "attributes": {}}],
        "resource": {"host.name": "one"}})
    one, = sink.requests("traces")
    expect_same("the request", one, {"path": "/v1/traces", "content_encoding": encoding, "status": 200, "bytes": len(body),
                                     "client_cert": "", "problems": []})
    expect("its headers", one["headers"]["x-tenant"] == "blue")


@scenario
def metrics_are_read_as_they_were_written(scene):
    sink = scene.sink()
    times = fixed(2, 1) + fixed(3, 2)
    total = part(1, "agent.restarts") + part(3, "{restart}") + part(7, part(1, times + fixed(6, 3) + pair(7, "reason", part(1, "crash")))
                                                                    + integer(2, 2) + integer(3, 1))
    usage = part(1, "process.cpu.utilization") + part(3, "1") + part(5, part(1, times + fixed(4, 0.25)))
    probes = part(1, "probe.duration") + part(3, "s") + part(9, part(1, times + fixed(4, 3) + fixed(5, 1.5)
                                                                 + part(6, struct.pack("<2Q", 1, 2)) + part(7, struct.pack("<d", 0.1)))
                                                          + integer(2, 1))
    is_accepted(send(sink, request_of(total, usage, probes), "/v1/metrics"))
    expect(f"no problems: {sink.problems()}", not sink.problems())
    found = sink.metrics()
    expect_same("the sum", found["agent.restarts"][0], {
        "type": "sum", "unit": "{restart}", "temporality": "cumulative", "monotonic": True, "value": 3, "attributes": {"reason": "crash"},
        "start": 1, "time": 2, "resource": {"host.name": "one"}})
    expect_same("the gauge", found["process.cpu.utilization"][0], {"type": "gauge", "value": 0.25})
    expect_same("the histogram", found["probe.duration"][0], {
        "type": "histogram", "temporality": "delta", "count": 3, "sum": 1.5, "buckets": [1, 2], "bounds": [0.1]})
    expect_same("they are counted", sink.counts()["signals"]["metrics"], {"requests": 1, "accepted": 1, "items": 3})


@scenario
def log_records_are_read_as_they_were_written(scene):
    sink = scene.sink()
    record = (fixed(1, 5) + integer(2, 13) + part(3, "warning") + part(5, part(1, "the agent has ended")) + pair(6, "pid", integer(3, 7))
              + part(9, TRACE) + part(10, SPAN) + fixed(11, 6) + part(12, "agent.exited"))
    is_accepted(send(sink, request_of(record), "/v1/logs"))
    expect(f"no problems: {sink.problems()}", not sink.problems())
    expect_same("the record", sink.logs("agent.exited")[0], {
        "severity": "warn", "severity_text": "warning", "body": "the agent has ended", "attributes": {"pid": 7}, "time": 5, "observed": 6,
        "trace_id": TRACE.hex(), "span_id": SPAN.hex(), "resource": {"host.name": "one"}})


@scenario
def spans_are_shown_as_a_tree(scene):
    sink = scene.sink()
    child = span("config.stage", PARENT, SPAN)
    elsewhere = span("agent.stop", b"elsewher", b"unknown!")
    is_accepted(send(sink, request_of(child, elsewhere, span("config.rollout", SPAN))))
    expect_same("the tree", sink.tree(TRACE.hex()), {"config.rollout": None, "config.stage": "config.rollout",
                                                    "agent.stop": b"unknown!".hex()})


@scenario
def what_was_sent_twice_is_told(scene):
    sink = scene.sink()
    for body in (request_of(span(), span(span_id=PARENT)), request_of(span()), request_of(span())):
        is_accepted(send(sink, body))
    expect_same("the identifiers", sink.counts()["span_ids"], {"distinct": 2, "repeated": 1, "untold": 0})
    expect_same("the requests", sink.counts()["signals"]["traces"], {"requests": 3, "accepted": 3, "items": 4})


@scenario
def what_is_forgotten_is_gone(scene):
    sink = scene.sink()
    is_accepted(send(sink, request_of(span(name=""))))
    expect("something is there", sink.spans() and sink.problems())
    sink.forget()
    expect("nothing is", not sink.requests() and not sink.problems() and sink.counts()["span_ids"]["distinct"] == 0)
    is_accepted(send(sink, request_of(span("later"))))
    expect("but what comes later", [one["name"] for one in sink.spans()] == ["later"])


@scenario
def a_path_may_be_given_a_signal(scene):
    sink = scene.sink()
    expect("it ends so", sink.url_of("/a//b", "logs").endswith("/a//b"))
    is_accepted(send(sink, request_of(log_record("agent.started")), "/a//b?x=1"))
    expect_same("the request", sink.requests("logs")[0], {"path": "/a//b?x=1", "status": 200})


# --- what it does not -------------------------------------------------------------------------------------------------------


@scenario_for({
    "an unknown path": (404, "no signal", {"path": "/v1/profiles"}),
    "another method": (405, "PUT", {"method": "PUT"}),
    "another type": (415, "application/json", {"headers": {"Content-Type": "application/json"}}),
    "another encoding": (415, "zstd", {"headers": {**PROTOBUF, "Content-Encoding": "zstd"}}),
    "no gzip": (400, "gzip", {"headers": {**PROTOBUF, "Content-Encoding": "gzip"}}),
    "half a gzip": (400, "unexpected EOF", {"headers": {**PROTOBUF, "Content-Encoding": "gzip"},
                                            "body": gzip.compress(request_of(span()))[:-9]}),
    "half a message": (400, "proto", {"body": request_of(span())[:-1]}),
    "text that is not UTF-8": (400, "UTF-8", {"body": request_of(span("\udcff".encode(errors="surrogateescape")))}),
})
def a_wrong_request_is_refused(scene, status, words, changes):
    sink = scene.sink()
    answer = send(sink, **{"body": request_of(span()), **changes})
    expect(f"it is refused: {answer}", answer.status == status)
    expect(f"with a google.rpc.Status: {answer.body}", answer.body.startswith(integer(1, 3) + b"\x12") and words.encode() in answer.body)
    expect(f"and told: {sink.problems()}", len(sink.problems()) == 1 and words in sink.problems()[0])
    expect("nothing is taken", not sink.spans() and sink.requests()[0]["status"] == status)


@scenario_for({
    "an unknown field": ("4 bytes are no field of Span", span(more=part(99, "x"))),
    "a zero span_id": ("span_id is zero", span(span_id=bytes(8))),
    "a key twice": ("attribute 'a' is there twice", span(more=pair(9, "a", b"") * 2)),
})
def a_violation_of_the_data_model_is_told(scene, words, broken):
    """All others: the tests of the program itself."""
    sink = scene.sink()
    is_accepted(send(sink, request_of(span(span_id=PARENT), broken)))
    expect(f"what and where: {sink.problems()}", len(sink.problems()) == 1 and f"spans[1]: {words}" in sink.problems()[0])
    expect("at the request too", len(sink.requests()[0]["problems"]) == 1)


# --- how it misbehaves ------------------------------------------------------------------------------------------------------


@scenario
def errors_come_as_often_as_ordered(scene):
    sink, body = scene.sink(), request_of(span())
    sink.behave(status=503, retry_after="7", times=2, signal="traces", message="busy")
    sink.behave(status=429)
    for _ in range(2):
        answer = send(sink, body)
        expect(f"503: {answer}", answer.status == 503 and answer.headers["Retry-After"] == "7")
        expect("as a google.rpc.Status", answer.body == integer(1, 14) + part(2, "busy"))
    expect("then the next", send(sink, body).status == 429)
    is_accepted(send(sink, body))
    expect("each is known", [one["status"] for one in sink.requests()] == [503, 503, 429, 200])
    expect("the span came once", len(sink.spans()) == 1 and sink.counts()["span_ids"] == {"distinct": 1, "repeated": 0, "untold": 0})
    expect(f"none of it is a problem of the sender: {sink.problems()}", not sink.problems())


@scenario
def another_signal_is_left_alone(scene):
    sink = scene.sink()
    sink.behave(status=500, times=-1, signal="logs")
    is_accepted(send(sink, request_of(span())))
    record = request_of(log_record("agent.started"))
    expect("until further notice", all(send(sink, record, "/v1/logs").status == 500 for _ in range(3)))
    sink.behave_well()
    is_accepted(send(sink, record, "/v1/logs"))


@scenario
def a_success_may_be_partial(scene):
    sink = scene.sink()
    sink.behave(partial={"rejected": 3, "message": "too many"})
    is_accepted(send(sink, request_of(span())), part(1, integer(1, 3) + part(2, "too many")))
    expect_same("it is counted", sink.counts()["signals"]["traces"], {"accepted": 1, "items": 1, "rejected": 3})


@scenario
def a_connection_may_be_closed_without_an_answer(scene):
    sink = scene.sink()
    sink.behave(close=True)
    try:
        expect(f"no answer: {send(sink, request_of(span()))}", False)
    except http.client.RemoteDisconnected:
        pass
    expect("nothing is taken", not sink.spans() and sink.requests()[0]["status"] == 0)


@scenario
def an_answer_may_be_late(scene):
    sink = scene.sink()
    sink.behave(delay_ms=3_600_000)
    connection = http.client.HTTPConnection("127.0.0.1", sink.port)
    connection.request("POST", "/v1/traces", body=request_of(span()), headers=PROTOBUF)
    eventually("it has come", sink.requests)
    expect("and waits", sink.requests()[0]["status"] is None and not sink.spans())
    connection.close()
    eventually("whoever gives up gets no answer", lambda: sink.requests()[0]["status"] == 0)


# --- TLS --------------------------------------------------------------------------------------------------------------------


def context_for(authority, client=None):
    context = ssl.create_default_context(cafile=str(authority.file))
    if client:
        context.load_cert_chain(client.cert, client.key)
    return context


@scenario_for({"required": False, "optional": True})
def a_client_certificate_is_known_by_its_name(scene, optional):
    authority = Authority(scene.folder)
    sink = scene.sink(cert=authority.issue("server"), client_ca=authority.file, client_optional=optional)
    expect("https", sink.url("traces") == f"https://127.0.0.1:{sink.port}/v1/traces")
    is_accepted(send(sink, request_of(span()), context=context_for(authority, authority.issue("agent-seven", "DNS:agent-seven"))))
    names = ["agent-seven"]
    if optional:
        is_accepted(send(sink, request_of(span()), context=context_for(authority)))
        names.append("")
    else:
        try:
            expect(f"no answer: {send(sink, request_of(span()), context=context_for(authority))}", False)
        except (OSError, http.client.RemoteDisconnected):
            pass
        eventually("the refusal is told", sink.tls_failures)
    expect("the names", [one["client_cert"] for one in sink.requests()] == names)


if __name__ == "__main__":
    main()

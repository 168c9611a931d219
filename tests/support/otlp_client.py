"""OTLP's messages in Python, from our own proto file, and short ways to say what a test wants to send."""

import http.client
import pathlib
import sys
import time

_programs = next(sys.argv[index + 1] for index, word in enumerate(sys.argv[:-1]) if word == "--bin")
sys.path.insert(0, str(pathlib.Path(_programs).absolute().parent / "python/otlp/v1"))  # CMake makes it there
import otlp_pb2 as pb  # noqa: E402

PROTOBUF = "application/x-protobuf"
MS = 1_000_000  # nanoseconds


def set_texts(attributes, texts):
    for key, value in texts.items():
        attributes.add(key=key).value.string_value = value


def _resource(group, service, instance, more):
    set_texts(group.resource.attributes, {"service.name": service, **({"service.instance.id": instance} if instance else {}), **(more or {})})


def span_id(number):
    return number.to_bytes(8, "big")


def traces(trace_id, spans, service="demo-service", instance="", began=None, more=None):
    """`spans`: (number, parent's number or 0, name, from ms, to ms, {attributes}, error or nothing)."""
    request = pb.ExportTraceServiceRequest()
    group = request.resource_spans.add()
    _resource(group, service, instance, more)
    scope = group.scope_spans.add()
    began = began or time.time_ns()
    for number, parent, name, start, end, attributes, error in spans:
        span = scope.spans.add(trace_id=trace_id, span_id=span_id(number), name=name, kind=1,
                               start_time_unix_nano=began + int(start * MS), end_time_unix_nano=began + int(end * MS))
        if parent:
            span.parent_span_id = span_id(parent)
        set_texts(span.attributes, attributes)
        if error:
            span.status.code, span.status.message = 2, error
    return request


def logs(records, instance, service="opampd"):
    """`records`: (time in ns, severity number, event name, body, {attributes}, trace id, span id)."""
    request = pb.ExportLogsServiceRequest()
    group = request.resource_logs.add()
    _resource(group, service, instance, None)
    scope = group.scope_logs.add()
    for at, severity, event, body, attributes, trace_id, span in records:
        record = scope.log_records.add(time_unix_nano=at, severity_number=severity, event_name=event, trace_id=trace_id, span_id=span)
        record.body.string_value = body
        set_texts(record.attributes, attributes)
    return request


def gauges(values, instance, service="opampd"):
    """`values`: {name: (value, unit)}."""
    request = pb.ExportMetricsServiceRequest()
    group = request.resource_metrics.add()
    _resource(group, service, instance, None)
    scope = group.scope_metrics.add()
    for name, (value, unit) in values.items():
        scope.metrics.add(name=name, unit=unit).gauge.data_points.add(as_double=value, time_unix_nano=time.time_ns())
    return request


def post(port, signal, body, **headers):
    """The answer: (status, headers, body). `body`: a message or bytes; `headers`: with _ for -."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    sent = {"Content-Type": PROTOBUF, **{name.replace("_", "-"): value for name, value in headers.items()}}
    try:
        connection.request("POST", f"/v1/{signal}", body if isinstance(body, bytes) else body.SerializeToString(), sent)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def export(port, signal, message):
    """Sends it, and it is taken whole."""
    status, _, body = post(port, signal, message)
    if status != 200 or body:
        raise AssertionError(f"{signal}: {status} {body!r}")

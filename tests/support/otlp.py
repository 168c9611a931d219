"""An OTLP/HTTP receiver that is not ours, and what it has received: tests/interop/otlp_sink."""

import base64
import json

from peer import Scripted
from rig import Failed, eventually, expect, request


class Sink:
    """Telemetry comes in as it is sent. `peer`: the program that it stands beside; `cert`: a Pair, and TLS is spoken; `client_ca`:
    a file, and clients have to present a certificate of it, or may if `client_optional`."""

    def __init__(self, peer, port=0, cert=None, client_ca=None, client_optional=False):
        flags = ["--cert", cert.cert, "--key", cert.key] if cert else []
        flags += ["--client-ca", client_ca] if client_ca else []
        flags += ["--client-optional"] if client_optional else []
        self.program = Scripted([peer.parent / "otlp-sink", "--listen", f"127.0.0.1:{port}", *flags])
        self.events = self.program.events
        first = eventually("the sink listens", lambda: self.program.runs() and self.events)[0]
        self.port, self.control_port = first["port"], first["control_port"]
        self.scheme = "https" if cert else "http"
        self._known, self._before = [], 0

    @property
    def base_url(self):
        """What `telemetry.endpoint` wants."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def url(self, signal):
        return f"{self.base_url}/v1/{signal}"

    def url_of(self, path, signal):
        """A path that does not tell its signal."""
        self._ask("POST", "/_paths", {path: signal})
        return f"{self.base_url}{path}"

    def tls_failures(self):
        return [event["error"] for event in self.events if event["event"] == "tls_failed"]

    # --- how it treats exports

    def behave(self, **behaviour):
        """The next export is answered otherwise: status=503, retry_after="1", message="…", partial={"rejected": 3, "message": "…"},
        delay_ms=0, close=True; times=2 (-1: until further notice), signal="traces" (else any). Those ordered first come first."""
        self._ask("POST", "/_behave", behaviour)

    def behave_well(self):
        """No more of it."""
        self._ask("POST", "/_behave", {"clear": True})

    def forget(self):
        self._before = self._ask("POST", "/_forget", {})["last"]
        self._known = []

    # --- what came

    def requests(self, signal=None):
        """All of them, also those that were refused: signal, path, headers (names in lower case), content_encoding, client_cert, peer,
        at_unix_nano, status (0: the connection was closed instead; None: not answered yet), bytes, problems, body."""
        # What is known and answered is not asked for again.
        settled = next((i for i, one in enumerate(self._known) if one["status"] is None), len(self._known))
        after = self._known[settled - 1]["number"] if settled else self._before
        answer = self._ask("GET", f"/_received?after={after}")
        fresh = answer["requests"]
        expect("the sink still has all requests (after so many use counts())", len(fresh) == answer["last"] - after)
        self._known[settled:] = fresh
        return [one for one in self._known if signal in (None, one["signal"])]

    def spans(self, name=None):
        """Those that were answered with a success, in the order in which they came."""
        return [_span(one, where) for where, one in self._items("traces", "resource_spans", "scope_spans", "spans", name=name)]

    def metrics(self, name=None):
        """{name: its data points}, likewise."""
        found = {}
        for where, metric in self._items("metrics", "resource_metrics", "scope_metrics", "metrics", name=name):
            found.setdefault(metric["name"], []).extend(_points(metric, where))
        return found

    def points(self, name):
        """Of one metric."""
        return self.metrics(name).get(name, [])

    def logs(self, event_name=None):
        """Likewise."""
        return [_log_record(one, where) for where, one in
                self._items("logs", "resource_logs", "scope_logs", "log_records", event_name=event_name)]

    def tree(self, trace_id):
        """{name of a span: its parent's name}; None for a root, and the parent's identifier where that span is not there."""
        spans = [span for span in self.spans() if span["trace_id"] == trace_id]
        names = {span["span_id"]: span["name"] for span in spans}
        tree = {}
        for span in spans:
            parent = names.get(span["parent_span_id"], span["parent_span_id"] or None)
            expect(f"spans named {span['name']} have one parent", tree.setdefault(span["name"], parent) == parent)
        return tree

    def counts(self):
        """Of everything, however much: signals → traces, metrics, logs → requests, accepted, items (of accepted requests), rejected;
        span_ids → distinct, repeated, untold; problems → count, first."""
        return self._ask("GET", "/_count")

    def problems(self):
        """Each violation of OTLP, in words."""
        found = self.counts()["problems"]
        more = found["count"] - len(found["first"])
        return found["first"] + ([f"and {more} more"] if more else [])

    # --- how it is asked

    def _ask(self, method, target, order=None):
        answer = request(self.control_port, method, target, body=None if order is None else json.dumps(order), limit=60)
        if answer.status != 200:
            raise Failed(f"the sink refuses {method} {target}: {answer.text.strip()}")
        return json.loads(answer.text)

    def _items(self, signal, *levels, **wanted):
        """(where it was, it) for each of the innermost; `wanted`: the field that says which, and its value, or None for all."""
        of_resource, of_scope, items = levels
        (field, value), = wanted.items()
        for one in self.requests(signal):
            if one["body"] is None or one["status"] not in range(200, 300):
                continue
            for resource in one["body"].get(of_resource, []):
                for scope in resource.get(of_scope, []):
                    found = [item for item in scope.get(items, []) if value in (None, item.get(field, ""))]
                    if not found:
                        continue
                    where = {"resource": _attributes(resource.get("resource", {})), "scope": scope.get("scope", {}).get("name", ""),
                             "scope_version": scope.get("scope", {}).get("version", ""), "request": one["number"]}
                    for item in found:
                        yield where, item


# --- protobuf's JSON as plain values ---------------------------------------------------------------------------------------


def _value(any_value):
    kind, value = next(iter(any_value.items()), (None, None))
    match kind:
        case "int_value":
            return int(value)
        case "double_value":
            return float(value)
        case "bytes_value":
            return base64.b64decode(value)
        case "array_value":
            return [_value(element) for element in value.get("values", [])]
        case "kvlist_value":
            return _pairs(value.get("values", []))
    return value


def _pairs(pairs):
    return {pair.get("key", ""): _value(pair.get("value", {})) for pair in pairs}


def _attributes(of):
    return _pairs(of.get("attributes", []))


def _enum(value, prefix):
    """SPAN_KIND_SERVER: server."""
    return str(value).removeprefix(prefix).lower()


def _nanoseconds(of, name):
    return int(of.get(name, 0))


def _span(span, where):
    status = span.get("status", {})
    return {"name": span.get("name", ""), "kind": _enum(span.get("kind", "unspecified"), "SPAN_KIND_"),
            "trace_id": span.get("trace_id", ""), "span_id": span.get("span_id", ""), "parent_span_id": span.get("parent_span_id", ""),
            "trace_state": span.get("trace_state", ""), "flags": span.get("flags", 0),
            "start": _nanoseconds(span, "start_time_unix_nano"), "end": _nanoseconds(span, "end_time_unix_nano"),
            "status": _enum(status.get("code", "unset"), "STATUS_CODE_"), "status_message": status.get("message", ""),
            "attributes": _attributes(span), "events": [_span_event(event) for event in span.get("events", [])],
            "links": [{"trace_id": link.get("trace_id", ""), "span_id": link.get("span_id", ""),
                       "trace_state": link.get("trace_state", ""), "flags": link.get("flags", 0), "attributes": _attributes(link)}
                      for link in span.get("links", [])], **where}


def _span_event(event):
    return {"name": event.get("name", ""), "time": _nanoseconds(event, "time_unix_nano"), "attributes": _attributes(event)}


def _log_record(record, where):
    return {"severity": _enum(record.get("severity_number", "unspecified"), "SEVERITY_NUMBER_"),
            "severity_text": record.get("severity_text", ""), "body": _value(record.get("body", {})),
            "event_name": record.get("event_name", ""), "attributes": _attributes(record), "flags": record.get("flags", 0),
            "trace_id": record.get("trace_id", ""), "span_id": record.get("span_id", ""),
            "time": _nanoseconds(record, "time_unix_nano"), "observed": _nanoseconds(record, "observed_time_unix_nano"), **where}


def _points(metric, where):
    kind = next((kind for kind in ("gauge", "sum", "histogram", "exponential_histogram", "summary") if kind in metric), None)
    data = metric.get(kind, {})
    about = {"type": kind, "unit": metric.get("unit", ""), "description": metric.get("description", ""),
             "temporality": _enum(data.get("aggregation_temporality", ""), "AGGREGATION_TEMPORALITY_"),
             "monotonic": data.get("is_monotonic", False), **where}
    return [{**about, "attributes": _attributes(point), "start": _nanoseconds(point, "start_time_unix_nano"),
             "time": _nanoseconds(point, "time_unix_nano"), **_measured(point)} for point in data.get("data_points", [])]


def _measured(point):
    """Of a number its value; of a histogram sum, count, buckets and bounds. What is not there is None."""
    if "as_int" in point:
        return {"value": int(point["as_int"])}
    if "as_double" in point:
        return {"value": float(point["as_double"])}
    return {"value": None, "sum": float(point["sum"]) if "sum" in point else None, "count": int(point.get("count", 0)),
            "min": point.get("min"), "max": point.get("max"), "buckets": [int(count) for count in point.get("bucket_counts", [])],
            "bounds": point.get("explicit_bounds", [])}

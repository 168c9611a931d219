#!/usr/bin/python3
"""Group TLM: where own telemetry goes to, and what it says. What is in the settings of these connections: tlm_tls_test.py."""

import socket

import stage as stage_module  # noqa: F401  (finds tests/support)
import telemetry
from protocol import (APPLIED, APPLYING, REPORTS_OWN_LOGS, REPORTS_OWN_METRICS, REPORTS_OWN_TRACES, REPORTS_SETTINGS_STATUS, S2A, attributes,
                      is_full, is_healthy, pb, settings_offer, settings_status, uid_of)
from rig import expect, free_port
from stage import LONG, TRANSPORTS, run
from suite import conformance
from telemetry import SIGNALS, accept, bare, begin, goes_on, is_told, refuse, to

BITS = {"traces": REPORTS_OWN_TRACES, "metrics": REPORTS_OWN_METRICS, "logs": REPORTS_OWN_LOGS}


# --- where to


@conformance("[TLM-1] [TLM-4] [TLM-5] [TLM-9] telemetry goes to the offered destinations, also while offers are silent", TRANSPORTS)
def destinations(stage, scheme):
    stage.scheme = scheme
    fs = begin(stage)
    sink = stage.sink()
    since = fs.now()
    accept(stage, **to(sink))
    goes_on(stage, sink)
    for signal in SIGNALS:
        for one in sink.requests(signal):
            expect(f"a POST of protobuf: {one}", one["headers"]["content-type"] == "application/x-protobuf" and one["path"] == f"/v1/{signal}")
    bare(stage)
    goes_on(stage, sink)
    statuses = [message.connection_settings_status.status for message in fs.messages(since) if message.HasField("connection_settings_status")]
    expect(f"one answer, with a step before it perhaps: {statuses}", statuses[-1] == APPLIED and set(statuses[:-1]) <= {APPLYING, APPLIED})


@conformance("[TLM-2] [TLM-9] a destination is a whole URL, and each signal has its own")
def whole_url(stage):
    begin(stage)
    where = {signal: stage.sink() for signal in SIGNALS}
    paths = {"traces": "/a/b", "metrics": "/v2/intake//points?tenant=7&v=1%2F2", "logs": "/logs/"}
    offer = {f"own_{signal}": {"destination_endpoint": sink.url_of(paths[signal].partition("?")[0], signal) +
                               "".join(paths[signal].partition("?")[1:])} for signal, sink in where.items()}
    accept(stage, **offer)
    is_told(stage, where)
    for signal, sink in where.items():
        seen = {(one["signal"], one["path"]) for one in sink.requests()}
        expect(f"nothing is added, and nothing else comes: {seen}", seen == {(signal, paths[signal])})


@conformance("[TLM-2] [TLM-5] a destination that is none is FAILED, and the one before stays", {
    "no URL": "nowhere", "a WebSocket": "ws://127.0.0.1:1/v1/traces", "a port of none": "http://127.0.0.1:99999/"})
def no_url(stage, url):
    begin(stage)
    sink = stage.sink()
    accept(stage, b"1", **to(sink))
    failed = refuse(stage, b"2", own_metrics=to(sink)["own_metrics"], own_traces={"destination_endpoint": url})
    error = failed.connection_settings_status.error_message
    expect(f"it says which: {error}", error.startswith("own_traces: "))
    goes_on(stage, sink)


@conformance("[TLM-4] an offer of one signal leaves the others where they are", {signal: signal for signal in SIGNALS})
def one_signal(stage, signal):
    begin(stage)
    first, second = stage.sink(), stage.sink()
    accept(stage, b"1", **to(first))
    accept(stage, b"2", **to(second, signal))
    is_told(stage, {one: second if one == signal else first for one in SIGNALS})
    expect("no other", {one["signal"] for one in second.requests()} == {signal})


@conformance("[TLM-4] offers that come one upon the other all count")
def offers_in_a_row(stage):
    fs = begin(stage)
    where = {signal: stage.sink() for signal in SIGNALS}
    since = fs.now()
    for number, (signal, sink) in enumerate(where.items()):
        fs.push(settings_offer(b"%d" % number, **to(sink, signal)))
    stage.wait_report("the last is answered", settings_status(APPLIED, b"2"), since)
    is_told(stage, where)


@conformance("[TLM-4] [TLM-5] a destination with an empty URL is none, and the settings file's is used again")
def taken_away(stage):
    local = stage.sink()
    begin(stage, telemetry={"traces": {"endpoint": local.url("traces")}})
    goes_on(stage, local, "traces")
    offered = stage.sink()
    accept(stage, b"1", **to(offered))
    is_told(stage, {signal: offered for signal in SIGNALS})
    accept(stage, b"2", own_traces={"destination_endpoint": ""}, own_metrics={"destination_endpoint": ""})
    _, of_config = is_told(stage, {"traces": local, "logs": offered})
    expect("not to the one that was taken away", telemetry.root_of(offered, of_config) is None)
    metrics = telemetry.accepted(offered, "metrics")
    stage.stop()  # which sends the last ones, where there is somewhere to send them
    expect("and no metrics any more", telemetry.accepted(offered, "metrics") == metrics)


@conformance("[TLM-1] [TLM-4] a daemon that was killed goes on with what it had accepted", TRANSPORTS)
def restarted(stage, scheme):
    stage.scheme = scheme
    fs = begin(stage)
    sink = stage.sink()
    accept(stage, **to(sink))
    goes_on(stage, sink)
    stage.kill()
    since = fs.now()
    stage.start()
    stage.wait_report("a healthy agent", is_healthy, since)
    full = stage.everything()
    expect(f"it still tells what was accepted: {full}", settings_status(APPLIED, b"telemetry")(full))
    goes_on(stage, sink)


@conformance("[TLM-1] [TLM-5] a receiver that is not there yet is accepted, and has all when it comes", TRANSPORTS)
def not_there_yet(stage, scheme):
    stage.scheme = scheme
    begin(stage)
    port = free_port()
    accept(stage, **{f"own_{signal}": {"destination_endpoint": f"http://127.0.0.1:{port}/v1/{signal}"} for signal in SIGNALS})
    stage.wait_for_event("own_telemetry.unreachable", 3)
    of_config = stage.apply("instrument: true\n").remote_config_status.last_remote_config_hash.hex()
    stage.wait_for_event("telemetry.export_failed", signal="traces")
    sink = stage.sink(port=port)
    stage.wait_for("what waited", lambda: telemetry.root_of(sink, of_config) and telemetry.is_logged(sink, of_config))
    stage.wait_for("metrics too", lambda: telemetry.accepted(sink, "metrics"))
    expect("nothing comes twice", sink.counts()["span_ids"]["repeated"] == 0)


# --- the status


def silent_server(stage):
    """Connections to it are made, and nothing is ever said on them."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    stage.others_to_close.append(listener)
    return listener


@conformance("[TLM-5] while a destination is being tried, the offer is APPLYING; then it has its answer", TRANSPORTS)
def applying(stage, scheme):
    stage.scheme = scheme
    fs = begin(stage, telemetry={"timeout": "1s"})
    expect("it is announced", fs.messages()[0].capabilities & REPORTS_SETTINGS_STATUS)
    since, port = fs.now(), silent_server(stage).getsockname()[1]
    fs.push(settings_offer(b"slow", own_metrics={"destination_endpoint": f"https://127.0.0.1:{port}/v1/metrics"}))
    stage.wait_report("APPLYING", settings_status(APPLYING, b"slow"), since)
    stage.apply("instrument: true\n")
    stage.wait_report("APPLIED: it may come", settings_status(APPLIED, b"slow"), since)


@conformance("[TLM-5] an offer that was being tried when the daemon was killed is tried again", TRANSPORTS)
def killed_while_applying(stage, scheme):
    stage.scheme = scheme
    fs = begin(stage, telemetry={"timeout": LONG})
    since, listener = fs.now(), silent_server(stage)
    port = listener.getsockname()[1]
    fs.push(settings_offer(b"slow", own_metrics={"destination_endpoint": f"http://127.0.0.1:{port}/v1/metrics", "proxy": {
        "url": f"https://127.0.0.1:{port}"}}, **to(stage.sink(), "traces")))
    stage.wait_report("APPLYING", settings_status(APPLYING, b"slow"), since)
    stage.kill()
    listener.close()
    since = fs.now()
    stage.start()
    stage.wait_report("APPLIED", settings_status(APPLIED, b"slow"), since)


@conformance("[TLM-5] without the capability nothing is said of offers, and they count")
def no_status(stage):
    fs = begin(stage, capabilities={"reports_connection_settings_status": False})
    sink = stage.sink()
    fs.push(settings_offer(b"1", **to(sink)))
    goes_on(stage, sink)
    stage.everything()
    expect("nothing", not any(message.HasField("connection_settings_status") for message in fs.messages()))


@conformance("[TLM-5] the same offer again is no news")
def repeated(stage):
    fs = begin(stage)
    sink = stage.sink()
    accept(stage, **to(sink))
    since = fs.now()
    for _ in range(3):
        fs.push(settings_offer(b"telemetry", **to(sink)))
    bare(stage)
    expect("nothing is said, but in full reports", not any(message.HasField("connection_settings_status") and not is_full(message)
                                                           for message in fs.messages(since)))
    goes_on(stage, sink)


# --- each signal for itself


@conformance("[TLM-14] a signal that was not announced has no destination", {signal: signal for signal in SIGNALS})
def one_bit_off(stage, off):
    fs = begin(stage, capabilities={f"reports_own_{off}": False})
    capabilities = fs.messages()[0].capabilities
    for signal, bit in BITS.items():
        expect(f"{signal}: {capabilities:#x}", bool(capabilities & bit) == (signal != off))
    sink = stage.sink()
    accept(stage, **to(sink))
    others = [signal for signal in SIGNALS if signal != off]
    goes_on(stage, sink, *others)
    stage.stop()
    expect("nothing of it", {one["signal"] for one in sink.requests()} == set(others))


@conformance("[TLM-14] a signal that is not announced any more has none, though one was accepted", {signal: signal for signal in SIGNALS})
def bit_taken_away(stage, off):
    fs = begin(stage)
    sink = stage.sink()
    accept(stage, **to(sink))
    goes_on(stage, sink)
    stage.stop()
    sink.forget()
    since = fs.now()
    stage.configure(capabilities={f"reports_own_{off}": False}, telemetry={"metrics": {"interval": telemetry.OFTEN}})
    stage.start()
    stage.wait_report("a healthy agent", is_healthy, since)
    others = [signal for signal in SIGNALS if signal != off]
    goes_on(stage, sink, *others)
    stage.stop()
    expect("nothing of it", {one["signal"] for one in sink.requests()} == set(others))


@conformance("[TLM-14] without any of them, offers have no effect")
def all_bits_off(stage):
    fs = begin(stage, capabilities={f"reports_own_{signal}": False for signal in SIGNALS})
    sink = stage.sink()
    fs.push(settings_offer(b"1", **to(sink)))
    stage.apply("instrument: true\n")
    stage.stop()
    expect("nothing came", not sink.requests())
    expect("nothing is said", not any(message.HasField("connection_settings_status") for message in fs.messages()))


# --- whose it is


DESCRIPTION = {"description": {"identifying_attributes": {"service.namespace": "shop", "service.version": "1.2"},
                               "non_identifying_attributes": {"deployment.environment.name": "test", "note": "é"}}}


def described(message):
    """(identifying, others)"""
    return attributes(message.agent_description.identifying_attributes), attributes(message.agent_description.non_identifying_attributes)


@conformance("[TLM-10] [TLM-11] the resource is the agent as it is described to the server, of every signal and after a new uid", {
    "its own": {}, "with attributes for telemetry alone": {"resource": {"team": "blue"}},
    "with other values of the same attributes": {"resource": {"service.name": "other", "host.name": "elsewhere", "team": "blue"}}})
def resource(stage, more):
    fs = begin(stage, {**stage.idle(), **DESCRIPTION}, telemetry=more)
    sink = stage.sink()
    accept(stage, **to(sink))
    goes_on(stage, sink)
    check_resource(stage.everything(), sink, more)
    new = "0196a4e5-7cf0-7d5a-8d4e-0123456789ab"
    since = fs.now()
    fs.push(S2A(agent_identification=pb.AgentIdentification(new_instance_uid=uid_of(new))))
    stage.wait_report("the new uid", lambda message: message.instance_uid == uid_of(new), since)
    stage.everything()
    goes_on(stage, sink)  # what was recorded before may still come with the new one
    sink.forget()
    goes_on(stage, sink)
    full = stage.everything()
    expect("the new uid is in it", described(full)[0]["service.instance.id"] == new)
    check_resource(full, sink, more)


def check_resource(full, sink, more):
    identifying, others = described(full)
    told = {"traces": sink.spans(), "logs": sink.logs(), "metrics": [point for points in sink.metrics().values() for point in points]}
    for signal, records in told.items():
        expect(f"there are {signal}", records)
        for record in records:
            found = record["resource"]
            expect(f"{signal}, identifying: {found}", {key: found.get(key) for key in identifying} == identifying)
            expect(f"{signal}, others: {found}", {key: found.get(key) for key in others} == others)
            expect(f"{signal}, from the settings: {found}", found.get("team") == more.get("resource", {}).get("team"))
            expect(f"the scope: {record['scope']}", record["scope"] == "opampd" and record["scope_version"])


if __name__ == "__main__":
    run()

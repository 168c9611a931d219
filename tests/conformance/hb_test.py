#!/usr/bin/python3
"""Group HB: signs of life. Intervals are told by what comes, and by what cannot have come; never by how late it came."""

import stage as stage_module  # noqa: F401  (finds tests/support)
from http_parts import Reply
from protocol import APPLIED, HEAD, REPORTS_HEARTBEAT, fields, parts, settings_offer, settings_status
from rig import expect
from scene import LONG
from stage import run
from suite import conformance

SETTINGS = {"accepts_opamp_connection_settings": True}


def expect_none_too_soon(reports, interval):
    """All together, because a busy machine reads one late and the next in time."""
    taken = reports[-1].at - reports[0].at
    expect(f"{len(reports)} messages in {taken} s", taken > 0.7 * interval * (len(reports) - 1))


def offer_interval(stage, seconds, offer_hash=b"interval"):
    """The settings that are in use, with another interval."""
    since = stage.fs.now()
    endpoint = f"{stage.scheme}://127.0.0.1:{stage.fs.port}/v1/opamp"
    stage.fs.push(settings_offer(offer_hash, opamp={"destination_endpoint": endpoint, "heartbeat_interval_seconds": seconds}))
    stage.wait_report("accepted", settings_status(APPLIED, offer_hash), since)


@conformance("[HB-2] [HB-6] a quiet connection has a message every interval, which is its head alone")
def interval(stage):
    fs = stage.begin(server={"heartbeat_interval": "300ms"})
    stage.everything()
    since = fs.now()
    stage.wait_for("five", lambda: fs.now() >= since + 5)
    for message in fs.messages(since):
        expect(f"its head: {message}", fields(message) == HEAD)
    expect_none_too_soon(fs.reports[since:], 0.3)


@conformance("[HB-3] ten periods have ten messages, though none is answered")
def unanswered(stage):
    stage.serve(answer=lambda report: None)
    fs = stage.begin(server={"heartbeat_interval": "100ms"})
    since = fs.now()
    stage.wait_for("ten", lambda: fs.now() >= since + 10)
    expect("on one connection", len(fs.connections) == 1)


@conformance("[HB-4] an offered interval is used, also on the next connection")
def offered(stage):
    fs = stage.begin(server={"heartbeat_interval": LONG}, capabilities=SETTINGS)
    offer_interval(stage, 1)
    since = fs.now()
    stage.wait_for("two that an hour would not have brought", lambda: fs.now() >= since + 2)
    connections = len(fs.connections)
    fs.latest().reset()
    fs.wait_for_connection(connections + 1)
    stage.everything()
    since = fs.now()
    stage.wait_for("three on the next connection", lambda: fs.now() >= since + 3)
    expect_none_too_soon(fs.reports[since:], 1)


@conformance("[HB-5] an offered interval of 0 ends heartbeats")
def offered_zero(stage):
    fs = stage.begin(stage.probed(), server={"heartbeat_interval": "100ms"}, capabilities=SETTINGS)
    offer_interval(stage, 0)
    stage.everything()
    since = fs.now()
    stage.let_probes_pass(10)
    stage.everything()
    expect(f"none in many periods: {fs.messages(since)}", fs.now() == since + 1)


@conformance("[HB-7] the period counts from the last message of any kind")
def counted_from_the_last(stage):
    fs = stage.begin(stage.probed(), server={"heartbeat_interval": "1s"})
    for _ in range(4):  # busier than the interval: no beat in between
        stage.everything()
        stage.let_probes_pass(4)
    beats = [report for report in fs.reports if not parts(report.message)]
    for beat in beats:
        before = fs.reports[fs.reports.index(beat) - 1]
        expect(f"not a period from something older: {beat.at - before.at}", beat.at - before.at > 0.6)


@conformance("[HB-8] without the capability there are no heartbeats")
def without(stage):
    fs = stage.begin(stage.probed(), server={"heartbeat_interval": "100ms"}, capabilities={"reports_heartbeat": False})
    full = stage.everything()
    expect("nor is it announced", not full.capabilities & REPORTS_HEARTBEAT)
    since = fs.now()
    stage.let_probes_pass(10)
    stage.everything()
    expect(f"none in many periods: {fs.messages(since)}", fs.now() == since + 1)


@conformance("[HB-10] [RETRY-10] while it waits to connect again there are no signs of life", {"ws": "ws", "http": "http"})
def none_while_waiting(stage, scheme):
    stage.scheme = scheme
    fs = stage.serve(refusal=Reply(503, {"Retry-After": "2"}))
    stage.configure(server={"heartbeat_interval": "100ms"})
    stage.start()
    stage.wait_for("two attempts", lambda: len(fs.requests()) >= 2)
    first, second = fs.requests()[:2]
    expect(f"nothing for two seconds: {second.at - first.at}", second.at - first.at > 1.9)


if __name__ == "__main__":
    run()

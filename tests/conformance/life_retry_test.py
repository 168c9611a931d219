#!/usr/bin/python3
"""Groups LIFE and RETRY: how connections begin and end, and what follows refusals and losses."""

import email.utils
import socket
import time

import stage as stage_module  # noqa: F401  (finds tests/support)
from http_parts import Reply
from protocol import S2A, is_full, is_healthy, is_unhealthy
from rig import expect
from scene import LONG
from stage import TRANSPORTS, run
from suite import conformance
from websocket import CLOSE

CONFIG = "instrument: true\n"
BAD_REQUEST, UNAVAILABLE = 1, 2
NO_PAUSES = {"reconnect": {"initial_interval": LONG, "max_interval": LONG}}


def error(kind, message="not now", pause=None):
    answer = S2A(error_response={"type": kind, "error_message": message})
    if pause is not None:
        answer.error_response.retry_info.retry_after_nanoseconds = int(pause * 1e9)
    return answer


def attempts(fs):
    return len(fs.requests())


# --- LIFE


@conformance("[LIFE-2] [LIFE-8] an unreachable server is tried again and again, with random pauses that grow up to their bound")
def unreachable(stage):
    stage.configure(server={"reconnect": {"initial_interval": "10ms", "max_interval": "80ms"}})
    stage.start()
    planned = stage.wait_for("many attempts", lambda: len(stage.events("server.retry_planned")) >= 25 and stage.events("server.retry_planned"))
    pauses = [milliseconds(event["in"]) for event in planned]
    expect(f"random: {pauses}", len(set(pauses)) > 15)
    expect("within the bound", max(pauses) <= 80)
    expect("longer later", max(pauses[5:]) > 20 and sum(pauses[8:16]) > sum(pauses[:2]))
    fs = stage.serve()
    stage.wait_report("it has never given up", is_healthy)
    expect("full", is_full(fs.messages()[0]))


def milliseconds(text):
    if text.endswith("ms"):
        return float(text[:-2])
    if text.endswith(("us", "µs")):
        return float(text[:-2]) / 1000
    if text.endswith("ns"):
        return float(text[:-2]) / 1e6
    return float(text[:-1]) * 1000


@conformance("[LIFE-5] Close from the server is answered, and the connection made again", {str(code): code for code in (1000, 1001, 1012)})
def closed_by_server(stage, code):
    fs = stage.begin()
    first, since = fs.latest(), fs.now()
    first.close(code)
    expect("the connection ends", first.ended.wait(30))
    expect(f"the code comes back: {first.close_code}", first.close_code == code)
    stage.wait_report("a full report on another", is_full, since)
    expect("one more", len(fs.connections) == 2)


@conformance("[LIFE-6] over HTTP the last request of all is the goodbye")
def goodbye_over_http(stage):
    stage.scheme = "http"
    fs = stage.begin()
    stage.apply(CONFIG)
    stage.stop()
    expect(f"{fs.messages()[-1]}", fs.messages()[-1].HasField("agent_disconnect"))
    expect("once", sum(message.HasField("agent_disconnect") for message in fs.messages()) == 1)


@conformance("[LIFE-7] a broken connection is made again at once", {"reset": "reset", "cut": "cut"})
def at_once(stage, how):
    """With pauses of up to an hour, only an attempt without one comes."""
    fs = stage.begin(server=NO_PAUSES)
    since = fs.now()
    getattr(fs.latest(), how)()
    stage.wait_report("a full report", is_full, since)


@conformance("[LIFE-7] a half-closed connection is not kept")
def half_closed(stage):
    fs = stage.begin()
    since = fs.now()
    fs.latest().cut(socket.SHUT_WR)
    stage.wait_report("a full report on another connection", is_full, since)


@conformance("[LIFE-9] never are there two connections at once")
def one_connection(stage):
    fs = stage.begin(server={"heartbeat_interval": "100ms"})
    for how in ("close", "reset", "cut", "close"):
        since = fs.now()
        getattr(fs.latest(), how)()
        stage.wait_report("a full report", is_full, since)
    stage.apply(CONFIG)
    stage.everything()
    for before, after in zip(fs.connections, fs.connections[1:]):
        gone_at = before.closed_at or before.ended_at
        expect("the one before was over", gone_at is not None and gone_at <= after.opened_at + 0.05)
    expect("one is left", len(fs.open_connections()) == 1)


@conformance("[LIFE-10] [RETRY-5] [RETRY-7] [RETRY-8] UNAVAILABLE: goodbye, Close, the pause asked for, then all is as before")
def unavailable(stage):
    fs = stage.serve()
    refused = []

    def answer(report):
        if is_unhealthy(report.message) and not refused:
            refused.append(report)
            return error(UNAVAILABLE, pause=1.5)
        return fs.acknowledge(report)
    stage.begin()
    fs.answer = answer
    stage.kill_agent()
    second = stage.wait_for("a new connection", lambda: len(fs.connections) == 2 and fs.connections[1])
    first = fs.connections[0]
    last = [report.message for report in fs.reports if report.connection is first][-1]
    expect(f"the last word: {last}", last.HasField("agent_disconnect"))
    expect("then Close", first.frames[-1].opcode == CLOSE and first.closed_at <= second.opened_at)
    expect(f"not before: {second.opened_at - refused[0].at}", second.opened_at - refused[0].at >= 1.5)
    stage.wait_report("the state that was refused arrives", is_full, fs.reports.index(refused[0]) + 1)


@conformance("[RETRY-9] [RETRY-12] throttled without a pause to keep, it waits for half a minute at least",
             {"UNAVAILABLE": None, "503": 503, "429": 429})
def throttled(stage, status):
    if status is None:
        stage.serve(answer=lambda report: error(UNAVAILABLE))
    else:
        stage.serve(refusal=Reply(status))
    stage.configure(server={"reconnect": {"initial_interval": "10ms", "max_interval": "160ms", "throttled_interval": None}})
    stage.start()
    planned = stage.wait_for_event("server.retry_planned")
    expect(f"{planned}", milliseconds(planned["in"]) >= 30000)


@conformance("[RETRY-7] UNAVAILABLE over HTTP is a pause too")
def unavailable_over_http(stage):
    stage.scheme = "http"
    fs = stage.begin()
    answers = [error(UNAVAILABLE, pause=1)]
    given = []

    def answer(report):
        if answers:
            given.append(report)
            return answers.pop()
        return fs.acknowledge(report)
    fs.answer = answer
    stage.wait_for("it was given", lambda: given)
    follower = stage.wait_for("the next", lambda: fs.reports[fs.reports.index(given[0]) + 1:])[0]
    expect(f"not before: {follower.at - given[0].at}", follower.at - given[0].at >= 0.99)


@conformance("[LIFE-11] authentication of the settings is on the upgrade and on each request", TRANSPORTS)
def authorization(stage, scheme):
    stage.scheme = scheme
    fs = stage.begin(server={"headers": {"Authorization": "Basic YWdlbnQ6c2VjcmV0"}})
    stage.apply(CONFIG)
    expect("everywhere", all(request.headers.get("authorization") == "Basic YWdlbnQ6c2VjcmV0" for request in fs.requests()))
    log = stage.daemon_log.read_text() + stage.daemon_output.read_text()
    expect("and never in the log", "YWdlbnQ6c2VjcmV0" not in log)


# --- RETRY


@conformance("[RETRY-1] [RETRY-2] a message that the server calls wrong is not sent again, and later changes are",
             {"BAD_REQUEST over WebSocket": ("ws", BAD_REQUEST), "an unknown error over WebSocket": ("ws", 0),
              "BAD_REQUEST over HTTP": ("http", BAD_REQUEST), "an unknown error over HTTP": ("http", 0)})
def wrong(stage, scheme, kind):
    stage.scheme = scheme
    fs = stage.begin(server={"heartbeat_interval": "100ms"})
    refused = []

    def answer(report):
        if is_unhealthy(report.message) and not refused:
            refused.append(report)
            return error(kind)
        return fs.acknowledge(report)
    fs.answer = answer
    since = fs.now()
    stage.kill_agent()
    stage.wait_report("later changes", is_healthy, since)
    position = fs.reports.index(refused[0])
    stage.wait_for("quiet messages", lambda: fs.now() >= position + 5)
    again = [message for message in fs.messages(position + 1) if is_unhealthy(message) and message.health == refused[0].message.health]
    expect(f"not the same content: {again}", not again)
    expect("the connection stays", scheme == "http" or len(fs.connections) == 1)


@conformance("[RETRY-4] what was lost with its connection arrives on the next one")
def lost(stage):
    fs = stage.serve(answer=lambda report: None)
    stage.configure()
    stage.start()
    stage.wait_report("the first report", is_full)
    fs.answer = fs.acknowledge
    since = fs.now()
    fs.latest().reset()
    expect("again", is_full(stage.wait_report("a message", since=since)))


@conformance("[RETRY-6] what has changed while the server was away is one message with the last state", TRANSPORTS)
def away(stage, scheme):
    stage.scheme = scheme
    fs = stage.begin({**stage.idle(), "restart": {"initial_backoff": "1ms", "max_backoff": "1ms"}})
    port = fs.port
    fs.close()
    for count in range(2, 22):
        stage.wait_for_event("agent.healthy", count - 1)
        stage.kill_agent()
    stage.wait_for_event("agent.healthy", 21)
    stage.port = port
    again = stage.serve()
    # A new connection begins with all of it; over HTTP there is no such thing, and the server asks if it does not know.
    stage.wait_report("as it is now", lambda message: is_healthy(message) and (is_full(message) or scheme == "http"))
    # Over HTTP one that may have arrived before is sent again as it was.
    expect(f"nothing but that: {again.messages()}", sum(map(is_unhealthy, again.messages())) <= (scheme == "http"))


REFUSALS = {"503 over WebSocket": ("ws", 503), "429 over WebSocket": ("ws", 429), "503 over HTTP": ("http", 503), "429 over HTTP": ("http", 429)}


@conformance("[RETRY-10] [RETRY-11] Retry-After in seconds is kept, and then the usual intervals are back", REFUSALS)
def retry_after(stage, scheme, status):
    stage.scheme = scheme
    refusals = [Reply(status, {"Retry-After": "1"})]
    fs = stage.serve(refusal=lambda request: refusals.pop() if refusals else None)
    stage.begin(server={"heartbeat_interval": "100ms"})
    first, second = fs.requests()[:2]
    expect(f"not before: {second.at - first.at}", second.at - first.at >= 1)
    reports = fs.reports[:]
    stage.wait_for("messages as usual", lambda: fs.now() >= len(reports) + 4)
    expect("none lost", [message.sequence_num for message in fs.messages()][:3] == [0, 1, 2])


@conformance("[RETRY-10] Retry-After as a date is kept", {"over WebSocket": "ws", "over HTTP": "http"})
def retry_after_date(stage, scheme):
    stage.scheme = scheme
    until = int(time.time()) + 3
    refusals = [Reply(503, {"Retry-After": email.utils.formatdate(until, usegmt=True)})]
    times = []

    def refusal(request):
        times.append(time.time())
        return refusals.pop() if refusals else None
    stage.serve(refusal=refusal)
    stage.begin()
    expect(f"not before that date: {times} {until}", times[1] >= until - 0.05)


@conformance("[RETRY-10] any other refusal is tried again with growing pauses, and never for the last time",
             {f"{status} over {name}": (scheme, status) for scheme, name in (("ws", "WebSocket"), ("http", "HTTP"))
              for status in (401, 404, 500)})
def refused(stage, scheme, status):
    stage.scheme = scheme
    fs = stage.serve(refusal=Reply(status))
    stage.configure(server={"reconnect": {"initial_interval": "10ms", "max_interval": "80ms"}})
    stage.start()
    stage.wait_for("ten attempts", lambda: attempts(fs) >= 10)
    said = next(event for event in stage.events() if str(status) in event.get("error", ""))
    expect("the log says why", said)
    fs.refusal = None
    stage.wait_report("it is found again", is_healthy)


if __name__ == "__main__":
    run()

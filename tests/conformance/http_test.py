#!/usr/bin/python3
"""Group HTTP: reports as POST requests, settings and orders in the answers."""

import gzip
import threading
import uuid

import stage as stage_module  # noqa: F401  (finds tests/support)
from http_parts import PROTOBUF, Reply
from protocol import (APPLIED, HEAD, S2A, config_status, fields, flagged, hash_of, is_full, is_healthy, is_unhealthy, padded, parts,
                      remote_config, settings_offer, uid_text)
from rig import eventually, expect
from scene import LONG
from stage import QUICK, run
from suite import conformance

KIB, MIB = 1024, 1024 * 1024
CONFIG = "instrument: true\n"


def begin(stage, agent=None, **sections):
    stage.scheme = "http"
    return stage.begin(agent, **sections)


def held(fs):
    """Answers of the server wait until the event is set."""
    gate = threading.Event()
    fs.answer = lambda report: gate.wait(30) and fs.acknowledge(report)
    return gate


def expect_not_applied(stage):
    expect("not applied", not stage.config.exists() and len(stage.starts()) == 1)
    expect("its hash never shows up", not any(message.remote_config_status.last_remote_config_hash for message in stage.fs.messages()))


# --- messages


@conformance("[HTTP-1] [HTTP-8] [HTTP-10] [HTTP-11] a report is the body of a POST, in clear protobuf, with the headers that say so")
def posts(stage):
    fs = begin(stage)
    stage.apply(CONFIG)
    expect("in the answer's body too", stage.config.read_text() == CONFIG)
    for report in fs.reports:
        headers = report.request.headers
        expect(f"{headers}", report.request.method == "POST" and headers["content-type"] == PROTOBUF)
        expect("nothing is compressed, and nothing says so", "content-encoding" not in headers and report.request.body == report.raw)
        expect("the uid in text", headers["opamp-instance-uid"] == uid_text(report.message) == str(uuid.UUID(headers["opamp-instance-uid"])))
        expect("gzip is welcome", "gzip" in headers["accept-encoding"])
    expect("nothing undecodable", not fs.garbage)


@conformance("[HTTP-11] [UID-7] a new uid is in the header as well as in the body")
def header_follows_uid(stage):
    fs = begin(stage)
    new = uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057")
    fs.push(S2A(agent_identification={"new_instance_uid": new.bytes}))
    stage.wait_report("the new uid", lambda message: message.instance_uid == new.bytes)
    stage.everything()
    report = fs.reports[-1]
    expect("both", report.message.instance_uid == new.bytes and report.request.headers["opamp-instance-uid"] == str(new))
    for one in fs.reports:
        expect("always the same in both", one.request.headers["opamp-instance-uid"] == uid_text(one.message))


@conformance("[HTTP-2] [HTTP-4] [HB-6] with nothing to say it polls every interval, with its head alone")
def polls(stage):
    fs = begin(stage, server={"poll_interval": "300ms"})
    stage.everything()
    since = fs.now()
    stage.wait_for("five polls", lambda: fs.now() >= since + 5)
    for message in fs.messages(since):
        expect(f"its head: {message}", fields(message) <= HEAD and {"instance_uid", "sequence_num", "capabilities"} <= fields(message))
    gaps = [after.at - before.at for before, after in zip(fs.reports[since:], fs.reports[since + 1:])]
    expect(f"never sooner than the interval: {gaps}", min(gaps) > 0.2)


@conformance("[HTTP-5] [HB-4] an offered heartbeat interval is the interval of polls, once it is accepted, without a restart")
def offered_interval(stage):
    fs = begin(stage, server={"poll_interval": LONG}, capabilities={"accepts_opamp_connection_settings": True})
    endpoint = f"http://127.0.0.1:{fs.port}/v1/opamp"
    fs.push(settings_offer(opamp={"destination_endpoint": endpoint, "heartbeat_interval_seconds": 1}))
    stage.kill_agent()  # that is reported, and the answer is the offer
    stage.wait_report("accepted", lambda message: message.connection_settings_status.status == APPLIED)
    since = fs.now()
    stage.wait_for("four polls, not an hour apart", lambda: fs.now() >= since + 4)
    polls_ = [report for report in fs.reports[since:] if not parts(report.message)]
    gaps = [after.at - before.at for before, after in zip(polls_, polls_[1:])]
    expect(f"nor closer than a second: {gaps}", all(gap > 0.9 for gap in gaps))


@conformance("[HTTP-6] [HTTP-7] no request while one is unanswered, and what has changed meanwhile follows at once")
def one_at_a_time(stage):
    fs = begin(stage, server={"poll_interval": LONG})
    gate = held(fs)
    since = fs.now()
    stage.kill_agent()
    stage.wait_report("its death", is_unhealthy, since)
    for count in (2, 3, 4):
        stage.wait_for_event("agent.healthy", count)
        if count < 4:
            stage.kill_agent()
    expect("nothing more was said", fs.now() == since + 1)
    gate.set()
    last = stage.wait_report("what is the case now, an interval of an hour or not", lambda message: message.health.healthy, since)
    start = stage.events("agent.started")[-1]
    expect(f"of the last of them: {last} {start}", last.health.start_time_unix_nano > fs.messages()[0].health.start_time_unix_nano)
    expect("in one message", fs.now() == since + 2)
    expect(f"never two at once: {fs.most_in_flight}", fs.most_in_flight == 1)


@conformance("[HTTP-9] [HTTP-10] a compressed request says so, and is a report behind it")
def compressed_requests(stage):
    fs = begin(stage, server={"compression": "gzip"})
    stage.apply(CONFIG)
    marked = [report for report in fs.reports if report.request.headers.get("content-encoding") == "gzip"]
    expect("some are compressed", marked and all(report.request.body[:2] == b"\x1f\x8b" for report in marked))
    expect("the mark is there exactly then", all((report.request.body[:2] == b"\x1f\x8b") == (report in marked) for report in fs.reports))
    expect("all could be read", not fs.garbage)


@conformance("[HTTP-12] compressed answers are taken, and uncompressed ones too")
def compressed_answers(stage):
    stage.scheme = "http"
    fs = stage.serve()
    fs.gzips = True
    stage.begin()
    stage.apply(CONFIG)
    fs.gzips = False
    stage.apply("instrument: false\n")
    expect("both configs came whole", stage.config.read_text() == "instrument: false\n")


# --- losses


@conformance("[MSG-1] a request that may have arrived is sent again as it was, also where nobody is there in between")
def lost_answer(stage):
    fs = begin(stage, stage.idle() | QUICK, server={"poll_interval": LONG})

    def hang_up(report):
        fs.stop_listening()
        report.connection.cut()
    fs.answer = hang_up
    since, refusals = fs.now(), len(stage.events("server.connect_failed"))
    stage.heal()
    stage.wait_for_event("server.connect_failed", refusals + 3)
    stage.port = fs.port
    again = stage.serve()
    first = again.wait_for_report("a request")
    expect(f"as it was: {fs.messages(since)} {first.message}", [report.raw for report in fs.reports[since:]] == [first.raw])
    stage.wait_report("then what has changed", is_healthy)


@conformance("[LIFE-2] [LIFE-7] a server that was found again is one that works: the next failure is the first")
def found_again(stage):
    fs = begin(stage)
    for count in (2, 3):
        since = len(stage.events("server.retry_planned"))
        fs.refusal = Reply(500)
        stage.wait_for_event("server.retry_planned", since + 3)
        fs.refusal = None
        stage.wait_for_event("server.connected", count)
    failures = [event["failures"] for event in stage.events("server.connect_failed")]
    expect(f"counted anew: {failures}", failures.count(2) == 2)


# --- limits


@conformance("[HTTP-13] a request answered 413 is not sent again, and later ones are")
def too_large_for_the_server(stage):
    stage.scheme = "http"
    fs = begin(stage)
    refused = []

    def answer(report):
        if report.message.HasField("remote_config_status") and not refused:
            refused.append(report)
            return Reply(413)
        return fs.acknowledge(report)
    fs.answer = answer
    fs.push(remote_config(CONFIG))
    stage.wait_for("one that was refused", lambda: refused)
    stage.wait_for("the config", lambda: stage.config.exists())
    since = fs.now()
    stage.wait_for("ten more", lambda: fs.now() >= since + 10)
    bodies = [report.request.body for report in fs.reports]
    expect("not the same again", bodies.count(refused[0].request.body) == 1)
    expect("full reports are still made", stage.everything().HasField("agent_description"))


OVERSIZED = {
    "plain": lambda message: Reply(headers={"Content-Type": PROTOBUF}, body=message),
    "chunked": lambda message: Reply(headers={"Content-Type": PROTOBUF}, body=message, chunked=True),
    "a small gzip": lambda message: Reply(headers={"Content-Type": PROTOBUF, "Content-Encoding": "gzip"}, body=gzip.compress(message)),
    "a gzip of 256 MiB": lambda message: Reply(headers={"Content-Type": PROTOBUF, "Content-Encoding": "gzip"},
                                               body=gzip.compress(message[:65536] + bytes(256 * MIB), 1)),
}


def peak_of(program):
    """KiB of its memory at most."""
    return next(int(line.split()[1]) for line in open(f"/proc/{program.pid}/status") if line.startswith("VmHWM"))


@conformance("[HTTP-14] [HTTP-15] [HTTP-16] [HTTP-17] an answer over the limit is a failure in the log, and nothing of it is used", OVERSIZED)
def oversized_answer(stage, make):
    fs = begin(stage, server={"limits": {"receive": "64KiB"}})
    before = peak_of(stage.daemon)
    reply = make(padded(remote_config(CONFIG), 64 * KIB + 1))
    answers = [reply]
    fs.answer = lambda report: answers.pop() if answers else fs.acknowledge(report)
    stage.wait_for("it was given", lambda: not answers)
    since = fs.now()
    stage.wait_for("it goes on", lambda: fs.now() >= since + 3)
    stage.everything()
    said = [event for event in stage.events() if event["level"] in ("warning", "error") and event["event"].startswith(("server.", "message."))]
    expect("it is in the log", said)
    expect_not_applied(stage)
    grown = peak_of(stage.daemon) - before
    expect(f"memory is bounded: {grown} KiB more", grown < 50 * KIB)


@conformance("[HTTP-14] an answer of exactly the limit is taken", {"plain": False, "gzip": True})
def answer_of_the_limit(stage, is_compressed):
    fs = begin(stage, server={"limits": {"receive": "64KiB"}})
    body = padded(flagged(), 64 * KIB)
    headers = {"Content-Type": PROTOBUF, **({"Content-Encoding": "gzip"} if is_compressed else {})}
    answers = [Reply(headers=headers, body=gzip.compress(body) if is_compressed else body)]
    since = fs.now()
    fs.answer = lambda report: answers.pop() if answers else fs.acknowledge(report)
    stage.wait_report("a full report", is_full, since)


@conformance("[HTTP-18] [HTTP-19] [HTTP-20] a report over the limit is not sent, however small it would be compressed, and is in the log",
             {"plain": "none", "gzip": "gzip"})
def oversized_request(stage, compression):
    fs = begin(stage, server={"limits": {"send": "4KiB"}, "compression": compression})
    body = "text: " + "x" * 8 * KIB + "\n"
    fs.push(remote_config(body))
    discarded = stage.wait_for_event("message.discarded")
    expect(f"its size: {discarded}", discarded["bytes"] > 8 * KIB)
    stage.wait_for("the config", lambda: stage.config.exists() and stage.config.read_text() == body)
    since = fs.now()
    stage.wait_for("polls go on", lambda: fs.now() >= since + 3)
    expect("none came", all(len(report.raw) < 4 * KIB for report in fs.reports))


@conformance("[HTTP-21] without settings 64 MiB are taken, and one byte more is not")
def default_limit(stage):
    fs = begin(stage)
    answers = [Reply(headers={"Content-Type": PROTOBUF}, body=padded(remote_config("a: 1\n"), 64 * MIB))]
    fs.answer = lambda report: answers.pop() if answers else fs.acknowledge(report)
    stage.wait_report("64 MiB are taken", config_status(APPLIED, hash_of(remote_config("a: 1\n"))))
    offer = remote_config("a: 2\n")
    answers.append(Reply(headers={"Content-Type": PROTOBUF}, body=padded(offer, 64 * MIB + 1)))
    stage.wait_for("it was given", lambda: not answers)
    stage.everything()
    expect("one more is not", not any(message.remote_config_status.last_remote_config_hash == hash_of(offer) for message in fs.messages()))


# --- what WebSocket would do too


def told(fs):
    """What was said beside polls, without times, and without the parts of a message that may travel together or not."""
    said = []
    for message in fs.messages():
        if message.HasField("remote_config_status") and message.remote_config_status.status:
            said.append(("config", message.remote_config_status.status, message.remote_config_status.last_remote_config_hash))
        if message.HasField("health"):
            said.append(("healthy", message.health.healthy))
        if message.HasField("effective_config"):
            said.append(("effective", tuple(sorted((name, file.body) for name, file in message.effective_config.config_map.config_map.items()))))
        if message.HasField("agent_disconnect"):
            said.append(("goodbye",))
    return [one for index, one in enumerate(said) if index == 0 or said[index - 1] != one]


@conformance("[HTTP-22] the same things are said in the same order as over WebSocket")
def same_sequences(stage):
    stories = {}
    for scheme in ("ws", "http"):
        stage.scheme = scheme
        stage.port, stage.fs = 0, None
        stage.state, stage.config = stage.folder / f"state-{scheme}", stage.folder / f"effective-{scheme}.yaml"
        stage.daemon_log = stage.folder / f"{scheme}.log"
        fs = stage.begin({**stage.probed(), "config_path": str(stage.config)})
        stage.apply(CONFIG)
        stage.apply("crash: true\n", status=3)
        stage.wait_for_event("config.rolled_back")
        stage.everything()
        stage.stop()
        eventually("the goodbye", lambda: fs.messages()[-1].HasField("agent_disconnect"))
        story = [one for one in told(fs) if one[0] in ("config", "goodbye")]
        stories[scheme] = [one for index, one in enumerate(story) if index == 0 or story[index - 1] != one]
        fs.close()
    expect(f"both told the same:\n{stories['ws']}\n{stories['http']}", stories["ws"] == stories["http"])


@conformance("[LIFE-12] connections that the server closes after each answer, and those that it keeps, carry the same messages",
             {"closed": True, "kept": False})
def keep_alive_means_nothing(stage, closes):
    stage.scheme = "http"
    fs = stage.serve()
    if closes:
        fs.keeps_alive = False
    stage.begin()
    stage.apply(CONFIG)
    since = fs.now()
    stage.wait_for("polls go on", lambda: fs.now() >= since + 5)
    numbers = [message.sequence_num for message in fs.messages()]
    expect(f"no number is left out: {numbers}", numbers == list(range(numbers[0], numbers[0] + len(numbers))))
    expect("full reports only where they are due", sum(map(is_full, fs.messages())) == 1)
    if not closes:
        expect(f"one connection is enough: {len(fs.connections)}", len(fs.connections) == 1)


if __name__ == "__main__":
    run()

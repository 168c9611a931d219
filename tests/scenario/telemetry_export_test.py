#!/usr/bin/python3
"""Receivers of telemetry that refuse, are late, or are not there: what is lost, what is not, and that nobody waits for them."""

import datetime
import email.utils
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))
import stage as stage_module  # noqa: E402, F401  (finds tests/support)
import telemetry  # noqa: E402
from http_parts import Reply  # noqa: E402
from protocol import S2A, pb  # noqa: E402
from rig import expect, free_port  # noqa: E402
from stage import FRUGAL, LONG, run  # noqa: E402
from suite import scenario, scenario_for  # noqa: E402
from telemetry import OFTEN, goes_on, reread, rollout  # noqa: E402


def begin(stage, interval=LONG, **more):
    """All that a start tells has arrived."""
    sink = stage.sink()
    stage.begin(telemetry={"endpoint": sink.base_url, "metrics": {"interval": interval}, **more})
    goes_on(stage, sink, "traces", "logs")
    return sink


def arrives(stage, sink, of_config):
    return stage.wait_for("the rollout's trace", lambda: telemetry.root_of(sink, of_config))


def refused(sink, status, signal="traces"):
    return [one for one in sink.requests(signal) if one["status"] == status]


def follower(sink, one):
    """The next request of the signal."""
    return next((later for later in sink.requests(one["signal"]) if later["number"] > one["number"]), None)


def newest(sink, name, **attributes):
    points = [point for point in sink.points(name) if attributes.items() <= point["attributes"].items()]
    return max(points, key=lambda point: point["time"], default={"value": 0})["value"]


def in_seconds(count):
    return str(count)


def as_date(count):
    """To the whole second: a second more, so that it is not less."""
    return email.utils.format_datetime(datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=count + 1), usegmt=True)


# --- refusals


@scenario_for({"503, in seconds": (503, in_seconds), "429, in seconds": (429, in_seconds), "503, as a date": (503, as_date)})
def what_the_receiver_asks_to_wait_is_waited(stage, status, retry_after):
    sink = begin(stage)
    sink.behave(status=status, retry_after=retry_after(1), signal="traces")
    of_config = rollout(stage)
    arrives(stage, sink, of_config)
    first, = refused(sink, status)
    again = follower(sink, first)
    pause = (again["at_unix_nano"] - first["at_unix_nano"]) / 1e9
    expect(f"not earlier, and before opampd's own pause: {pause:.1f} s", 1 <= pause < 5)
    expect("the same spans", again["body"] == first["body"])
    expect("none twice", sink.counts()["span_ids"]["repeated"] == 0)
    failed = stage.wait_for_event("telemetry.export_failed", signal="traces")
    expect(f"{failed}", str(status) in failed["error"] and failed["repeated"] in (True, "true"))
    stage.wait_for_event("telemetry.export_resumed", signal="traces")


@scenario_for({"502": 502, "504": 504})
def what_may_pass_is_sent_again(stage, status):
    sink = begin(stage)
    sink.behave(status=status, times=2, signal="traces")
    arrives(stage, sink, rollout(stage))
    expect("twice refused", len(refused(sink, status)) == 2)
    expect("said once", len(stage.events("telemetry.export_failed")) == 1)
    expect("none twice", sink.counts()["span_ids"]["repeated"] == 0)


@scenario_for({"400": 400, "401": 401, "404": 404, "413": 413, "500": 500, "501": 501})
def what_is_refused_for_good_is_not_sent_again(stage, status):
    sink = begin(stage, OFTEN)
    sink.behave(status=status, message="not with us", times=-1, signal="traces")
    lost = rollout(stage)
    # In which request it comes is a matter of time.
    stage.wait_for("its refusal", lambda: any(lost in json.dumps(one["body"]) for one in refused(sink, status)))
    failed = stage.wait_for_event("telemetry.export_failed", signal="traces")
    expect(f"{failed}", failed["error"] == f"the receiver answered {status}: not with us" and failed["repeated"] in (False, "false"))
    sink.behave_well()
    arrives(stage, sink, rollout(stage))
    bodies = [json.dumps(one["body"]) for one in sink.requests("traces")]
    expect("it is lost, and no request came twice", telemetry.root_of(sink, lost) is None and len(set(bodies)) == len(bodies))
    stage.wait_for_event("telemetry.export_resumed", signal="traces")
    spans = sum(len(scope["spans"]) for one in refused(sink, status) for of_resource in one["body"]["resource_spans"]
                for scope in of_resource["scope_spans"])
    stage.wait_for("and counted", lambda: newest(sink, "opampd.telemetry.exported", **{"record": "span", "error.type": "rejected"}) == spans)


@scenario
def redirect_is_not_followed(stage):
    elsewhere = stage.sink()
    receiver = stage.another_server(refusal=Reply(307, {"Location": elsewhere.url("traces")}))
    stage.begin(telemetry={"traces": {"endpoint": f"http://127.0.0.1:{receiver.port}/v1/traces"}, "headers": {"Authorization": "Bearer secret-1"}})
    failed = stage.wait_for_event("telemetry.export_failed", signal="traces")
    expect(f"{failed}", "307" in failed["error"])
    expect("the secret went there alone", receiver.requests()[0].headers["authorization"] == "Bearer secret-1" and not elsewhere.requests())


@scenario
def partial_success_is_counted_and_not_sent_again(stage):
    sink = begin(stage, OFTEN)
    sink.behave(partial={"rejected": 1, "message": "too many"}, signal="traces")
    of_config = rollout(stage)
    arrives(stage, sink, of_config)
    told = stage.wait_for_event("telemetry.rejected", signal="traces")
    expect(f"{told}", int(told["records"]) == 1 and told["detail"] == "too many")
    stage.wait_for("it is counted", lambda: newest(sink, "opampd.telemetry.exported", **{"record": "span", "error.type": "rejected"}) == 1)
    arrives(stage, sink, rollout(stage))
    expect("nothing again", sink.counts()["span_ids"]["repeated"] == 0)


@scenario
def partial_success_without_losses_is_a_word_of_the_receiver(stage):
    sink = begin(stage)
    sink.behave(partial={"rejected": 0, "message": "use a newer version"}, signal="traces")
    rollout(stage)
    told = stage.wait_for_event("telemetry.rejected", signal="traces")
    expect(f"{told}", int(told["records"]) == 0 and told["detail"] == "use a newer version")


@scenario
def receiver_of_log_records_that_rejects_some_of_each_request_is_told_of_once(stage):
    sink = begin(stage)
    sink.behave(partial={"rejected": 1, "message": "no"}, times=-1, signal="logs")
    stage.wait_for_event("config.applied")
    rollout(stage)
    before = telemetry.accepted(sink, "logs")
    for step in (1, 2, 3):
        of_config = rollout(stage)
        stage.wait_for("it goes on", lambda of_config=of_config: telemetry.is_logged(sink, of_config))
    expect("it has rejected some each time", telemetry.accepted(sink, "logs") >= before + 3)
    expect("that is said once", len(stage.events("telemetry.rejected")) == 1)
    sink.behave_well()
    goes_on(stage, sink, "logs")
    sink.behave(partial={"rejected": 1, "message": "no"}, times=1, signal="logs")
    rollout(stage)
    stage.wait_for_event("telemetry.rejected", 2)


# --- silence


@scenario
def closed_connection_is_no_answer(stage):
    sink = begin(stage)
    sink.behave(close=True, times=2, signal="traces")
    arrives(stage, sink, rollout(stage))
    expect("it was sent again", len(refused(sink, 0)) == 2)
    expect("none twice", sink.counts()["span_ids"]["repeated"] == 0)


@scenario
def late_receiver_delays_nobody(stage):
    sink = begin(stage)
    sink.behave(delay_ms=3_600_000, times=-1)
    rollout(stage)
    stage.wait_for("a request hangs", lambda: any(one["status"] is None for one in sink.requests()))
    began = time.monotonic()
    for _ in range(5):
        rollout(stage)
    stage.heal()
    expect("nobody waits", time.monotonic() - began < 10)
    began = time.monotonic()
    stage.stop()
    expect(f"nor does the end: {time.monotonic() - began:.1f} s", time.monotonic() - began < 6)


@scenario
def late_receiver_is_given_up_after_the_timeout(stage):
    sink = begin(stage, timeout="500ms")
    sink.behave(delay_ms=3_600_000, signal="traces")
    arrives(stage, sink, rollout(stage))
    failed = stage.wait_for_event("telemetry.export_failed", signal="traces")
    expect(f"{failed}", "time" in failed["error"] and failed["repeated"] in (True, "true"))


@scenario
def dead_receiver_costs_a_bounded_queue(stage):
    port = free_port()
    to_it = {"endpoint": f"http://127.0.0.1:{port}", "metrics": {"interval": OFTEN}}
    fs = stage.begin(environment=FRUGAL, telemetry=to_it)
    before = stage.resident()
    not_wanted = S2A(packages_available=pb.PackagesAvailable(all_packages_hash=b"x" * 10))
    for _ in range(6000):  # each is an event of the log
        fs.push(not_wanted)
    stage.everything()
    stage.memory_is_bounded(before)
    rollout(stage)
    sink = stage.sink(port=port)
    stage.configure(telemetry={**to_it, "headers": {"X-Tenant": "7"}})
    reread(stage)  # what is new of a receiver ends the pause before the next attempt
    stage.wait_for("what had no place is counted", lambda: newest(sink, "opampd.telemetry.dropped", record="log") > 2000)
    stage.wait_for("the oldest are kept", lambda: sink.logs("daemon.started") or sink.logs("agent.started"))
    stage.wait_for("none is unaccounted for", lambda: len(sink.logs("message.part_ignored"))
                   + newest(sink, "opampd.telemetry.dropped", record="log") >= 6000)
    expect("what was kept has a bound", len(sink.logs("message.part_ignored")) < 3000)
    goes_on(stage, sink)


# --- how it is sent, and the end


@scenario_for({"gzip": ("gzip", "gzip"), "none": ("none", "")})
def compression_is_as_the_settings_say(stage, compression, encoding):
    sink = begin(stage, OFTEN, compression=compression)
    goes_on(stage, sink)
    expect("all of them", {one["content_encoding"] for one in sink.requests()} == {encoding})


@scenario
def headers_are_sent_and_never_told(stage):
    sink = begin(stage, OFTEN, headers={"Authorization": "Bearer secret-1", "X-Tenant": "secret-2"})
    sink.behave(status=401, message="who are you?", signal="metrics")
    goes_on(stage, sink)
    for one in sink.requests():
        expect("each has them", one["headers"]["authorization"] == "Bearer secret-1" and one["headers"]["x-tenant"] == "secret-2")
    checked = stage.run("--config", "supervisor.yaml", "--check")
    expect(f"the check is content: {checked.stdout}{checked.stderr}", checked.returncode == 0)
    for text in (stage.daemon_log.read_text(), stage.daemon_output.read_text(), checked.stdout + checked.stderr):
        expect("no secret", "secret-" not in text)
    expect("nor in what is sent", not any("secret-" in str(one["body"]) for one in sink.requests()))


@scenario
def what_is_left_is_sent_at_the_end(stage):
    sink = begin(stage)
    of_config = rollout(stage)
    stage.stop()
    expect("the last trace", telemetry.root_of(sink, of_config))
    expect("the last event", sink.logs("daemon.stopped"))
    expect("the last metrics", newest(sink, "opampd.server.messages") > 0)


@scenario
def dead_receiver_does_not_delay_the_end(stage):
    stage.begin(telemetry={"endpoint": f"http://127.0.0.1:{free_port()}"})
    rollout(stage)
    began = time.monotonic()
    stage.stop()
    expect(f"it is quick: {time.monotonic() - began:.1f} s", time.monotonic() - began < 6)


if __name__ == "__main__":
    run()

#!/usr/bin/python3
"""Telemetry while it is changed: by SIGHUP, by custom messages, and by the trace that an offer is part of."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))
import stage as stage_module  # noqa: E402, F401  (finds tests/support)
import telemetry  # noqa: E402
from http_parts import message_reply  # noqa: E402
from protocol import APPLIED, S2A, config_status, hash_of, pb, remote_config  # noqa: E402
from rig import expect  # noqa: E402
from stage import LONG, TRANSPORTS, run  # noqa: E402
from suite import scenario, scenario_for  # noqa: E402
from telemetry import goes_on, is_told, reread, rollout  # noqa: E402

CAPABILITY = "io.opampd.telemetry"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"


def settings_for(sink, **more):
    return {"telemetry": {"endpoint": sink.base_url, "metrics": {"interval": LONG}, **more}}


def begin(stage, agent=None, **more):
    sink = stage.sink()
    stage.begin(agent, **settings_for(sink, **more))
    return sink


# --- SIGHUP


@scenario
def another_receiver_takes_over_without_a_loss(stage):
    sinks = [stage.sink(), stage.sink()]
    # Some spans are to wait while the receiver changes.
    stage.begin(environment={"OTEL_BSP_SCHEDULE_DELAY": "1000"}, **settings_for(sinks[0]))
    hashes = []
    for number in range(1, 7):
        hashes.append(rollout(stage))
        if number % 3 == 0:  # else what waits goes to the next one
            stage.wait_for("it arrives", lambda: telemetry.root_of(sinks[(number + 1) % 2], hashes[-1]))
        stage.configure(**settings_for(sinks[number % 2]))
        reread(stage)
    stage.stop()
    roots = [span for sink in sinks for span in sink.spans("rollout")]
    expect("each rollout once", sorted(root["attributes"]["opamp.remote_config.hash"] for root in roots) == sorted(hashes))
    for root in roots:
        names = [span["name"] for sink in sinks for span in sink.spans() if span["trace_id"] == root["trace_id"]]
        expect(f"each tree is whole: {names}", {"offer.receive", "config.compose", "config.stage", "agent.stop", "agent.start", "agent.gate",
                                                "config.commit", "config.report"} <= set(names))
        expect("no span twice", len(names) - names.count("config.report") == len(set(names)) - 1)
    expect("both had some", all(sink.spans("rollout") for sink in sinks))
    for event in ("config.applied", "agent.started", "settings.reloaded"):
        told = sum(len(sink.logs(event)) for sink in sinks)
        expect(f"{event}: {told}", told == len(stage.events(event)))


@scenario
def no_receiver_any_more_is_silence(stage):
    sink = begin(stage)
    goes_on(stage, sink, "traces", "logs")
    stage.configure()
    reread(stage)
    lost = rollout(stage)
    stage.configure(**settings_for(sink))
    reread(stage)
    goes_on(stage, sink, "traces", "logs")
    expect("what happened meanwhile is nobody's business", telemetry.root_of(sink, lost) is None and not telemetry.is_logged(sink, lost))


@scenario
def sampler_of_the_settings_counts_at_once(stage):
    sink = begin(stage)
    goes_on(stage, sink, "traces", "logs")
    stage.configure(**settings_for(sink, traces={"sampler": "always_off"}))
    reread(stage)
    not_sampled = goes_on(stage, sink, "logs")[1]
    stage.configure(**settings_for(sink, traces={"sampler": "traceidratio 1"}))
    reread(stage)
    goes_on(stage, sink, "traces", "logs")
    expect("it was not recorded", telemetry.root_of(sink, not_sampled) is None)
    expect("nothing was restarted", len(stage.events("daemon.started")) == 1)


def broken(change):
    """The settings with a mistake."""
    def make(stage, sink):
        stage.configure(**settings_for(sink))
        file = stage.folder / "supervisor.yaml"
        settings = json.loads(file.read_text())
        change(settings["telemetry"])
        file.write_text(json.dumps(settings))
    return make


def no_yaml(stage, _):
    (stage.folder / "supervisor.yaml").write_text("server: [\n")


def no_file(stage, _):
    (stage.folder / "supervisor.yaml").unlink()


@scenario_for({
    "no YAML": (no_yaml, ""), "no file": (no_file, "supervisor.yaml"),
    "a sampler that is none": (broken(lambda settings: settings.update(traces={"sampler": "sometimes"})), "sometimes"),
    "an endpoint that is none": (broken(lambda settings: settings.update(endpoint="ftp://127.0.0.1")), "ftp://127.0.0.1"),
    "an unknown key": (broken(lambda settings: settings.update(endpiont="x")), "endpiont"),
    "a CA that is not there": (broken(lambda settings: settings.update(tls={"ca_file": "/none/ca.pem"})), "/none/ca.pem"),
    "a header that is none": (broken(lambda settings: settings.update(headers={"X Y": "secret-1"})), "X Y"),
    "a header with two lines": (broken(lambda settings: settings.update(headers={"X-Y": "secret-1\r\nX-Z: 1"})), "X-Y"),
})
def bad_settings_change_nothing(stage, make, word):
    sink = begin(stage)
    make(stage, sink)
    failed = reread(stage, "settings.reload_failed")
    expect(f"it says what and where: {failed}", word in failed["error"] + failed["file"] and "supervisor.yaml" in failed["file"] and failed["error"])
    goes_on(stage, sink, "traces", "logs")
    expect("no secret", "secret-1" not in stage.daemon_log.read_text() and not any("secret-1" in str(one) for one in sink.logs()))


# --- the sampler by custom message


def ask(stage, data, kind="sampler"):
    """The answer to a custom message."""
    since = stage.fs.now()
    stage.fs.push(S2A(custom_message=pb.CustomMessage(capability=CAPABILITY, type=kind, data=data),
                      custom_capabilities=pb.CustomCapabilities(capabilities=[CAPABILITY])))
    answer = stage.wait_report("the answer", lambda message: message.HasField("custom_message"), since).custom_message
    expect(f"to the message: {answer}", (answer.capability, answer.type) == (CAPABILITY, kind))
    expect("it is short", len(answer.data) < 500)
    return answer.data.decode()


@scenario_for(TRANSPORTS)
def server_sets_the_sampler(stage, scheme):
    stage.scheme = scheme
    sink = begin(stage)
    capabilities = stage.everything().custom_capabilities.capabilities
    expect(f"it is announced: {capabilities}", CAPABILITY in capabilities)
    expect("in force", ask(stage, b"always_off") == "always_off")
    stage.wait_for_event("sampler.changed", sampler="always_off")
    not_sampled = goes_on(stage, sink, "logs")[1]
    expect("the same as in the settings", ask(stage, b"parentbased_traceidratio 1") == "parentbased_traceidratio 1")
    goes_on(stage, sink, "traces", "logs")
    expect("it was not recorded", telemetry.root_of(sink, not_sampled) is None)
    ask(stage, b"always_off")
    reread(stage)
    goes_on(stage, sink, "traces", "logs")


@scenario_for({"unknown": b"sometimes", "without a number": b"rate_limited", "with another word": b"traceidratio much", "over one": b"traceidratio 2", "nothing": b"", "no text": b"\xff\x00",
               "long": b"always_on" * 10000})
def sampler_that_is_none_is_answered_with_the_reason(stage, data):
    sink = begin(stage)
    ask(stage, b"always_on")
    answer = ask(stage, data)
    expect(f"it says so: {answer}", answer.startswith("error: "))
    expect("the one before stays", not stage.events("sampler.changed")[1:])
    goes_on(stage, sink, "traces", "logs")


@scenario
def sampler_that_limits_the_rate_lets_few_traces_begin(stage):
    sink = begin(stage)
    goes_on(stage, sink, "traces")
    expect("in force", ask(stage, b"rate_limited 0.01") == "rate_limited 0.01")
    hashes = [rollout(stage) for _ in range(5)]
    stage.stop()
    traced = [one for one in hashes if telemetry.root_of(sink, one)]
    expect(f"one, the first: {traced}", traced == hashes[:1])


# --- the trace of an offer


def trace_context(**headers):
    text = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return pb.CustomMessage(capability=CAPABILITY, type="trace_context", data=text.encode())


def offer_with(stage, scheme, config, **headers):
    """An offer that is part of a trace: over HTTP said in headers, over WebSocket beside it. Its fate."""
    offer, since = remote_config(config), stage.fs.now()
    if scheme == "ws":
        offer.custom_message.CopyFrom(trace_context(**headers))
        stage.fs.push(offer)
    else:
        acknowledge, waiting = stage.fs.answer, [offer]

        def answer(report):
            if not waiting:
                return acknowledge(report)
            reply = message_reply(waiting.pop())
            reply.headers.update(headers)
            return reply

        stage.fs.answer = answer
    stage.wait_report("APPLIED", config_status(APPLIED, hash_of(offer)), since)
    return hash_of(offer).hex()


@scenario_for(TRANSPORTS)
def trace_of_the_server_goes_on(stage, scheme):
    stage.scheme = scheme
    sink = begin(stage, stage.subject())
    of_config = offer_with(stage, scheme, "step: 1\n", traceparent=PARENT, tracestate="vendor=1,other=2", baggage="user=jo,team=blue")
    root = stage.wait_for("the rollout's trace", lambda: telemetry.root_of(sink, of_config))
    expect(f"it is the server's: {root}", (root["trace_id"], root["parent_span_id"], root["trace_state"]) == (TRACE, SPAN, "vendor=1,other=2"))
    tree = sink.tree(TRACE)
    expect(f"with all its parts: {tree}", tree["rollout"] == SPAN and all(parent == "rollout" for name, parent in tree.items() if name != "rollout"))
    expect("and more than that", {"config.stage", "agent.start", "agent.gate", "config.report"} <= set(tree))
    # They come in a request of their own.
    records = stage.wait_for("events of the trace", lambda: [record for record in sink.logs("config.applied") if record["trace_id"] == TRACE])
    expect("events are of the trace", len(records) == 1 and records[0]["span_id"] == root["span_id"])
    later, _ = goes_on(stage, sink, "traces")
    expect("the next one is another", later["trace_id"] != TRACE and not later["parent_span_id"] and not later["trace_state"])


@scenario
def baggage_goes_on_in_requests_while_the_rollout_is_under_way(stage):
    stage.scheme = "http"
    sink = begin(stage, stage.subject())
    of_config = offer_with(stage, "http", "step: 1\n", traceparent=PARENT, tracestate="vendor=1", baggage="user=jo")
    root = stage.wait_for("the rollout's trace", lambda: telemetry.root_of(sink, of_config))
    stage.everything()
    requests = stage.fs.requests()
    in_trace = [request for request in requests if request.headers.get("traceparent") == f"00-{TRACE}-{root['span_id']}-01"]
    expect("there are some", in_trace)
    for request in in_trace:
        expect(f"{request.headers}", (request.headers["tracestate"], request.headers["baggage"]) == ("vendor=1", "user=jo"))
    others = [request for request in requests if request not in in_trace]
    expect("no other", not any("baggage" in request.headers or TRACE in request.headers.get("traceparent", "") for request in others))
    expect("the last is past it", requests[-1] in others)


@scenario_for({
    "no identifier": f"00-{'0' * 32}-{SPAN}-01", "no span": f"00-{TRACE}-{'0' * 16}-01", "a version of none": f"ff-{TRACE}-{SPAN}-01",
    "capitals": PARENT.upper(), "too short": PARENT[:-1], "too long": PARENT + "-01", "nonsense": "x" * 5000, "nothing": ""})
def trace_that_is_none_is_a_new_one(stage, traceparent):
    sink = begin(stage)
    of_config = offer_with(stage, "ws", "step: 1\n", traceparent=traceparent, tracestate="vendor=1")
    root = stage.wait_for("the rollout's trace", lambda: telemetry.root_of(sink, of_config))
    expect(f"a new one: {root}", root["trace_id"] != TRACE and not root["parent_span_id"] and not root["trace_state"])


@scenario_for({"": "parentbased_always_on", "but for a sampler that asks nobody": "always_on"})
def trace_that_the_server_does_not_record_is_not_recorded(stage, sampler):
    sink = begin(stage, traces={"sampler": sampler})
    of_config = offer_with(stage, "ws", "step: 1\n", traceparent=f"00-{TRACE}-{SPAN}-00")
    stage.stop()
    root = telemetry.root_of(sink, of_config)
    expect(f"{root}", (root is not None and root["trace_id"] == TRACE) == (sampler == "always_on"))


@scenario
def message_about_nothing_is_no_trouble(stage):
    sink = begin(stage)
    for message in (pb.CustomMessage(capability=CAPABILITY, type="nobody knows", data=b"x"), trace_context(traceparent=PARENT),
                    pb.CustomMessage(capability=CAPABILITY, type="trace_context", data=b"\xff" * 100000)):
        stage.fs.push(S2A(custom_message=message))
    stage.everything()
    root, _ = is_told(stage, {"traces": sink})
    expect("a trace without an offer is over", root["trace_id"] != TRACE)


if __name__ == "__main__":
    run()

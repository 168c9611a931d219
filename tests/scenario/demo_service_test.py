#!/usr/bin/python3
"""The demo service: where its spans and metrics go, its config taken while it serves, and its end."""

import pathlib
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from demo_service import DemoService, Load, in_force  # noqa: E402
from peer import error_message  # noqa: E402
from rig import eventually, expect, request  # noqa: E402
from suite import main, scenario, scenario_for  # noqa: E402

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CALLER = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "other=1,vendor=x"}


def traced(*sinks, **exporter):
    """A config by which each request is a span for the sink."""
    if sinks:
        exporter["otlp"] = {"endpoint": f"http://127.0.0.1:{sinks[0].port}"} | exporter.get("otlp", {})
    return {"instrument": True, "exporter": exporter}


def updated(service, config, updates):
    """The settings in force once the service has taken them."""
    service.write(config)
    service.hang_up()
    visitor = service.visitor()
    eventually("the settings are taken", lambda: visitor.in_force()["updates"] == str(updates))
    return visitor.in_force()


@scenario
def spans_and_metrics_go_to_an_otlp_receiver(scene):
    sink = scene.sink()
    service = DemoService(scene, **traced(sink, console=False, otlp={"headers": {"X-Tenant": "blue"}}))
    visitor = service.visitor()
    visitor.ask("/?token=secret", CALLER)
    request(service.port, "POST", "/nowhere")
    service.end_well()
    expect(f"OTLP as it should be: {sink.problems()[:3]}", not sink.problems())
    span = next(span for span in sink.spans("GET /"))
    expect(f"it is in the caller's trace: {span}", (span["trace_id"], span["parent_span_id"]) == (TRACE, PARENT))
    expect("with its state", span["trace_state"] == CALLER["tracestate"] and span["kind"] == "server")
    expect("its parent is known to be of another program", span["flags"] == 0x301)
    expect("the response named it", visitor.sampled == [span["span_id"]])
    shown = span["attributes"]
    expect(f"what the request was: {shown}", shown == {
        "http.request.method": "GET", "url.scheme": "http", "url.path": "/", "server.port": service.port, "client.address": "127.0.0.1",
        "http.route": "/", "http.response.status_code": 200})
    resource = span["resource"]
    expect(f"who it is: {resource}", resource["service.name"] == "demo-service" and resource["process.pid"] == service.pid)
    expect("and which one of them", len(resource["service.instance.id"]) == 36 and resource["service.version"])
    expect("an unknown path gives no name", sink.spans("POST")[0]["attributes"]["http.response.status_code"] == 404)
    sent = sink.requests("traces")[0]
    expect("with the header, compressed", sent["headers"]["x-tenant"] == "blue" and sent["content_encoding"] == "gzip")
    expect("the console has none", not service.printed_spans())
    durations = {point["attributes"].get("http.route"): point for point in sink.points("http.server.request.duration")}
    expect(f"durations are measured: {durations}", durations["/"]["count"] == 1 and durations["/"]["unit"] == "s")
    expect("also where there is no route", durations[None]["attributes"] == {
        "http.request.method": "POST", "http.response.status_code": 404, "url.scheme": "http"})


@scenario
def exporters_are_console_otlp_or_both(scene):
    sink = scene.sink()
    service = DemoService(scene, **traced())
    visitor = service.visitor()

    def after_one_request():
        visitor.ask()
        printed = [span["span_id"] for span in service.printed_spans()]
        return visitor.sampled[-1] in printed

    expect("the console has it", after_one_request())
    updated(service, traced(sink), 1)
    expect("the console has it", after_one_request())
    both = visitor.sampled[-1]
    updated(service, traced(sink, console=False), 2)
    expect("the console does not have it", not after_one_request())
    otlp = visitor.sampled[-1]
    updated(service, traced(), 3)
    expect("the console has it", after_one_request())
    visitors_spans = set(visitor.sampled)
    eventually("the receiver has those of its time", lambda: {both, otlp} <= {span["span_id"] for span in sink.spans()})
    expect("and no other", {span["span_id"] for span in sink.spans()} & visitors_spans == {both, otlp})
    service.end_well()


@scenario
def wrong_settings_are_said_to_be_so_and_the_old_ones_stay(scene):
    service = DemoService(scene, instrument=True, sampler="always_off")
    service.write("instrument: true\nsampler: {type: traceidratio, ratio: 2}\n")
    service.hang_up()
    visitor = service.visitor()
    eventually("it has been read", lambda: visitor.in_force()["failed_updates"] == "1")
    told = service.program.text()
    expect(f"why, and where: {told}", "service.yaml': line 2: sampler.ratio: '2' is not a ratio" in told)
    before = visitor.in_force()
    expect(f"the old ones stay: {before}", before["sampler"] == "always_off" and before["updates"] == "0")
    expect("and count again once they are right", updated(service, {"instrument": False}, 1)["instrument"] == "false")
    service.end_well()


@scenario
def headers_of_the_exporter_are_not_shown(scene):
    service = DemoService(scene, exporter={"otlp": {"endpoint": "http://127.0.0.1:1", "headers": {"authorization": "Bearer hunter2"}}})
    shown = service.visitor().ask("/config").text
    expect(f"their names are: {shown}", "headers: [authorization]" in shown and "hunter2" not in shown)
    service.end_well()
    expect("nor printed", "hunter2" not in service.program.text())


@scenario
def variables_say_what_the_file_does_not(scene):
    sink, other = scene.sink(), scene.sink()
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{sink.port}", "OTEL_SERVICE_NAME": "shop",
                 "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test", "OTEL_TRACES_SAMPLER": "sometimes"}
    service = DemoService(scene, variables, instrument=True)
    told = service.program.text()
    expect(f"a wrong one is named: {told}", "OTEL_TRACES_SAMPLER" in told)
    visitor = service.visitor()
    visitor.ask()
    eventually("the span arrives", lambda: sink.spans("GET /"))
    resource = sink.spans("GET /")[0]["resource"]
    expect(f"of who they say: {resource}", (resource["service.name"], resource["deployment.environment.name"]) == ("shop", "test"))
    updated(service, traced(other), 1)
    visitor.ask()
    eventually("the file goes before them", lambda: other.spans("GET /"))
    service.end_well()
    expect("and only there", len(sink.spans("GET /")) == 1)


@scenario_for({"in its head": b"GET / HT", "not at all": b""})
def request_that_has_begun_is_answered_and_exported_at_the_end(scene, begun):
    sink = scene.sink()
    service = DemoService(scene, **traced(sink))
    whole = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.port), 10) as connection:
        connection.sendall(whole)
        served = b""
        while not served.endswith(b"instrumented: yes\n"):
            served += connection.recv(4096)
        connection.sendall(begun)
        service.program.process.terminate()
        eventually("it takes no new connections", lambda: refuses(service.port))
        connection.sendall(whole[len(begun):] if begun else b"")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    expect(f"it is answered: {answer}", answer.startswith(b"HTTP/1.1 200") and b"Connection: close" in answer if begun else not answer)
    service.end_well()
    expect("and exported", len(sink.spans("GET /")) == (2 if begun else 1))


def refuses(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except ConnectionRefusedError:
        return True
    return False


@scenario
def receiver_that_does_not_answer_delays_the_end_for_seconds_only(scene):
    sink = scene.sink()
    service = DemoService(scene, **traced(sink))
    sink.behave(delay_ms=60000, times=-1)
    service.visitor().ask()
    code = service.program.stop(limit=10)
    expect(f"exit code 0, not {code}", code == 0)


@scenario
def what_a_receiver_has_put_off_is_tried_once_more_at_the_end(scene):
    sink = scene.sink()
    service = DemoService(scene, **traced(sink))
    sink.behave(status=503, retry_after="60", signal="traces")
    service.visitor().ask()
    eventually("it is put off", lambda: any(one["status"] == 503 for one in sink.requests("traces")))
    service.end_well()
    expect("and arrives", len(sink.spans("GET /")) == 1)


# --- as an agent -----------------------------------------------------------------------------------------------------------


@scenario
def remote_config_changes_instrument_sampler_and_exporter_of_a_running_service(scene):
    sink = scene.sink()
    peer = scene.begin(scene.reloading_demo_service())
    pid, load = scene.pid(), Load(scene.service_port)
    load.allow(1 << 16)
    steps = [("instrument: true\n", {"instrument": "true", "sampler": "parentbased_always_on"}),
             ("instrument: true\nsampler: {type: rate_limited, per_second: 5}\n", {"sampler": "rate_limited 5"}),
             (f"instrument: true\nsampler: always_on\nexporter:\n  otlp: {{endpoint: 'http://127.0.0.1:{sink.port}'}}\n",
              {"sampler": "always_on", "console": "true"}),
             (f"instrument: true\nexporter: {{console: false, otlp: {{endpoint: 'http://127.0.0.1:{sink.port}'}}}}\n",
              {"sampler": "parentbased_always_on", "console": "false"})]
    before = int(in_force(scene.service_port)["updates"])
    for number, (config, wanted) in enumerate(steps, 1):
        scene.offer(config)
        now = in_force(scene.service_port)
        expect(f"it is in force: {now}", wanted.items() <= now.items())
        expect("and counted", int(now["updates"]) == before + number)
    expect("the process is the same", scene.pid() == pid and len(scene.starts()) == 1)
    eventually("spans arrive", lambda: sink.spans("GET /"))
    identity = sink.spans()[0]["resource"]["service.instance.id"]
    expect(f"of the agent that the server knows: {identity}",
           any(identity.replace("-", "") in str(message).replace("-", "") for message in peer.messages()))
    expect(f"no request was refused: {load.trouble}", load.trouble is None and load.visitor.answered)
    load.is_over = True
    load.join(20)


@scenario
def settings_that_the_service_does_not_take_are_failed_with_its_reason(scene):
    scene.begin(scene.reloading_demo_service())
    scene.offer("instrument: true\n")
    told = error_message(scene.offer("instrument: true\nsampler: sometimes\n", "FAILED"))
    expect(f"why: {told}", "line 2: sampler: there is no sampler 'sometimes'" in told)
    scene.wait_for("the settings before", lambda: in_force(scene.service_port)["instrument"] == "true")


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""Health and metrics over HTTP on this machine, with and without a receiver of telemetry."""

import json
import os
import pathlib
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from ctl import await_answers, ctl, the_agent  # noqa: E402
from exposition import check_with_promtool, parse, value  # noqa: E402
from rig import expect, free_port, request  # noqa: E402
from suite import main, scenario, scenario_for  # noqa: E402


def begin(scene, agent=None, **sections):
    """The endpoint's port."""
    port = free_port()
    scene.begin(agent or scene.probed(), healthcheck={"endpoint": f"127.0.0.1:{port}"}, **sections)
    scene.wait_for_event("healthcheck.opened", endpoint=f"127.0.0.1:{port}")
    return port


def health(port, path="/health"):
    answer = request(port, "GET", path)
    expect(f"JSON: {answer}", answer.headers["Content-Type"] == "application/json")
    return answer.status, json.loads(answer.text)


def metrics(port):
    answer = request(port, "GET", "/metrics")
    expect(f"its type: {answer}", answer.status == 200 and answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
    return parse(answer.text)


# --- health --------------------------------------------------------------------------------------------------------------

@scenario
def health_is_200_while_the_agent_is_healthy_and_503_with_the_reason_while_not(scene):
    port = begin(scene)
    well = (200, {"healthy": True, "agents": [{"name": "agent", "phase": "running", "healthy": True, "reason": ""}]})
    expect("well", health(port) == health(port, "/") == well)
    sick = scene.folder / "sick"
    sick.touch()
    status, told = scene.wait_for("503", lambda: (answer := health(port))[0] == 503 and answer)
    expect(f"why: {told}", not told["healthy"] and not told["agents"][0]["healthy"] and "503" in told["agents"][0]["reason"])
    expect("on both paths", health(port, "/")[0] == 503)
    sick.unlink()
    scene.wait_for("well again", lambda: health(port) == well)


@scenario
def one_agent_that_is_not_healthy_is_told_from_the_others(scene):
    port = free_port()
    settings = {"min_uptime": "50ms", "restart": {"initial_backoff": "1h", "max_backoff": "1h"}}
    scene.configure(healthcheck={"endpoint": f"127.0.0.1:{port}"}, agents={
        "good": {**scene.idle(), **settings, "config_path": "good.yaml"},
        "bad": {"executable": scene.agent("crash_at_start.sh"), **settings, "config_path": "bad.yaml"}})
    scene.start()
    scene.wait_for("the good one", lambda: [one["healthy"] for one in health(port)[1]["agents"]].count(True) == 1)
    told = scene.wait_for("the bad one waits", lambda: (answer := health(port)[1]["agents"]) and answer[1]["phase"] == "backing_off" and answer)
    expect(f"each by its name: {told}", [(one["name"], one["healthy"]) for one in told] == [("good", True), ("bad", False)])
    expect(f"with its reason: {told}", "exit code" in told[1]["reason"])
    expect("together", health(port)[0] == 503)


@scenario
def agent_that_is_meant_to_be_down_is_well(scene):
    port = begin(scene)
    await_answers(scene)
    ctl(scene, "stop", "agent")
    scene.wait_for("it is down", lambda: the_agent(scene)["phase"] == "down")
    status, told = health(port)
    expect(f"stopped by the operator: {told}", status == 200 and told["agents"][0]["reason"] == "stopped by opampctl")
    ctl(scene, "start", "agent")
    scene.wait_for("it runs", lambda: the_agent(scene)["healthy"])
    scene.offer_files({})
    status, told = scene.wait_for("no config", lambda: (answer := health(port))[1]["agents"][0]["phase"] == "down" and answer)
    expect(f"without a config: {told}", status == 200 and told["agents"][0]["reason"] == "there is no config to run with")


# --- the address -----------------------------------------------------------------------------------------------------------

@scenario
def other_paths_and_methods_are_refused(scene):
    port = begin(scene)
    expect("another path", request(port, "GET", "/metrics/x").status == 404 and request(port, "POST", "/v1/traces", b"x").status == 404)
    for path in ("/health", "/", "/metrics"):
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            refused = request(port, method, path)
            expect(f"{method} {path}: {refused}", refused.status == 405 and refused.headers["Allow"] == "GET, HEAD")
        head, whole = request(port, "HEAD", path), request(port, "GET", path + "?verbose")
        expect(f"HEAD {path}: {head}", head.status == whole.status == 200 and head.text == "" and int(head.headers["Content-Length"]) > 0)


@scenario
def port_in_use_is_told_once_and_the_agents_run(scene):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        scene.begin(scene.probed(), healthcheck={"endpoint": address})
        told = scene.wait_for_event("healthcheck.listen_failed", level="error", endpoint=address)
        expect(f"why: {told}", "in use" in told["error"])
        await_answers(scene)
        scene.offer("good: 1\n")
        expect("once", len(scene.events("healthcheck.listen_failed")) == 1)


def listening(pid):
    """The ports that a process listens on."""
    own = set()
    for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with_target = os.readlink(descriptor) if os.path.lexists(descriptor) else ""
        own.add(with_target.removeprefix("socket:[").removesuffix("]"))
    rows = [line.split() for table in ("tcp", "tcp6") for line in pathlib.Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]]
    return [int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == "0A" and row[9] in own]


@scenario_for({"without the key": {}, "with port 0": {"healthcheck": {"endpoint": "127.0.0.1:0"}}})
def nothing_listens(scene, sections):
    scene.begin(scene.probed(), **sections)
    await_answers(scene)
    expect(f"no port: {listening(scene.daemon.pid)}", listening(scene.daemon.pid) == [])
    expect("nothing is said of it", not [event for event in scene.events() if event["event"].startswith("healthcheck.")])


@scenario
def many_slow_and_rude_clients_cost_little_and_are_let_go(scene):
    port = begin(scene)
    expect("one port", listening(scene.daemon.pid) == [port])
    descriptors = lambda: len(os.listdir(f"/proc/{scene.daemon.pid}/fd"))  # noqa: E731
    before = descriptors()
    clients = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(200)]
    for client in clients:
        try:
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        except OSError:
            pass  # one too many
    scene.wait_for("it has as many as it takes", lambda: descriptors() - before >= 32)
    scene.offer("good: 1\n")  # the agent's life goes on
    expect(f"a bounded number: {descriptors() - before}", descriptors() - before <= 40)
    for client in clients:
        client.close()
    scene.wait_for("all are let go", lambda: descriptors() <= before + 2)
    rude = (b"POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", b"\0" * 100000, b"GET " + b"/" * 100000,
            b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", b"GET /health HTTP/9.9\r\n\r\n")
    for bytes_sent in rude:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            try:
                client.sendall(bytes_sent)
                answer = client.recv(100)
            except OSError:
                answer = b""  # closed over what it still had to say
        expect(f"no success: {answer}", not answer or answer.split()[1][:1] == b"4")
    expect("who asks well is answered", health(port)[0] == 200)


# --- metrics ---------------------------------------------------------------------------------------------------------------

@scenario
def metrics_are_there_without_any_receiver(scene):
    port = begin(scene)
    scene.offer("good: 1\n")
    scene.wait_for("the rollout", lambda: "opampd_rollout_duration_seconds" in metrics(port))
    text = request(port, "GET", "/metrics").text
    check_with_promtool(text)
    families = parse(text)
    expect("opampd's version", value(families, "target_info", service_name="opampd", service_version=version(scene)) == 1)
    expect("health", value(families, "opampd_agent_healthy_ratio", agent="agent") == 1)
    expect("the connection", value(families, "opampd_server_connected_ratio", agent="agent") == 1)
    expect("the rollout", value(families, "opampd_rollout_duration_seconds", agent="agent", outcome="applied") == 1)
    for program in ("probed.py", "opampd"):
        expect(program, value(families, "process_memory_usage_bytes", agent="agent", process_executable_name=program) > 0)
    again = scene.wait_for("time passes", lambda: (now := metrics(port)) and value(now, "opampd_agent_uptime_seconds", agent="agent")
                           > value(families, "opampd_agent_uptime_seconds", agent="agent") and now)
    for name, family in families.items():
        if family.type == "counter":
            expect(f"{name} never goes down", all(again[name].samples[series] >= number for series, number in family.samples.items()))


def version(scene):
    return scene.run("--version").stdout.split()[1]


@scenario
def series_of_several_agents_have_their_names(scene):
    port = free_port()
    scene.configure(healthcheck={"endpoint": f"127.0.0.1:{port}"},
                    agents={name: {**scene.idle(), "min_uptime": "50ms", "config_path": f"{name}.yaml"} for name in ("a", "b")})
    scene.start()
    scene.wait_for("both are healthy", lambda: health(port)[0] == 200)
    scene.wait_for("their series", lambda: all(value(metrics(port), "opampd_agent_healthy_ratio", agent=name) == 1 for name in "ab"))


@scenario
def asking_does_not_disturb_what_is_sent_over_otlp(scene):
    sink = scene.sink()
    port = begin(scene, telemetry={"endpoint": sink.base_url, "metrics": {"interval": "100ms"}})

    def sent(count):
        points = [point for point in sink.points("opampd.server.messages")
                  if point["attributes"]["network.io.direction"] == "transmit"]
        return points if points and points[-1]["value"] >= count else None

    def told():
        return value(metrics(port), "opampd_server_messages_total", agent="agent", network_io_direction="transmit")

    for number in range(3):
        before = told()
        scene.offer(f"good: {number}\n")
        scene.wait_for("counted there", lambda: told() > before)
        scene.wait_for("and here", lambda: sent(before + 1))
    points = sent(0)
    values = [point["value"] for point in points]
    expect(f"cumulative from one begin: {values}", values == sorted(values) and len({point["start"] for point in points}) == 1)
    expect("no problem", not sink.problems())


if __name__ == "__main__":
    main()

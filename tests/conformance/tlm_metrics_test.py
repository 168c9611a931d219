#!/usr/bin/python3
"""Group TLM, own metrics: how often, of what, and under which names."""

import re
import time

import stage as stage_module  # noqa: F401  (finds tests/support)
from rig import expect
from stage import run
from suite import conformance
from telemetry import accept, begin, goes_on, to

# OpenTelemetry, "Semantic conventions for OS process metrics": {name: (unit, instrument, attributes of its own)}
COUNTER, UP_DOWN_COUNTER, GAUGE = ("sum", True), ("sum", False), ("gauge", False)
CONVENTIONS = {
    "process.cpu.time": ("s", COUNTER, {"cpu.mode": {"user", "system"}}),
    "process.memory.usage": ("By", UP_DOWN_COUNTER, {}),
    "process.memory.virtual": ("By", UP_DOWN_COUNTER, {}),
    "process.thread.count": ("{thread}", UP_DOWN_COUNTER, {}),
    "process.unix.file_descriptor.count": ("{file_descriptor}", UP_DOWN_COUNTER, {}),
    "process.uptime": ("s", GAUGE, {}),
    "process.disk.io": ("By", COUNTER, {"disk.io.direction": {"read", "write"}}),
}
DAEMON = "opampd"


@conformance("[TLM-6] the interval of the settings counts")
def interval(stage):
    begin(stage, telemetry={"metrics": {"interval": "1s"}})
    sink = stage.sink()
    accept(stage, **to(sink, "metrics"))
    stage.wait_for("four exports", lambda: len(sink.requests("metrics")) >= 4)
    times = [one["at_unix_nano"] / 1e9 for one in sink.requests("metrics")[:4]]
    expect(f"a second: {times}", all(0.9 < later - earlier < 3 for earlier, later in zip(times, times[1:])))


def executables(points):
    return {point["attributes"].get("process.executable.name") for point in points}


@conformance("[TLM-7] [TLM-8] the agent's process and opampd's own are told by the process conventions")
def processes(stage):
    begin(stage, stage.subject())
    sink = stage.sink()
    accept(stage, **to(sink, "metrics"))
    wanted = {DAEMON, "subject.py"}
    stage.wait_for("both processes", lambda: wanted <= executables(sink.points("process.cpu.time")))
    found = {name: points for name, points in sink.metrics().items() if name.startswith("process.")}
    expect(f"by these names: {set(found)}", set(CONVENTIONS) - {"process.disk.io"} <= set(found) <= set(CONVENTIONS))
    for name, points in found.items():
        unit, instrument, attributes = CONVENTIONS[name]
        for point in points:
            what = f"{name}: {point}"
            expect(what, point["unit"] == unit and point["description"] and (point["type"], point["monotonic"]) == instrument)
            expect(what, point["temporality"] in ("", "cumulative"))
            own = {key: value for key, value in point["attributes"].items() if key != "process.executable.name"}
            expect(what, set(own) == set(attributes) and all(value in attributes[key] for key, value in own.items()))
            expect(what, point["value"] >= 0)
        for executable in wanted - ({DAEMON} if name == "process.disk.io" else set()):
            expect(f"{name} of {executable}", executable in executables(points))


@conformance("[TLM-7] what they say is true: the agent's memory and threads, its uptime after a new start, and time that does not run back")
def process_values(stage):
    begin(stage, stage.subject())
    sink = stage.sink()
    accept(stage, **to(sink, "metrics"))

    def newest(name, executable="subject.py"):
        return max((point for point in sink.points(name) if point["attributes"]["process.executable.name"] == executable),
                   key=lambda point: point["time"], default=None)

    stage.wait_for("memory", lambda: newest("process.memory.usage"))
    told, known = newest("process.memory.usage")["value"], resident(stage.pid())
    expect(f"memory: {told} of {known}", known / 2 < told < known * 2)
    expect("threads", newest("process.thread.count")["value"] == status_of(stage.pid(), "Threads"))
    daemon = newest("process.memory.usage", DAEMON)["value"]
    expect(f"the daemon's memory: {daemon}", resident(stage.daemon.pid) / 2 < daemon < resident(stage.daemon.pid) * 2)
    before = time.time_ns()
    stage.heal()
    stage.wait_for("the new process began after that", lambda: began(newest("process.uptime")) > before)

    def told_times(mode):
        series = [point for point in sink.points("process.cpu.time")
                  if point["attributes"] == {"process.executable.name": "subject.py", "cpu.mode": mode}]
        return [point["value"] for point in sorted(series, key=lambda point: point["time"])]

    for mode in ("user", "system"):
        stage.wait_for("some of its time", lambda: len(told_times(mode)) > 2)
        values = told_times(mode)
        expect(f"it does not run back: {values}", values == sorted(values))


def began(uptime):
    """The process, by a point that says how long it runs."""
    return uptime["time"] - uptime["value"] * 1e9


def status_of(pid, key):
    text = open(f"/proc/{pid}/status").read()
    return int(re.search(rf"^{key}:\s+(\d+)", text, re.MULTILINE)[1])


def resident(pid):
    return status_of(pid, "VmRSS") * 1024


@conformance("[TLM-7] the state of the agent has metrics of its own")
def states(stage):
    fs = begin(stage, stage.subject())
    sink = stage.sink()
    accept(stage, **to(sink))
    goes_on(stage, sink)
    stage.heal()

    def total(name, **attributes):
        points = [point for point in sink.points(name) if attributes.items() <= point["attributes"].items()]
        newest = max((point["time"] for point in points), default=0)
        return sum(point["value"] if point["value"] is not None else point["count"] for point in points if point["time"] == newest)

    stage.wait_for("the restart after the crash", lambda: total("opampd.agent.restarts", reason="crash") == 1)
    expect("the one for the config", total("opampd.agent.restarts", reason="config") == 1)
    stage.wait_for("the rollout", lambda: total("opampd.rollout.duration", kind="config", outcome="applied") == 1)
    stage.wait_for("probes", lambda: total("opampd.probe.duration") > 2)
    stage.wait_for("health", lambda: total("opampd.agent.healthy") == 1)
    stage.wait_for("uptime", lambda: total("opampd.agent.uptime") > 0)
    expect("the connection", total("opampd.server.connected") == 1 and total("opampd.server.connection_attempts") == 1)
    stage.everything()
    sent, received = len(fs.reports), sum(len(report.raw) for report in fs.reports)
    stage.wait_for("messages and bytes", lambda: total("opampd.server.messages", **{"network.io.direction": "transmit"}) >= sent
                   and total("opampd.server.io", **{"network.io.direction": "transmit"}) >= received)
    expect("what has come", total("opampd.server.messages", **{"network.io.direction": "receive"}) > 0)
    for name, points in sink.metrics().items():
        expect(f"{name} has a unit and a description", all(point["unit"] and point["description"] for point in points))


if __name__ == "__main__":
    run()

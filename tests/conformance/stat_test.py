#!/usr/bin/python3
"""Group STAT: what is reported, when, and what it says."""

import time

import stage as stage_module  # noqa: F401  (finds tests/support)
from protocol import attributes, flagged, has, is_full, is_healthy, is_unhealthy, parts, uid_text
from rig import expect
from scene import LONG, merged
from stage import SOON, TRANSPORTS, run
from suite import conformance

CONFIG = "instrument: true\n"
PARTS = {"agent_description", "health", "effective_config", "remote_config_status"}
CONVENTIONS = ("service.", "host.", "os.", "process.", "deployment.", "cloud.", "telemetry.")
OUR_OWN = "opampd."  # what has no name there is in a space of its own


@conformance("[STAT-1] the first message is a full report", TRANSPORTS)
def first_is_full(stage, scheme):
    stage.scheme = scheme
    fs = stage.begin()
    expect(f"{fs.messages()[0]}", PARTS <= parts(fs.messages()[0]))


@conformance("[STAT-2] [RETRY-3] a server that never answers is neither flooded nor waited for without an end")
def silent_server(stage):
    stage.serve(answer=lambda report: None)
    fs = stage.begin(server={"heartbeat_interval": "200ms"})
    since, connections = fs.now(), len(fs.connections)
    begin = time.monotonic()
    stage.wait_for("more messages", lambda: fs.now() >= since + 5)
    expect("no faster than the interval", time.monotonic() - begin > 0.5)
    expect("no tight loop of connections", len(fs.connections) <= connections + 1)
    stage.kill_agent()
    stage.wait_report("changes are reported", is_unhealthy, since)


@conformance("[STAT-3] what is known after a new connection is the present state")
def after_reconnect(stage):
    fs = stage.begin()
    stage.apply(CONFIG)
    since = fs.now()
    fs.latest().reset()
    first = stage.wait_report("the first on the new connection", since=since)
    expect(f"full: {first}", PARTS <= parts(first))
    expect("as it is", first.effective_config.config_map.config_map[""].body.decode() == CONFIG)


@conformance("[STAT-4] each change is reported: a crash, the recovery, a config", TRANSPORTS)
def changes(stage, scheme):
    stage.scheme = scheme
    fs = stage.begin(stage.probed())
    since = fs.now()
    (stage.folder / "sick").touch()
    stage.wait_report("unhealthy by its probe", is_unhealthy, since)
    since = fs.now()
    (stage.folder / "sick").unlink()
    stage.wait_report("healthy by its probe", is_healthy, since)
    since = fs.now()
    stage.kill_agent()
    crash = stage.wait_report("the crash", is_unhealthy, since)
    expect(f"why: {crash}", "9" in crash.health.last_error or "KILL" in crash.health.last_error)
    stage.wait_report("the recovery", is_healthy, since)
    since = fs.now()
    stage.apply(CONFIG)
    stage.wait_report("the config", has("effective_config"), since)


@conformance("[STAT-5] [CFG-7] nothing is said because the server said something")
def nothing_for_nothing(stage):
    fs = stage.begin()
    stage.everything()
    said = fs.now()
    for _ in range(20):
        fs.latest().send(fs.acknowledge(fs.reports[-1]))
    stage.everything()
    expect(f"nothing in between: {fs.messages(said)}", fs.now() == said + 1)


@conformance("[STAT-7] [CFG-6] a part that has changed is sent whole")
def whole_parts(stage):
    fs = stage.begin()
    since = fs.now()
    stage.kill_agent()
    health = stage.wait_report("health", is_healthy, since).health
    expect(f"with all it has: {health}", health.start_time_unix_nano and health.status_time_unix_nano and health.healthy)
    stage.apply(CONFIG)
    stage.apply({"": CONFIG, "b.yaml": "b: 2\n"})
    since = fs.now()
    stage.apply({"": CONFIG, "b.yaml": "b: 3\n"})
    config = stage.wait_report("the config", has("effective_config"), since).effective_config
    body = next(iter(config.config_map.config_map.values())).body.decode()
    expect(f"also what has not: {body}", "instrument: true" in body and "b: 3" in body)


@conformance("[STAT-8] one request for the full state is answered by one full report", TRANSPORTS)
def full_state(stage, scheme):
    stage.scheme = scheme
    fs = stage.begin()
    stage.apply(CONFIG)
    for _ in range(3):
        since = fs.now()
        fs.push(flagged())
        full = stage.wait_report("a full report", is_full, since)
        expect(f"every part: {parts(full)}", PARTS <= parts(full))
        expect("one", sum(map(is_full, fs.messages(since))) == 1)


@conformance("[STAT-9] [STAT-11] [STAT-12] the description has the conventions' names, and those of the settings")
def description(stage):
    own = {"identifying_attributes": {"service.version": "1.2.3", "service.namespace": "shop"},
           "non_identifying_attributes": {"deployment.environment": "test", "team": "blue"}}
    fs = stage.begin(stage.idle() | {"description": own})
    first = fs.messages()[0]
    who, what = attributes(first.agent_description.identifying_attributes), attributes(first.agent_description.non_identifying_attributes)
    expect(f"{who}", {"service.name", "service.version", "service.instance.id", "service.namespace"} <= set(who))
    expect("its id is its uid", who["service.instance.id"] == uid_text(first))
    expect("as the settings say", who["service.version"] == "1.2.3" and what["deployment.environment"] == "test" and what["team"] == "blue")
    expect(f"{what}", {"os.type", "host.name"} <= set(what))
    expect("os.version where known", "os.version" in what or "os.description" in what)
    ours = (set(who) | set(what)) - {"team"}
    expect(f"by the conventions: {ours}", all(name.startswith((*CONVENTIONS, OUR_OWN)) for name in ours))


@conformance("[STAT-10] two agents on one host can be told apart by what identifies them")
def identities(stage):
    fs = stage.serve()
    stage.configure(agents={name: {**stage.idle(), "config_path": f"{name}.yaml"} for name in ("a", "b")})
    stage.start()
    stage.wait_for("both", lambda: len({message.instance_uid for message in fs.messages()}) >= 2)
    sets = {tuple(sorted(attributes(message.agent_description.identifying_attributes).items())) for message in fs.messages() if is_full(message)}
    expect(f"{sets}", len(sets) == 2)


@conformance("[STAT-13] [STAT-15] [STAT-16] an agent that crashes at its start is not healthy, has not started, and says why")
def crash_loop(stage):
    fs = stage.serve()
    stage.configure({"executable": stage.agent("crash_at_start.sh"), "restart": {"initial_backoff": LONG, "max_backoff": LONG}})
    stage.start()
    stage.wait_for_phase("backing_off", 2)  # the first restart is immediate
    stage.wait_report("the first report, which may be older", is_full)
    health = stage.everything().health
    expect(f"{health}", not health.healthy and health.start_time_unix_nano == 0 and health.last_error)
    expect("never healthy before", not any(map(is_healthy, fs.messages())))
    for message in fs.messages():
        if is_unhealthy(message):
            expect(f"always with a reason: {message}", message.health.last_error)


@conformance("[STAT-13] an agent whose probe fails is not healthy, and one whose probe succeeds is")
def probe_decides(stage):
    fs = stage.serve()
    (stage.folder / "sick").touch()
    stage.configure(stage.probed())
    stage.start()
    stage.wait_for("it was probed", lambda: "probed" in stage.agent_log())
    expect("not healthy", not stage.everything().health.healthy)
    since = fs.now()
    expect("never before", not any(map(is_healthy, fs.messages())))
    (stage.folder / "sick").unlink()
    stage.wait_report("healthy", is_healthy, since)


@conformance("[STAT-14] [STAT-15] [STAT-17] the start is told to the nanosecond, stays, is newer after a restart, and 0 with no agent")
def times(stage):
    fs = stage.serve()
    before = time.time_ns()
    stage.begin()
    first = stage.everything().health
    expect(f"since the test began: {first}", before - 10**7 <= first.start_time_unix_nano <= time.time_ns())
    expect("observed since then", first.start_time_unix_nano <= first.status_time_unix_nano <= time.time_ns())
    expect("it stays", stage.everything().health.start_time_unix_nano == first.start_time_unix_nano)
    since, killed = fs.now(), time.time_ns()
    stage.kill_agent()
    death = stage.wait_report("the death", is_unhealthy, since).health
    # A server that reads slowly hears of the death and of the next start at once.
    expect(f"not that process any more: {death}", death.start_time_unix_nano == 0 or death.start_time_unix_nano > killed)
    expect("observed after it happened", killed - 10**7 <= death.status_time_unix_nano <= time.time_ns())
    second = stage.wait_report("healthy again", is_healthy, since).health
    expect(f"newer: {second}", second.start_time_unix_nano >= killed - 10**7)
    stage.stop()
    last = fs.messages()[-1].health
    expect(f"0 at the end: {last}", not last.healthy and last.start_time_unix_nano == 0)


def part_is(name, healthy):
    """Of the component of that name."""
    def fits(message):
        parts = message.health.component_health_map if message.HasField("health") else {}
        return name in parts and parts[name].healthy == healthy
    return fits


@conformance("[STAT-18] [STAT-4] [STAT-13] [STAT-16] what is probed stands below the whole, and each change of it is told", TRANSPORTS)
def components(stage, scheme):
    stage.scheme = scheme
    disk = {"type": "command", "command": ["test", "!", "-e", "full"], "interval": SOON}
    fs = stage.begin(merged(stage.probed(), {"health": None}) | {"health": {"probes": {"api": stage.probe("/"), "disk": disk}}})
    whole = stage.wait_report("healthy", is_healthy).health
    expect(f"each below it: {whole}", {"api", "disk"} == set(whole.component_health_map))
    for part in whole.component_health_map.values():
        expect(f"with all it has: {part}", part.healthy and part.status and part.start_time_unix_nano == whole.start_time_unix_nano
               and whole.start_time_unix_nano <= part.status_time_unix_nano <= time.time_ns())
    since, hurt = fs.now(), time.time_ns()
    (stage.folder / "full").touch()
    ill = stage.wait_report("ill as a whole", is_unhealthy, since).health
    part = ill.component_health_map["disk"]
    expect(f"by one of them: {ill}", not part.healthy and "exit code 1" in part.last_error and "disk" in ill.last_error)
    expect("observed after it happened", part.status_time_unix_nano >= hurt - 10**7)
    expect("the other as it was", ill.component_health_map["api"] == whole.component_health_map["api"])
    since = fs.now()
    (stage.folder / "full").unlink()
    healed = stage.wait_report("well", part_is("disk", True), since)
    expect(f"no error is left: {healed.health}", not healed.health.component_health_map["disk"].last_error)
    said = fs.now()
    stage.let_probes_pass(5)
    expect(f"good answers are no news: {fs.messages(said)}", not any(message.HasField("health") for message in fs.messages(said)[2:]))
    expect("all of it in a full report", set(stage.everything().health.component_health_map) == {"api", "disk"})


@conformance("[STAT-16] the reason is a valid text, whatever the agent has printed")
def reason_is_text(stage):
    script = stage.folder / "noisy.sh"
    script.write_text("#!/bin/sh\nprintf '\\377\\376\\200bad\\n' >&2\nexit 4\n")
    script.chmod(0o755)
    fs = stage.serve()
    stage.configure({"executable": str(script), "restart": {"initial_backoff": LONG, "max_backoff": LONG}})
    stage.start()
    stage.wait_for_phase("backing_off", 2)  # the first restart is immediate
    stage.wait_report("the first report, which may be older", is_full)
    health = stage.everything().health
    expect(f"{health}", not health.healthy and "4" in health.last_error)
    expect("all could be decoded", not fs.garbage)


if __name__ == "__main__":
    run()

#!/usr/bin/python3
"""Agents that are probed in several ways, those that tell by themselves how they are, and those that flap."""

import os
import pathlib
import pwd
import shutil
import signal
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import error_message, health_is, last_error_has  # noqa: E402
from rig import expect, is_alive, request  # noqa: E402
from scene import LONG, merged  # noqa: E402
from suite import main, scenario, scenario_for  # noqa: E402

QUICK = "100ms"


def telling(scene, *arguments, **more):
    """See tests/agents/telling.py."""
    return merged({"executable": scene.agent("telling.py"), "args": [str(scene.service_port), *arguments],
                   "config_apply_timeout": "10s"}, more)


def post(scene, path, body):
    request(scene.service_port, "POST", path, body)


def probes(**named):
    return {"probes": {name: {"interval": QUICK, **probe} for name, probe in named.items()}}


def url(scene, path="/"):
    return f"http://127.0.0.1:{scene.service_port}{path}"


def variables_of(pid):
    lines = pathlib.Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(line.split("=", 1) for line in lines if line)


def parts(message):
    return message["health"].get("component_health_map", {})


def part_is(name, healthy, words=""):
    """Of the component of that name."""
    def fits(message):
        part = parts(message).get(name) if "health" in message else None
        return part is not None and part.get("healthy", False) == healthy and words in part.get("last_error", "")
    return fits


def status_is(words):
    return lambda message: words in message.get("health", {}).get("status", "")


# --- several probes


@scenario
def all_probes_have_to_be_well_and_each_is_a_component(scene):
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    named = probes(api={"type": "http", "endpoint": url(scene)}, port={"type": "tcp", "endpoint": f"127.0.0.1:{port}"},
                   socket={"type": "unix", "endpoint": str(scene.folder / "agent.sock")},
                   queue={"type": "command", "command": ["test", "!", "-e", "broken"]},
                   beat={"type": "file", "file": "beat", "max_age": "1s"}, alive={"type": "process"})
    peer = scene.begin(telling(scene, health=named))
    first = scene.wait_for_message("healthy", health_is(True))
    expect(f"each is there: {parts(first)}", set(parts(first)) == {"api", "port", "socket", "queue", "beat", "alive"})
    for name, part in parts(first).items():
        expect(f"{name} is well: {part}", part["healthy"] and part["status"] == "up" and not part.get("last_error"))
        expect("with its times", part["start_time_unix_nano"] == first["health"]["start_time_unix_nano"]
               and part["status_time_unix_nano"])

    away = scene.folder / "away"
    ills = {"api": ((scene.folder / "sick").touch, (scene.folder / "sick").unlink, "HTTP 503"),
            "queue": ((scene.folder / "broken").touch, (scene.folder / "broken").unlink, "exit code 1"),
            "beat": ((scene.folder / "stuck").touch, (scene.folder / "stuck").unlink, "was not written for more than 1s"),
            "socket": (lambda: (scene.folder / "agent.sock").rename(away), lambda: away.rename(scene.folder / "agent.sock"), "agent.sock")}
    for name, (hurt, heal, words) in ills.items():
        since = peer.now()
        hurt()
        ill = scene.wait_for_message(f"ill by {name}", lambda message: last_error_has(f"{name}: ")(message) and health_is(False)(message), since)
        expect(f"why: {ill['health']}", words in ill["health"]["last_error"] and part_is(name, False, words)(ill))
        expect("the others are well", all(part.get("healthy") for other, part in parts(ill).items() if other != name))
        heal()
        scene.wait_for_message(f"well again: {name}", health_is(True), since)
    since = peer.now()
    listener.close()
    scene.wait_for_message("ill by the port", part_is("port", False, "connection refused"), since)


@scenario
def config_that_makes_one_of_them_fail_is_rolled_back(scene):
    check = {"type": "command", "command": ["sh", "-c", "! grep -s 'bad: true' effective.yaml"]}
    scene.begin(telling(scene, health=probes(api={"type": "http", "endpoint": url(scene)}, check=check), config_apply_timeout="1s"))
    scene.offer("good: 1\n")
    failed = error_message(scene.offer("bad: true\n", "FAILED"))
    expect(f"why: {failed}", "not healthy within 1s: check: exit code 1" in failed)
    scene.wait_for("the config before", lambda: scene.config.read_text() == "good: 1\n")


@scenario
def components_are_told_while_there_is_a_process(scene):
    peer = scene.begin(telling(scene, health=probes(api={"type": "http", "endpoint": url(scene)}), restart={"policy": "never"}))
    since = peer.now()
    os.kill(scene.pid(), signal.SIGKILL)
    death = scene.wait_for_message("the death", last_error_has("killed by signal 9"), since)
    expect(f"no process, no components: {death}", not parts(death))


@scenario
def probe_that_is_one_alone_is_no_component(scene):
    scene.begin(telling(scene, health={"type": "tcp", "endpoint": f"127.0.0.1:{scene.service_port}", "interval": QUICK}))
    expect("one level", not any(parts(message) for message in scene.peer.messages() if "health" in message))


@scenario
def status_and_body_decide_as_the_settings_say(scene):
    (scene.folder / "sick").touch()
    (scene.folder / "body").write_text("state: starting\n")
    scene.serve()
    scene.configure(telling(scene, health={"type": "http", "endpoint": url(scene), "interval": QUICK, "status": ["200-299", 503],
                                           "body": "state: r*"}))
    scene.start()
    scene.wait_for("it was asked", lambda: scene.agent_log().count("probed") >= 3)
    expect("not healthy", not any(map(health_is(True), scene.peer.messages())))
    (scene.folder / "body").write_text("x\nstate: running\n")
    scene.wait_for_message("healthy", health_is(True))
    (scene.folder / "body").write_text("state: stopping\n")
    scene.wait_for_message("unhealthy", last_error_has("matches 'state: r*'"))


# --- flapping


def asked(scene):
    return scene.agent_log().count("probed")


def ask_so_often(scene, count):
    before = asked(scene)
    scene.wait_for(f"{count} more answers", lambda: asked(scene) >= before + count)


@scenario_for({"over WebSocket": {}, "over HTTP": {"server": {"poll_interval": LONG}}})
def probe_that_flaps_does_not_flood_the_server(scene, sections):
    peer = scene.serve()
    if sections:
        sections = merged(sections, {"server": {"endpoint": f"http://127.0.0.1:{scene.port}/v1/opamp"}})
    (scene.folder / "steady").touch()
    scene.begin(telling(scene, health={"type": "http", "endpoint": url(scene, "/flap"), "interval": QUICK}), **sections)
    ask_so_often(scene, 3)
    since, begin = peer.now(), time.monotonic()
    (scene.folder / "steady").unlink()
    ask_so_often(scene, 40)
    reports = [message for message in peer.messages(since) if "health" in message]
    most = 5 + time.monotonic() - begin + 2
    expect(f"{len(reports)} reports, at most {most:.0f}", 2 <= len(reports) <= most)
    flips = len(scene.events("agent.unhealthy")) + len(scene.events("agent.healthy"))
    expect(f"of many more changes: {flips}", flips >= 30)
    (scene.folder / "steady").touch()
    scene.wait_for("the last state is told", lambda: peer.last("health").get("healthy") and scene.events("agent.healthy")[-1]["time"]
                   > scene.events("agent.unhealthy")[-1]["time"])


@scenario
def failures_below_the_threshold_are_no_news(scene):
    peer = scene.begin(telling(scene, health={"type": "http", "endpoint": url(scene, "/flap"), "interval": QUICK, "failures": 2}))
    since = peer.now()
    ask_so_often(scene, 10)  # every second one is bad
    expect("still healthy", not any("health" in message for message in peer.messages(since)))
    expect("nothing in the log", not scene.events("agent.unhealthy"))


# --- what the agent tells


def notified(scene, **more):
    return telling(scene, health={"type": "notify"} | more.pop("health", {}), **more)


@scenario
def agent_is_healthy_once_it_says_that_it_is_ready(scene):
    peer = scene.serve()
    scene.configure(notified(scene))
    scene.start()
    scene.wait_for("it serves", lambda: request(scene.service_port, "GET", "/"))
    post(scene, "/tell", "STATUS=loading\nMAINPID=1\nFDSTORE=1")
    scene.wait_for_message("what it does", status_is("running: loading"))
    expect("not healthy", not any(map(health_is(True), peer.messages())))
    post(scene, "/tell", "READY=1\nSTATUS=3 pipelines")
    ready = scene.wait_for_message("healthy", health_is(True))
    expect(f"and what it does: {ready}", status_is("running: 3 pipelines")(ready))
    since = peer.now()
    post(scene, "/tell", "STATUS=4 pipelines")
    scene.wait_for_message("each status", status_is("4 pipelines"), since)
    post(scene, "/tell", "STOPPING=1")
    scene.wait_for_message("it is about to stop", last_error_has("it has sent STOPPING=1"), since)


@scenario
def config_with_which_the_agent_is_never_ready_is_rolled_back(scene):
    scene.begin(telling(scene, "ready", health={"type": "notify"}, config_apply_timeout="1s"))
    scene.offer("good: 1\n")
    failed = error_message(scene.offer("ready: false\n", "FAILED"))
    expect(f"why: {failed}", "not healthy within 1s: it has not sent READY=1" in failed)
    scene.wait_for("the config before", lambda: scene.config.read_text() == "good: 1\n")


@scenario
def agent_is_one_component_of_several(scene):
    peer = scene.begin(telling(scene, "ready", health=probes(self={"type": "notify"}, api={"type": "http", "endpoint": url(scene)})))
    ready = scene.wait_for_message("healthy", health_is(True))
    expect(f"its own words: {parts(ready)}", parts(ready)["self"]["status"] == "here" and parts(ready)["api"]["status"] == "up")
    since = peer.now()
    post(scene, "/tell", "WATCHDOG=trigger")
    scene.wait_for_message("it is ill by its own word", part_is("self", False, "WATCHDOG=trigger"), since)


@scenario
def agent_that_does_not_say_that_it_is_alive_is_unhealthy(scene):
    peer = scene.begin(telling(scene, "ready", health={"type": "notify", "watchdog_timeout": "500ms"}))
    expect("it knows the time", variables_of(scene.pid())["WATCHDOG_USEC"] == "500000")
    scene.wait_for_message("unhealthy", last_error_has("it has not sent WATCHDOG=1 for 500ms"))
    since = peer.now()
    post(scene, "/tell", "WATCHDOG=1")
    scene.wait_for_message("alive", health_is(True), since)


@scenario
def watchdog_of_the_settings_restarts_an_agent_that_is_silent(scene):
    scene.begin(telling(scene, "ready", health={"type": "notify", "watchdog_timeout": "200ms"}, watchdog={"unhealthy_for": "200ms"}))
    scene.wait_for_starts(2)
    told = scene.events("agent.restarting")[0]["reason"]
    expect(f"why: {told}", "has not sent WATCHDOG=1" in told)


@scenario
def only_processes_of_the_agent_are_listened_to(scene):
    scene.serve()
    scene.configure(notified(scene))
    scene.start()
    scene.wait_for("it serves", lambda: request(scene.service_port, "GET", "/"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"READY=1\nSTATUS=a stranger", variables_of(scene.pid())["NOTIFY_SOCKET"])
    scene.wait_for_event("notify.refused")
    expect("not healthy", not any(map(health_is(True), scene.peer.messages())))
    post(scene, "/child", "READY=1\nSTATUS=a child")
    ready = scene.wait_for_message("healthy by its child", health_is(True))
    expect(f"not what the stranger says: {ready}", status_is("a child")(ready))
    since = scene.peer.now()
    post(scene, "/detached", "STATUS=detached")
    scene.wait_for_message("what it has detached", status_is("detached"), since)


@scenario
def agent_of_another_user_is_listened_to(scene):
    shutil.chown(scene.folder, "nobody")
    scene.begin(telling(scene, "ready", health={"type": "notify"}, user="nobody"))
    place = pathlib.Path(variables_of(scene.pid())["NOTIFY_SOCKET"])
    expect("the socket is its user's alone", place.stat().st_uid == pwd.getpwnam("nobody").pw_uid and place.stat().st_mode & 0o777 == 0o600)


@scenario
def agent_that_tells_without_end_floods_nobody(scene):
    peer = scene.begin(telling(scene, "ready", health={"type": "notify"}))
    since, begin = peer.now(), time.monotonic()
    post(scene, "/flood", "3000")
    scene.wait_for_message("the last word", status_is("line 3000"), since)
    reports = [message for message in peer.messages(since) if "health" in message]
    most = 5 + time.monotonic() - begin + 2
    expect(f"{len(reports)} reports, at most {most:.0f}", len(reports) <= most)


@scenario
def secrets_in_what_is_said_are_not_shown(scene):
    check = {"type": "command", "command": ["sh", "-c", "test ! -e broken || { echo 'cannot: password=hunter2' >&2; exit 4; }"]}
    peer = scene.begin(telling(scene, "ready", health=probes(self={"type": "notify"}, check=check)))
    since = peer.now()
    (scene.folder / "broken").touch()
    post(scene, "/tell", "STATUS=began with token=hunter2")
    scene.wait_for_message("what it says", lambda message: status_is("began with token=")(message) and part_is("check", False, "cannot")(message),
                           since)
    expect("no secret", "hunter2" not in str(peer.messages()) and "hunter2" not in scene.daemon_log.read_text())


@scenario
def program_of_systemd_is_understood(scene):
    script = scene.folder / "service.sh"
    script.write_text("#!/bin/sh\nsystemd-notify --ready --status='by systemd-notify' || exit 9\nexec sleep infinity\n")
    script.chmod(0o755)
    scene.begin({"executable": str(script), "args": [], "health": {"type": "notify"}})
    expect("its status", status_is("by systemd-notify")(scene.wait_for_message("healthy", health_is(True))))


# --- reloads


def reloading(scene, **more):
    return telling(scene, "ready", health={"type": "notify"}, reload={"signal": "HUP", "timeout": "2s", "confirm": {"notify": True}}, **more)


@scenario
def reload_is_seen_by_what_the_agent_tells(scene):
    scene.begin(reloading(scene))
    scene.offer("good: 1\n")
    pid = scene.pid()
    for i in range(3):
        scene.offer(f"more: {i}\n")
        expect("the agent has it", request(scene.service_port, "GET", "/config").text == f"more: {i}\n")
    expect("the process is the same", scene.pid() == pid and not scene.events("agent.stopping"))


@scenario
def reload_that_the_agent_does_not_tell_of_becomes_a_restart(scene):
    scene.begin(merged(reloading(scene), {"reload": {"timeout": "300ms"}}))
    scene.offer("good: 1\n")
    pid = scene.pid()
    (scene.folder / "deaf").touch()
    scene.offer("good: 2\n")
    expect("another process", scene.pid() != pid and not is_alive(pid))
    told = scene.events("agent.reload_failed")[-1]["error"]
    expect(f"the log says why: {told}", "it has not sent RELOADING=1 and then READY=1" in told)


if __name__ == "__main__":
    main()

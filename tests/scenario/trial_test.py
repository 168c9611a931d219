#!/usr/bin/python3
"""A config on trial, and what comes after it: the way back, the next offer, the next start."""

import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import bytes_file, effective_config, error_message, health_is, offered_hash, status_is, text_file  # noqa: E402
from rig import expect, is_alive  # noqa: E402
from scene import GOOD, LONG  # noqa: E402
from suite import main, scenario, scenario_for  # noqa: E402


def nothing_happened(scene, pid, starts=1):
    expect("the agent was not touched", scene.pid() == pid and is_alive(pid) and len(scene.starts()) == starts)


def reported(scene):
    """The effective config that the server knows of: {name: bytes}."""
    return effective_config({"effective_config": scene.peer.last("effective_config")})


# --- trial and rollback --------------------------------------------------------------------------------------------------


@scenario
def config_that_makes_the_agent_exit_is_failed_and_rolled_back(scene):
    peer = scene.begin(scene.probed())
    scene.offer(GOOD)
    since = peer.now()
    failed = scene.offer("crash: true\n", "FAILED")
    expect(f"the reason: {error_message(failed)}", "exit code 7" in error_message(failed))
    scene.wait_for_message("a healthy agent", health_is(True), since)
    expect("the last good config is back", scene.config.read_text() == GOOD)
    expect("the server sees what runs", reported(scene) == {"": GOOD.encode()})
    expect("one try, no more", len(scene.starts()) == 4)
    scene.wait_for_event("config.rolled_back")


@scenario
def first_config_that_makes_the_agent_exit_gives_way_to_none(scene):
    peer = scene.begin(scene.probed())
    since = peer.now()
    scene.offer("crash: true\n", "FAILED")
    scene.wait_for_message("a healthy agent", health_is(True), since)
    expect("no file of ours", not scene.config.exists())
    expect("none is reported", reported(scene) == {})


@scenario
def rollback_brings_the_files_beside_back_too(scene):
    peer = scene.begin(scene.probed())
    scene.offer_files({"": text_file(GOOD), "rules.txt": text_file("old\n", "text/plain")})
    since = peer.now()
    scene.offer_files({"": text_file("crash: true\n"), "rules.txt": text_file("new\n", "text/plain"), "more.txt": text_file("x", "text/plain")}, "FAILED")
    scene.wait_for_message("a healthy agent", health_is(True), since)
    expect("the old one", (scene.folder / "rules.txt").read_text() == "old\n")
    expect("not the new one", not (scene.folder / "more.txt").exists())


@scenario
def config_that_never_gets_healthy_is_failed_and_rolled_back(scene):
    peer = scene.begin({**scene.probed(), "config_apply_timeout": "2s"})
    since = peer.now()
    failed = scene.offer("healthy: false\n", "FAILED")
    expect(f"the reason: {error_message(failed)}", "not healthy within 2s" in error_message(failed) and "503" in error_message(failed))
    scene.wait_for_message("a healthy agent", health_is(True), since)
    expect("the rejected file is gone", not scene.config.exists())


@scenario
def config_is_applied_only_once_the_probe_is_content(scene):
    peer = scene.begin({**scene.probed(), "config_apply_timeout": LONG, "min_uptime": None})
    (scene.folder / "sick").touch()
    since = peer.now()
    peer.offer(GOOD)
    scene.wait_for_message("APPLYING", status_is("APPLYING", offered_hash(GOOD)), since)
    scene.wait_for_starts(2)
    seen = scene.agent_log().count("probed")
    scene.wait_for("three more questions", lambda: scene.agent_log().count("probed") >= seen + 3)
    expect("not yet applied", not any(map(status_is("APPLIED"), peer.messages(since))))
    (scene.folder / "sick").unlink()
    scene.wait_for_message("APPLIED", status_is("APPLIED", offered_hash(GOOD)), since)


@scenario
def agent_that_gets_sick_later_is_reported_and_not_rolled_back(scene):
    peer = scene.begin(scene.probed())
    scene.offer(GOOD)
    pid, since = scene.pid(), peer.now()
    (scene.folder / "sick").touch()
    scene.wait_for_message("unhealthy", health_is(False), since)
    (scene.folder / "sick").unlink()
    scene.wait_for_message("healthy again", health_is(True), since)
    nothing_happened(scene, pid, 2)


# --- many, and later -----------------------------------------------------------------------------------------------------


@scenario
def burst_of_offers_ends_with_the_last(scene):
    peer = scene.begin()
    bodies = [f"number: {number}\n" for number in range(20)]
    for body in bodies:
        peer.offer(body)
    scene.wait_for_message("the last is APPLIED", status_is("APPLIED", offered_hash(bodies[-1])))
    expect("the file", scene.config.read_text() == bodies[-1])
    expect("the status is of the last", status_is("APPLIED", offered_hash(bodies[-1]))({"remote_config_status": peer.last("remote_config_status")}))
    fates = [message["remote_config_status"]["status"] for message in peer.messages() if message.get("remote_config_status")]
    expect(f"none failed: {fates}", "RemoteConfigStatuses_FAILED" not in fates)
    expect("those in between were not all tried", len(scene.starts()) < 21)


@scenario
def burst_with_broken_ones_ends_with_the_last(scene):
    peer = scene.begin(scene.probed())
    for number in range(20):
        peer.offer(("broken: [\n", "crash: true\n", f"number: {number}\n")[number % 3])
    last = "number: last\n"
    peer.offer(last)
    scene.wait_for_message("the last is APPLIED", status_is("APPLIED", offered_hash(last)))
    expect("the file", scene.config.read_text() == last)


@scenario_for({
    "applied": (GOOD, "APPLIED"),
    "failed to parse": ("a: [\n", "FAILED"),
    "failed in its trial": ("crash: true\n", "FAILED"),
})
def hash_and_status_survive_a_restart_of_the_daemon(scene, body, fate):
    peer = scene.begin(scene.probed())
    scene.offer("first: 1\n")
    message = scene.offer(body, fate)
    starts = len(scene.starts()) if fate == "APPLIED" or "[" in body else 4
    scene.wait_for_starts(starts)
    since = peer.now()
    scene.stop()
    scene.start()
    first = scene.wait_for_message("a first message", lambda message: "agent_description" in message, since)
    expect(f"the same status: {first['remote_config_status']}", first["remote_config_status"] == message["remote_config_status"])
    scene.wait_for_message("a healthy agent", health_is(True), since)
    scene.stop()
    since = peer.now()
    scene.start()
    first = scene.wait_for_message("a first message", lambda message: "agent_description" in message, since)
    expect("and once more", first["remote_config_status"] == message["remote_config_status"])


@scenario_for({"SIGTERM": signal.SIGTERM, "kill -9": signal.SIGKILL})
def failed_config_is_not_tried_again_by_the_next_start(scene, end):
    scene.begin(scene.probed())
    scene.offer(GOOD)
    scene.offer("crash: true\n", "FAILED")
    scene.wait_for_starts(4)
    scene.wait_for_phase("running", 4)
    scene.daemon.stop(end)
    scene.nothing_is_left()
    healthy = len(scene.events("agent.healthy"))
    scene.start()
    scene.wait_until_healthy(healthy + 1)
    expect("the last good one", scene.config.read_text() == GOOD)
    expect("at once", len(scene.wait_for_starts(5)) == 5)


@scenario
def without_a_server_the_agent_runs_with_its_last_config(scene):
    scene.begin()
    scene.offer(GOOD)
    scene.stop()
    scene.stop_serving()
    scene.config.unlink()  # its place is not its store
    healthy = len(scene.events("agent.healthy"))
    scene.start()
    scene.wait_until_healthy(healthy + 1)
    scene.wait_for_event("server.connect_failed", 2)
    expect("the config", scene.config.read_text() == GOOD)
    scene.stop()


@scenario
def server_that_may_not_configure_is_not_obeyed(scene):
    peer = scene.begin(capabilities={"accepts_remote_config": False})
    peer.offer(GOOD)
    scene.wait_for_event("message.part_ignored")
    expect("no file", not scene.config.exists())
    expect("one start", len(scene.starts()) == 1)
    expect("it does not claim to accept", not int(peer.messages()[0]["capabilities"]) & 0x2)


@scenario
def raw_format_passes_on_what_is_no_yaml(scene):
    scene.begin({**scene.idle(), "config_format": "raw", "config_path": "agent.conf"})
    scene.offer_files({"": bytes_file(b"[section\nnot = yaml: [\n\xff\x00", "text/plain")})
    expect("the file", (scene.folder / "agent.conf").read_bytes() == b"[section\nnot = yaml: [\n\xff\x00")


@scenario
def offer_with_an_endless_hash_is_refused_and_leaves_nothing(scene):
    peer = scene.begin()
    scene.offer(GOOD)
    since = peer.now()
    peer.offer_files({"": text_file("good: 2\n")}, hash=(b"h" * 40_000).hex())
    failed = scene.wait_for_message("the verdict", status_is("FAILED"), since)
    expect(f"the reason: {error_message(failed)}", "40000 bytes" in error_message(failed))
    scene.stop()
    scene.start()
    scene.offer("good: 3\n")
    expect("nothing was set aside", not scene.events("state.set_aside"))


if __name__ == "__main__":
    main()

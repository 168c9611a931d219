#!/usr/bin/python3
"""What becomes of a config that the server offers."""

import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import (bytes_file, config_hash, effective_config, error_message, hash_of_files, health_is, offered_hash, status_is,  # noqa: E402
                  text_file)
from rig import expect, is_alive  # noqa: E402
from scene import GOOD, LONG  # noqa: E402
from suite import main, scenario, scenario_for  # noqa: E402

AWKWARD = b"# caf\xc3\xa9 \xe2\x98\x95\r\nb:   1   # comment\r\na: [x,\ty]\r\n\r\n...\r\n"


def nothing_happened(scene, pid, starts=1):
    expect("the agent was not touched", scene.pid() == pid and is_alive(pid) and len(scene.starts()) == starts)


def reported(scene):
    """The effective config that the server knows of: {name: bytes}."""
    return effective_config({"effective_config": scene.peer.last("effective_config")})


# --- what the agent is given ---------------------------------------------------------------------------------------------


@scenario_for({
    "as people write": GOOD.encode(),
    "line ends, comments and blanks": AWKWARD,
    "no newline at the end": b"a: 1",
    "a megabyte": b"a: " + b"x" * (1 << 20) + b"\n",
})
def single_entry_reaches_the_agent_byte_for_byte(scene, body):
    scene.begin()
    files = {"": bytes_file(body)}
    scene.offer_files(files)
    expect("the file", scene.config.read_bytes() == body)
    expect("what is reported", reported(scene) == {"": body})


@scenario
def single_entry_with_a_name_is_the_config_all_the_same(scene):
    scene.begin()
    scene.offer_files({"collector.yaml": text_file(GOOD)})
    expect("the file", scene.config.read_text() == GOOD)
    expect("no file of that name", not (scene.folder / "collector.yaml").exists())


@scenario
def several_entries_are_merged_by_name_with_the_unnamed_last(scene):
    scene.begin()
    scene.offer_files({
        "": text_file("winner: unnamed\nmap: {c: 3}\n"),
        "b.yaml": text_file("winner: b\nsecond: b\nmap: {b: 2}\nlist: [4]\n"),
        "a.yaml": text_file("winner: a\nsecond: a\nmap: {a: 1, b: 1}\nlist: [1, 2, 3]\n"),
    })
    lines = scene.config.read_text().split()
    expect(f"the last one wins: {lines}", " ".join(lines).count("winner: unnamed") == 1 and "second: b" in " ".join(lines))
    expect("maps merge", all(pair in " ".join(lines) for pair in ("a: 1", "b: 2", "c: 3")))
    expect("lists replace", "4" in " ".join(lines) and "[1" not in " ".join(lines) and "- 1" not in " ".join(lines))


@scenario
def local_files_come_first_and_the_servers_entries_win(scene):
    (scene.folder / "base.yaml").write_text("who: local\nonly_local: yes\n")
    (scene.folder / "more.yaml").write_text("who: more\nonly_more: yes\n")
    scene.begin({**scene.idle(), "config_files": ["base.yaml", "more.yaml"]})
    at_start = scene.config.read_text()
    expect(f"without an offer the local ones are merged: {at_start}", "who: more" in at_start and "only_local: yes" in at_start)
    scene.offer("who: server\n")
    merged = scene.config.read_text()
    expect(f"all three are merged: {merged}", all(line in merged for line in ("who: server", "only_local: yes", "only_more: yes")))


@scenario
def changed_local_file_counts_at_the_next_start(scene):
    local = scene.folder / "base.yaml"
    local.write_text("who: local\nlocal: old\n")
    scene.begin({**scene.idle(), "config_files": ["base.yaml"]})
    scene.offer("who: server\n")
    scene.stop()
    local.write_text("who: local\nlocal: new\n")
    since = scene.peer.now()
    scene.start()
    scene.wait_for_message("a healthy agent", health_is(True), since)
    merged = scene.config.read_text()
    expect(f"both: {merged}", "local: new" in merged and "who: server" in merged)


@scenario
def config_file_of_the_operator_is_used_until_the_first_offer(scene):
    scene.config.write_text("mine: true\n")
    scene.begin()
    expect("untouched", scene.config.read_text() == "mine: true\n")
    expect("reported", reported(scene) == {"": b"mine: true\n"})
    scene.offer(GOOD)
    expect("replaced", scene.config.read_text() == GOOD)


@scenario
def entries_that_are_not_yaml_become_files_beside_the_config(scene):
    scene.begin()
    binary = bytes(range(256))
    scene.offer_files({"": text_file(GOOD), "rules.txt": text_file("one\n", "text/plain"),
                       "blob": bytes_file(binary, "application/octet-stream")})
    expect("the config is the YAML alone", scene.config.read_text() == GOOD)
    expect("the text", (scene.folder / "rules.txt").read_text() == "one\n")
    expect("the bytes", (scene.folder / "blob").read_bytes() == binary)
    expect("all are reported", set(reported(scene)) == {"", "rules.txt", "blob"})
    scene.offer_files({"": text_file(GOOD), "rules.txt": text_file("two\n", "text/plain")})
    expect("replaced", (scene.folder / "rules.txt").read_text() == "two\n")
    expect("removed with its entry", not (scene.folder / "blob").exists())
    expect("each change was a restart", len(scene.starts()) == 3)


# --- what is refused -----------------------------------------------------------------------------------------------------


@scenario_for({name: name for name in ("../evil", "/tmp/evil", "..", ".hidden", "a/b", "new\nline", "tab\there", "x" * 300)})
def entry_with_a_bad_name_is_failed(scene, name):
    scene.begin()
    scene.offer(GOOD)
    pid, before = scene.pid(), sorted(scene.folder.rglob("*"))
    failed = scene.offer_files({"": text_file("other: 1\n"), name: text_file("evil", "text/plain")}, "FAILED")
    expect(f"the reason: {error_message(failed)}", "file name" in error_message(failed))
    nothing_happened(scene, pid, 2)
    expect("the config is as it was", scene.config.read_text() == GOOD)
    expect("no file more", sorted(scene.folder.rglob("*")) == before)


@scenario_for({name: name for name in ("supervisor.yaml", "opampd.log", "precious.txt", "effective.yaml")})
def offer_never_overwrites_a_file_that_is_not_of_an_offer(scene, name):
    scene.begin()
    scene.offer(GOOD)
    pid = scene.pid()
    (scene.folder / "precious.txt").write_text("not yours\n")
    before = {file: file.read_bytes() for file in scene.folder.iterdir() if file.is_file() and file != scene.daemon_log}
    failed = scene.offer_files({"": text_file("other: 1\n"), name: text_file("taken", "text/plain")}, "FAILED")
    expect(f"the reason names it: {error_message(failed)}", name in error_message(failed))
    scene.wait_for("what runs is what ran", lambda: reported(scene) == {"": GOOD.encode()})
    after = {file: file.read_bytes() for file in before}
    expect("every file is as it was", after == before)
    expect("the log still is one", scene.events("daemon.started"))
    nothing_happened(scene, pid, 2)


@scenario
def config_that_does_not_parse_is_failed_and_the_agent_untouched(scene):
    scene.begin()
    scene.offer(GOOD)
    pid, since = scene.pid(), scene.peer.now()
    failed = scene.offer("instrument: [true\n", "FAILED")
    expect(f"one sentence with the place: {error_message(failed)}", "line" in error_message(failed) and "\n" not in error_message(failed))
    nothing_happened(scene, pid, 2)
    expect("same file", scene.config.read_text() == GOOD)
    expect("the agent's health was no news", not any("health" in message for message in scene.peer.messages(since)))


@scenario
def failed_config_offered_again_is_not_tried_again(scene):
    peer = scene.begin(scene.probed())
    since = peer.now()
    scene.offer("crash: true\n", "FAILED")
    scene.wait_for("the old config runs again", lambda: len(scene.starts()) == 3)
    scene.wait_for_message("a healthy agent", health_is(True), since)
    pid = scene.pid()
    peer.offer("crash: true\n")
    scene.wait_for_event("config.repeated")
    nothing_happened(scene, pid, 3)


# --- what does nothing ---------------------------------------------------------------------------------------------------


@scenario
def same_hash_again_does_nothing(scene):
    peer = scene.begin()
    scene.offer(GOOD)
    pid = scene.pid()
    said = len(peer.messages())
    for count in range(1, 4):
        peer.offer(GOOD)
        scene.wait_for_event("config.repeated", count)
    since = peer.now()
    peer.order(full_state=True)  # what it answers to this comes after what it had to say before
    scene.wait_for_message("a full report", lambda message: "agent_description" in message, since)
    expect(f"nothing was said before: {peer.messages()[said:]}", len(peer.messages()) == said + 1)
    nothing_happened(scene, pid, 2)


@scenario
def same_content_with_another_hash_is_applied_without_a_restart(scene):
    peer = scene.begin()
    scene.offer(GOOD)
    pid, since = scene.pid(), peer.now()
    peer.offer(GOOD, hash="abcdef")
    applied = scene.wait_for_message("APPLIED", status_is("APPLIED"), since)
    expect("with the new hash", config_hash(applied) == bytes.fromhex("abcdef"))
    nothing_happened(scene, pid, 2)


# --- no config -----------------------------------------------------------------------------------------------------------


def offer_nothing(scene):
    applied = scene.offer_files({})
    expect("with its hash", config_hash(applied) == hash_of_files({}))
    scene.wait_for_phase("down")
    return scene.wait_for_message("healthy", lambda message: scene.peer.last("health").get("healthy"))


@scenario
def empty_map_stops_the_agent_and_that_is_healthy(scene):
    peer = scene.begin()
    scene.offer(GOOD)
    pid = scene.pid()
    offer_nothing(scene)
    scene.wait_until_gone(pid)
    expect("the config is gone", not scene.config.exists())
    expect("nothing is reported", reported(scene) == {})
    peer.order(restart=True)
    scene.wait_for_event("restart.received")
    expect("a restart command does not start it", len(scene.starts()) == 2)
    scene.offer(GOOD)
    expect("the next config does", len(scene.starts()) == 3)


@scenario
def empty_map_holds_after_a_restart_of_the_daemon(scene):
    peer = scene.begin()
    scene.offer(GOOD)
    offer_nothing(scene)
    scene.stop()
    since = peer.now()
    scene.start()
    first = scene.wait_for_message("a first message", lambda message: "agent_description" in message, since)
    expect("APPLIED", status_is("APPLIED", hash_of_files({}))(first))
    scene.wait_for_message("healthy", health_is(True), since)
    peer.order(restart=True)
    scene.wait_for_event("restart.received")
    expect("it was not started", len(scene.starts()) == 2 and not scene.agents())


@scenario
def empty_map_with_a_local_config_means_the_local_config(scene):
    (scene.folder / "base.yaml").write_text("who: local\n")
    scene.begin({**scene.idle(), "config_files": ["base.yaml"]})
    scene.offer("who: server\n")
    scene.offer_files({})
    expect("the local one, byte for byte", scene.config.read_text() == "who: local\n")
    expect("and the agent runs", is_alive(scene.pid()))


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
    expect("at once", len(scene.starts()) == 5)


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

#!/usr/bin/python3
"""What becomes of a config that the server offers."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import bytes_file, config_hash, effective_config, error_message, hash_of_files, health_is, status_is, text_file  # noqa: E402
from rig import expect, is_alive  # noqa: E402
from scene import GOOD  # noqa: E402
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


# --- a folder of files


def folder_of(scene, **more):
    """Its arguments have {config}, which is settings/main.conf."""
    return {**scene.idle(), "config_layout": "folder", "config_path": "settings/main.conf", **more}


def files_below(folder):
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


@scenario
def config_that_is_a_folder_is_given_file_by_file(scene):
    (scene.folder / "types").write_text("local")
    check = ["sh", "-c", 'test "$(cat "$1" "$2"/conf.d/*.yaml)" = "ma: [" ', "check", "{config}", "{config_folder}"]
    scene.begin(folder_of(scene, config_files=["types"], args=[], config_check={"command": check}))
    scene.offer_files({"main.conf": text_file("m"), "conf.d/a.yaml": text_file("a: [")})
    settings = scene.folder / "settings"
    expect(f"these files: {files_below(settings)}", files_below(settings) == {"main.conf": "m", "conf.d/a.yaml": "a: [", "types": "local"})
    expect("as they are reported", reported(scene) == {"": b"m", "conf.d/a.yaml": b"a: [", "types": b"local"})
    scene.kill()
    scene.nothing_is_left()
    (settings / "conf.d" / "a.yaml").unlink()
    scene.start()
    scene.wait_until_healthy(3)
    expect("they are there again", files_below(settings) == {"main.conf": "m", "conf.d/a.yaml": "a: [", "types": "local"})


@scenario
def files_of_a_folder_go_with_the_offer_that_had_them(scene):
    scene.begin(folder_of(scene))
    scene.offer_files({"": text_file("1"), "conf.d/a": text_file("1"), "b": text_file("1")})
    scene.offer_files({"": text_file("2"), "conf.d": text_file("2"), "b/c": text_file("2")})
    settings = scene.folder / "settings"
    expect(f"these files: {files_below(settings)}", files_below(settings) == {"main.conf": "2", "conf.d": "2", "b/c": "2"})


@scenario_for({"out of it": "../main.conf", "absolute": "/etc/passwd", "hidden": "a/.b", "through a link": "link/x"})
def name_that_leads_out_of_the_folder_is_failed(scene, name):
    scene.begin(folder_of(scene))
    scene.offer_files({"": text_file("1")})
    pid, starts = scene.pid(), len(scene.starts())
    (scene.folder / "elsewhere").mkdir()
    (scene.folder / "settings" / "link").symlink_to(scene.folder / "elsewhere")
    scene.offer_files({"": text_file("2"), name: text_file("2")}, "FAILED")
    nothing_happened(scene, pid, starts)
    expect("nor anything else", not files_below(scene.folder / "elsewhere") and (scene.folder / "settings" / "main.conf").read_text() == "1")


@scenario
def folder_without_the_file_that_the_agent_is_given_is_failed(scene):
    scene.begin(folder_of(scene, args=["{config}"]))
    failed = error_message(scene.offer_files({"other": text_file("1")}, "FAILED"))
    expect(f"why: {failed}", "the config has no entry main.conf" in failed)


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


if __name__ == "__main__":
    main()

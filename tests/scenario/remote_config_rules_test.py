#!/usr/bin/python3
"""What the operator lets a server's config say: keys, entries, sizes, signatures; and what is shown of secrets."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import effective_config, error_message, offered_hash, status_is, text_file  # noqa: E402
from rig import expect, is_alive  # noqa: E402
from suite import main, scenario, scenario_for  # noqa: E402

GOOD = "exporters: {otlp: {endpoint: a}}\n"


def with_rules(scene, **rules):
    return scene.probed() | {"remote_config": rules}


def untouched(scene, pid):
    expect("the agent was not touched", scene.pid() == pid and is_alive(pid) and scene.config.read_text() == GOOD)


@scenario_for({
    "denied key": ({"denied_keys": ["exporters.file*"]}, {"": text_file("exporters: {file/x: {path: /etc/x}}\n")}, "exporters.file"),
    "key that is not allowed": ({"allowed_keys": ["exporters.otlp"]}, {"": text_file("service: {}\n")}, "service"),
    "entry": ({"allowed_entries": [""]}, {"": text_file("a: 1\n"), "more.yaml": text_file("b: 1\n")}, "more.yaml"),
    "content type": ({"allowed_content_types": ["text/*"]}, {"": text_file("a: 1\n", "application/x-other")}, "application/x-other"),
    "size": ({"max_size": "64"}, {"": text_file("a: " + "x" * 64 + "\n")}, "64"),
})
def config_that_breaks_a_rule_is_refused(scene, rules, files, named):
    scene.begin(with_rules(scene, **rules))
    scene.offer(GOOD)
    pid = scene.pid()
    failed = error_message(scene.offer_files(files, "FAILED"))
    expect(f"the rule is named: {failed}", "policy" in failed and named in failed)
    untouched(scene, pid)


@scenario
def rule_that_came_later_counts_for_what_is_stored(scene):
    rules = with_rules(scene)
    scene.begin(rules)
    scene.offer(GOOD)
    scene.offer("extensions: {shell: {command: id}}\n")
    scene.stop()
    scene.configure(with_rules(scene, denied_keys=["extensions.shell"]))
    since = scene.peer.now()
    scene.start()
    offered = offered_hash("extensions: {shell: {command: id}}\n")
    failed = scene.wait_for_message("the verdict", status_is("FAILED", offered), since)
    expect(f"the rule is named: {error_message(failed)}", "extensions.shell" in error_message(failed))
    scene.wait_for("what was good before", lambda: scene.config.read_text() == GOOD)
    expect("the log says so", len(scene.events("config.refused")) == 1)


@scenario_for({"pattern": ({"denied_keys": ["a..b"]}, "denied_keys"), "file of keys": ({"public_keys": ["bad.pub"]}, "bad.pub")})
def rule_that_cannot_be_understood_is_told_before_anything_is_started(scene, rules, named):
    scene.folder.joinpath("bad.pub").write_text("ed25519 not-base64\n")
    scene.configure(with_rules(scene, **rules))
    for arguments in (["--config", "supervisor.yaml"], ["--config", "supervisor.yaml", "--check"]):
        ended = scene.run(*arguments)
        expect(f"exit code 2 and one line: {ended}", ended.returncode == 2 and ended.stderr.count("\n") == 1 and named in ended.stderr)


# --- signatures ----------------------------------------------------------------------------------------------------------


def signed(scene, yaml, serial, key="fleet.key"):
    file = scene.folder / "offered.yaml"
    file.write_text(yaml)
    done = scene.run("config", "sign", "--key", key, "--serial", str(serial), "=offered.yaml", "--json", program="opampctl")
    expect(f"signed: {done}", done.returncode == 0)
    return json.loads(done.stdout)["files"]


def begin_signed(scene):
    for key in ("fleet.key", "other.key"):
        expect("a key", scene.run("config", "keygen", key, program="opampctl").returncode == 0)
    scene.begin(with_rules(scene, require_signature=True, public_keys=["fleet.key.pub"]))
    scene.offer_files(signed(scene, GOOD, 5))
    return scene.pid()


@scenario
def config_without_a_good_signature_is_refused(scene):
    pid = begin_signed(scene)
    expect("unsigned", "has no signature" in error_message(scene.offer("a: 1\n", "FAILED")))
    changed = signed(scene, "a: 2\n", 6)
    changed[""] = text_file("a: 3\n")
    expect("changed on its way", "signature is wrong" in error_message(scene.offer_files(changed, "FAILED")))
    foreign = signed(scene, "a: 4\n", 6, "other.key")
    expect("another's", "not a trusted one" in error_message(scene.offer_files(foreign, "FAILED")))
    untouched(scene, pid)
    expect("the signature is not for the agent", not scene.folder.joinpath("opampd.signature").exists())


@scenario
def older_signed_config_is_refused_also_after_a_restart(scene):
    begin_signed(scene)
    scene.offer_files(signed(scene, "a: 7\n", 7))
    expect("older", "older than the last one" in error_message(scene.offer_files(signed(scene, "a: 6\n", 6), "FAILED")))
    scene.stop()
    scene.start()
    scene.wait_for("the agent", lambda: scene.config.read_text() == "a: 7\n")
    expect("older", "older than the last one" in error_message(scene.offer_files(signed(scene, "a: 66\n", 6), "FAILED")))
    scene.offer_files(signed(scene, "a: 8\n", 8))


@scenario
def key_that_is_no_longer_trusted_has_signed_nothing(scene):
    begin_signed(scene)
    scene.stop()
    scene.configure(with_rules(scene, require_signature=True, public_keys=["other.key.pub"]))
    since = scene.peer.now()
    scene.start()
    scene.wait_for_message("the verdict", status_is("FAILED"), since)
    scene.wait_for("the local config", lambda: not scene.config.exists())
    scene.offer_files(signed(scene, "a: 1\n", 9, "other.key"))


# --- secrets -------------------------------------------------------------------------------------------------------------


@scenario
def secrets_are_for_the_agent_alone(scene):
    scene.begin(scene.probed() | {"redaction": {"keys": ["license"]}})
    since = scene.peer.now()
    yaml = "exporter: {api_key: hunter2, url: 'http://u:hunter3@h/'}\nlicense: hunter4\nlevel: 5\n"
    scene.offer(yaml)
    expect("the agent has them", scene.config.read_text() == yaml)
    shown = scene.wait_for_message("the effective config", effective_config, since)
    text = effective_config(shown)[""].decode()
    expect(f"the server does not: {text}", "hunter" not in text and "[REDACTED]" in text and "level: 5" in text)
    expect("nor the log", "hunter" not in scene.daemon_log.read_text())


@scenario
def secrets_are_shown_where_the_operator_says_so(scene):
    scene.begin(scene.probed() | {"redaction": {"enabled": False}})
    since = scene.peer.now()
    scene.offer("password: hunter2\n")
    shown = scene.wait_for_message("the effective config", effective_config, since)
    expect("as it is", effective_config(shown)[""] == b"password: hunter2\n")


if __name__ == "__main__":
    main()

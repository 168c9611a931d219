#!/usr/bin/python3
"""What opampctl does without a daemon."""

import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from ctl import DONE, NOT_REACHABLE, REFUSED, USAGE, begin, socket_of  # noqa: E402
from peer import text_file  # noqa: E402
from rig import expect  # noqa: E402
from suite import main, scenario  # noqa: E402


# --- without a daemon ----------------------------------------------------------------------------------------------------

@scenario
def wrong_arguments_are_told_with_what_to_write(scene):
    for arguments in ((), ("nonsense",), ("show",), ("status", "--frobnicate")):
        done = scene.run(*arguments, program="opampctl")
        expect(f"{arguments}: {done}", done.returncode == USAGE and done.stderr.endswith("(see opampctl --help)\n") and not done.stdout)
        told = json.loads(scene.run(*arguments, "--json", program="opampctl").stdout)
        expect(f"for programs: {told}", told["error"]["kind"] == "invalid" and told["error"]["message"])
    expect("help", scene.run("--help", program="opampctl").stdout.startswith("opampctl: "))


@scenario
def socket_is_found_where_the_environment_says(scene):
    begin(scene)
    program = [str(scene.programs.bin / "opampctl"), "status"]
    run = lambda **more: subprocess.run(program, capture_output=True, text=True, env={"PATH": os.environ["PATH"], **more})  # noqa: E731
    expect("by $OPAMPCTL_SOCKET", run(OPAMPCTL_SOCKET=str(socket_of(scene))).returncode == DONE)
    expect("by $STATE_DIRECTORY", run(STATE_DIRECTORY=str(scene.state)).returncode == DONE)
    expect("not elsewhere", run(STATE_DIRECTORY=str(scene.folder), OPAMPCTL_SOCKET=str(scene.folder / "s")).returncode == NOT_REACHABLE)


@scenario
def settings_are_checked(scene):
    scene.configure()
    good = scene.run("check", "supervisor.yaml", program="opampctl")
    expect(f"as opampd does: {good}", good.returncode == DONE
           and good.stdout == scene.run("--config", "supervisor.yaml", "--check").stdout)
    (scene.folder / "bad.yaml").write_text("agent: {stop_timeout: 10}\n")
    bad = scene.run("check", "bad.yaml", program="opampctl")
    expect(f"what is wrong: {bad}", bad.returncode == USAGE and "bad.yaml:1: agent.stop_timeout" in bad.stderr)
    document = json.loads(scene.run("check", "bad.yaml", "--json", program="opampctl").stdout)
    expect(f"for programs: {document}", any("agent.stop_timeout" in problem for problem in document["problems"]))
    expect("no file", scene.run("check", "missing.yaml", program="opampctl").returncode == USAGE)


@scenario
def config_is_signed_as_it_is_offered(scene):
    key = scene.folder / "key"
    made = scene.run("config", "keygen", str(key), "--comment", "of the test", program="opampctl")
    expect(f"the public key: {made}", made.returncode == DONE and made.stdout.startswith("ed25519 ")
           and made.stdout == (scene.folder / "key.pub").read_text() and key.stat().st_mode & 0o077 == 0)
    expect("no key is replaced", scene.run("config", "keygen", str(key), program="opampctl").returncode == REFUSED)
    (scene.folder / "a.yaml").write_text("good: 1\n")
    sign = ("config", "sign", "--key", str(key), "--serial", "3", "--not-after", "2100-01-01", "=a.yaml")
    entry = scene.run(*sign, program="opampctl")
    expect(f"the entry: {entry}", entry.returncode == DONE and entry.stdout.startswith("serial 3\nnot-after 4102444800\ned25519 "))
    files = json.loads(scene.run(*sign, "--json", program="opampctl").stdout)["files"]
    expect(f"the whole offer: {files}", files[""] == text_file("good: 1\n")
           and files["opampd.signature"] == {"body": entry.stdout, "content_type": "application/vnd.opampd.signature"})
    key.chmod(0o644)
    refused = scene.run(*sign, program="opampctl")
    expect(f"a key that others may read: {refused}", refused.returncode == REFUSED and "chmod 600" in refused.stderr)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""What an agent is given beside its config: variables of files, and secrets."""

import os
import pathlib
import signal
import stat
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from privileged import SLEEP, USER, Seen, open_to_all, see, seen_now  # noqa: E402
from rig import expect  # noqa: E402
from scene import GOOD  # noqa: E402
from suite import main, scenario  # noqa: E402


@scenario
def environment_files_are_read_anew_at_each_start(scene):
    file, later = scene.folder / "first.env", scene.folder / "later.env"
    file.write_text("# variables\nA=first\nB='two words'\nC=first\nFROM_DAEMON=file\n")
    file.chmod(0o600)
    agent = {**SLEEP, **open_to_all(scene), "user": "games", "environment_files": [str(file), f"-{later}"], "env": {"C": "env"}}
    seen = see(scene, agent, FROM_DAEMON="daemon")
    environment = seen.environment
    expect(f"{environment}", [environment.get(name) for name in ("A", "B", "C", "FROM_DAEMON")] == ["first", "two words", "env", "file"])
    later.write_text("A=later\n")
    os.kill(seen.pid, signal.SIGKILL)
    again = seen_now(scene, 2).environment
    expect(f"{again}", again["A"] == "later" and again["B"] == "two words")
    file.unlink()
    os.kill(scene.pid(), signal.SIGKILL)
    failed = scene.wait_for_event("agent.start_failed")
    expect(f"{failed}", "first.env" in failed["error"] and "No such file" in failed["error"])
    file.write_text("A=back\n")
    expect("it comes back by itself", seen_now(scene, 3).environment["A"] == "later")


def secret(scene, content="s3cret\n"):
    file = scene.folder / "token"
    file.write_text(content)
    file.chmod(0o600)
    return file


PRINTS = 'cat "$CREDENTIALS_DIRECTORY/token" "$1" "$TOKEN_FILE"; ls "$CREDENTIALS_DIRECTORY"; touch "$CREDENTIALS_DIRECTORY/new" || exec sleep infinity'


@scenario
def credentials_are_in_a_folder_of_the_users_and_gone_after_its_end(scene):
    file = secret(scene)
    agent = {"executable": "/bin/sh", "args": ["-c", PRINTS, "sh", "{credential:token}"], **open_to_all(scene), "user": "games",
             "credentials": {"token": str(file)}, "env": {"TOKEN_FILE": "{credential:token}"}}
    seen = see(scene, agent, CREDENTIALS_DIRECTORY="/of/the/daemon")
    folder = pathlib.Path(seen.environment["CREDENTIALS_DIRECTORY"])
    info, inner = folder.stat(), (folder / "token").stat()
    expect(f"the folder: {info}", (info.st_uid, stat.S_IMODE(info.st_mode)) == (USER.pw_uid, 0o500))
    expect(f"the file: {inner}", (inner.st_uid, stat.S_IMODE(inner.st_mode)) == (USER.pw_uid, 0o400))
    for above in (folder.parent, folder.parent.parent):
        expect(f"{above} can be passed through, and not read", stat.S_IMODE(above.stat().st_mode) == 0o711 and above.stat().st_uid == 0)
    scene.wait_for("what it reads", lambda: scene.agent_log().count("s3cret\n") == 3)
    scene.wait_for("it cannot add to it", lambda: "Permission denied" in scene.agent_log())
    expect("no secret in its arguments or environment", "s3cret" not in seen.text("cmdline") + seen.text("environ"))
    file.write_text("renewed\n")
    os.kill(seen.pid, signal.SIGKILL)
    scene.wait_for("the renewed one", lambda: "renewed" in scene.agent_log())
    words = scene.wait_for_event("agent.exited", pid=seen.pid)["last_words"]
    expect(f"the report of its end has what it printed, without them: {words}", words.startswith("[REDACTED]\n[REDACTED]\n[REDACTED]\ntoken\n"))
    scene.stop()
    expect(f"gone: {folder}", not folder.exists() and not folder.parent.exists() and not folder.parent.parent.exists())
    everything = scene.daemon_log.read_text() + scene.daemon_output.read_text()
    expect("not in the log", "s3cret" not in everything and "renewed" not in everything)


@scenario
def credentials_of_a_killed_daemon_are_gone_with_the_next_one(scene):
    agent = {**SLEEP, "credentials": {"token": str(secret(scene))}}
    folder = pathlib.Path(see(scene, agent).environment["CREDENTIALS_DIRECTORY"])
    scene.kill()
    scene.configure(SLEEP)
    scene.start()
    scene.wait_for_event("agent.started", 2)
    expect(f"gone: {folder}", not folder.exists())


@scenario
def credential_comes_by_descriptor(scene):
    script = 'cat "$1" "$1"; ls -l /proc/self/fd; echo x >>"$1" || exec sleep infinity'
    agent = {"executable": "/bin/sh", "args": ["-c", script, "sh", "{credential:token}"], **open_to_all(scene), "user": "games",
             "credentials": {"other": str(secret(scene)), "token": str(secret(scene))}, "credentials_delivery": "descriptor"}
    seen = see(scene, agent)
    scene.wait_for("what it reads, each time from the beginning", lambda: scene.agent_log().count("s3cret\n") == 2)
    scene.wait_for("it cannot be written to", lambda: "not permitted" in scene.agent_log() or "Permission denied" in scene.agent_log())
    expect(f"{seen.descriptors}", {name: "memfd:credential:" in what for name, what in seen.descriptors.items() if int(name) in (3, 4)} == {"3": True, "4": True})
    others = {name: what for name, what in seen.descriptors.items() if int(name) > 4 and not what.startswith("/usr/")}  # locales
    expect(f"nothing else: {others}", not others)
    expect("no folder", "CREDENTIALS_DIRECTORY" not in seen.environment)
    expect("the daemon keeps none of them", "memfd:credential" not in str(Seen(scene.daemon.pid).descriptors))


@scenario
def check_has_the_credentials_too(scene):
    check_script = 'test "$(cat "$CREDENTIALS_DIRECTORY/token")" = s3cret && cat "$1"'
    agent = {**SLEEP, **open_to_all(scene), "user": "games", "credentials": {"token": str(secret(scene))},
             "config_check": {"command": ["/bin/sh", "-c", check_script, "sh", "{credential:token}"]}}
    scene.begin(agent, storage={"runtime_directory": str(scene.folder / "runtime")})
    scene.offer(GOOD)
    left = [path.name for path in (scene.folder / "runtime/agent.private").iterdir()]
    expect(f"what the check had is gone, and not what the agent has: {left}", left == ["credentials"])


@scenario
def secrets_of_an_agent_of_another_name_are_gone(scene):
    runtime = scene.folder / "runtime"
    sections = {"storage": {"runtime_directory": str(runtime)}}
    agent = {**SLEEP, "credentials": {"token": str(secret(scene))}}
    scene.configure(agents={"web": agent}, **sections)
    scene.start()
    scene.wait_for_event("agent.started")
    expect("it has its secret", (runtime / "web.private/credentials/token").exists())
    scene.kill()
    (runtime / "strangers.private").mkdir(mode=0o700)
    scene.configure(agents={"www": agent}, **sections)
    scene.start()
    scene.wait_for_event("agent.started", 2)
    expect("under its new name", (runtime / "www.private/credentials/token").exists())
    expect("alone", not (runtime / "web.private").exists() and (runtime / "strangers.private").exists())


@scenario
def credential_that_cannot_be_read_is_told(scene):
    file = secret(scene)
    seen = see(scene, {**SLEEP, "credentials": {"token": str(file)}})
    file.unlink()
    os.kill(seen.pid, signal.SIGKILL)
    failed = scene.wait_for_event("agent.start_failed")
    expect(f"{failed}", "credential 'token'" in failed["error"] and "No such file" in failed["error"])


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("provisions_test.py: needs root: agents become other users here. Run it as root, or with sudo.")
    main()

#!/usr/bin/python3
"""What opampctl shows and orders, for people and for programs, and whom the control socket lets in."""

import contextlib
import json
import os
import pathlib
import socket
import stat
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import offered_hash, status_is, text_file  # noqa: E402
from rig import Failed, expect, is_alive  # noqa: E402
from suite import main, scenario  # noqa: E402

BAD = "crash: true\n"
DONE, FAILED, USAGE, NOT_FOUND, NOT_REACHABLE, REFUSED = range(6)
NOBODY = 65534


def socket_of(scene):
    return scene.state / "control.sock"


def ctl(scene, *arguments, code=DONE, before=(), path=None):
    """A run with this exit code."""
    done = scene.run("--socket", str(path or socket_of(scene)), *arguments, program="opampctl", before=before)
    expect(f"opampctl {' '.join(arguments)} ends with {code}: {done}", done.returncode == code)
    return done


def asked(scene, *arguments, code=DONE, **options):
    """The document that programs get."""
    return json.loads(ctl(scene, *arguments, "--json", code=code, **options).stdout)


def the_agent(scene):
    agent, = asked(scene, "status")["agents"]
    return agent


def revisions(scene):
    return asked(scene, "config", "history", "agent")["revisions"]


def begin(scene):
    peer = scene.begin(scene.probed())
    scene.wait_for("the socket", socket_of(scene).exists)
    return peer


# --- looking -------------------------------------------------------------------------------------------------------------

@scenario
def status_has_what_there_is_to_know(scene):
    begin(scene)
    scene.offer("good: 1\n")
    agent = the_agent(scene)
    expect(f"it runs: {agent}", agent["phase"] == "running" and agent["healthy"] and agent["pid"] == scene.pid())
    expect(f"a config that proved good: {agent}", agent["current"] == agent["last_good"] and not agent["trial"])
    expect(f"the offer: {agent}", agent["remote_config"]["status"] == "APPLIED" and agent["remote_config"]["hash"])
    expect(f"the server: {agent}", agent["server"]["connected"] and agent["server"]["since"] and not agent["server"]["error"])
    expect(f"its identity: {agent}", agent["instance_uid"] == (scene.state / "agent" / "instance_uid").read_text().strip())
    head, row = ctl(scene, "status").stdout.splitlines()
    expect(f"columns: {head}", head.split()[:4] == ["AGENT", "PHASE", "HEALTHY", "PID"])
    expect(f"the row: {row}", row.split()[:4] == ["agent", "running", "yes", str(scene.pid())] and "APPLIED" in row)


@scenario
def what_is_wrong_is_said_with_where_to_look_next(scene):
    begin(scene)
    scene.offer("good: 1\n")
    scene.offer(BAD, "FAILED")
    scene.wait_for("the old config", lambda: the_agent(scene)["healthy"])
    scene.stop_serving()
    scene.wait_for("the connection is lost", lambda: the_agent(scene)["server"]["error"])
    text = ctl(scene, "status").stdout
    expect(f"the failed offer: {text}", "the server's config failed: " in text and "next: opampctl config history agent" in text)
    expect(f"the connection: {text}", "not connected" in text and f"no connection to 127.0.0.1:{scene.port}: " in text)


@scenario
def one_agent_of_several_is_shown(scene):
    names = ("first", "second")
    agents = {name: {**scene.idle(), "min_uptime": "50ms", "config_path": f"{name}.yaml"} for name in names}
    scene.configure(agents=agents)
    scene.start()
    scene.wait_until_healthy(2)
    scene.wait_for("the socket", socket_of(scene).exists)
    expect("both", [agent["name"] for agent in asked(scene, "status")["agents"]] == list(names))
    shown, = asked(scene, "show", "second")["agents"]
    expect(f"the second: {shown}", shown["name"] == "second" and shown["config_path"] == str(scene.folder / "second.yaml"))
    text = ctl(scene, "show", "second").stdout
    expect(f"for people: {text}", text.startswith("agent ") and "second.yaml" in text)
    unknown = ctl(scene, "show", "third", code=NOT_FOUND)
    expect(f"the names: {unknown.stderr}", unknown.stderr == "opampctl: there is no agent 'third' (there is first, second)\n")
    document = asked(scene, "show", "third", code=NOT_FOUND)
    expect(f"the same for programs: {document}", document["error"]["kind"] == "not_found" and "third" in document["error"]["message"])


@scenario
def history_tells_what_became_of_each_config(scene):
    begin(scene)
    scene.offer("good: 1\n")
    scene.offer(BAD, "FAILED")
    scene.wait_for("the old config", lambda: the_agent(scene)["healthy"])
    bad, good, local = revisions(scene)
    expect(f"the bad one: {bad}", bad["outcome"] == "failed" and bad["reason"] and bad["outcome_at"] and not bad["current"])
    expect(f"the good one: {good}", good["outcome"] == "applied" and good["current"] and good["last_good"] and good["origin"] == "remote")
    expect(f"the local one: {local}", local["origin"] == "local" and local["created_at"] <= good["created_at"])
    lines = ctl(scene, "config", "history", "agent").stdout.splitlines()
    expect(f"three rows: {lines}", len(lines) == 4 and "failed" in lines[1] and "current, last-good" in lines[2])
    scene.stop()
    scene.start()
    scene.wait_for("the socket", socket_of(scene).exists)
    expect("it is known after a restart", revisions(scene) == [bad, good, local])


@scenario
def configs_are_shown_and_compared_without_their_secrets(scene):
    begin(scene)
    scene.offer("good: 1\npassword: hunter2\n")
    scene.offer("good: 2\npassword: hunter2\n")
    expect("the agent's own file is untouched", scene.config.read_text() == "good: 2\npassword: hunter2\n")
    shown = ctl(scene, "config", "show", "agent").stdout
    expect(f"the current one: {shown!r}", shown == 'good: 2\npassword: "[REDACTED]"\n')
    newest, older, *_ = (entry["id"] for entry in revisions(scene))
    file, = asked(scene, "config", "show", "agent", str(older), "--remote")["files"]
    expect(f"the offer before: {file}", file == {"name": "", "content_type": "text/yaml", "body": 'good: 1\npassword: "[REDACTED]"\n'})
    diff = ctl(scene, "config", "diff", "agent").stdout
    expected = (f"--- {older}/effective.yaml\n+++ {newest}/effective.yaml\n@@ -1,2 +1,2 @@\n-good: 1\n+good: 2\n"
                ' password: "[REDACTED]"\n')
    expect(f"what changed: {diff!r}", diff == expected)
    same = ctl(scene, "config", "diff", "agent", "current", "current")
    expect(f"nothing: {same}", same.stdout == "" and same.stderr == "opampctl: the two are the same\n")
    document = asked(scene, "config", "diff", "agent", str(newest), str(older))
    expect(f"for programs: {document}", (document["revision"], document["against"]) == (newest, older) and "+good: 1" in document["diff"])
    ctl(scene, "config", "show", "agent", "99", code=NOT_FOUND)
    ctl(scene, "config", "show", "agent", "newest", code=USAGE)


@scenario
def revisions_are_limited_in_number(scene):
    scene.begin(scene.probed() | {"config_history": {"max_revisions": 6}})
    for number in range(12):
        scene.offer(f"good: {number}\n")
    folders = list((scene.state / "agent" / "revisions").iterdir())
    # The base, the current one and three that were good before it are needed; four of the newest are kept anyway.
    expect(f"old ones are gone: {folders}", len(folders) <= 8)


# --- orders --------------------------------------------------------------------------------------------------------------

@scenario
def restart_makes_a_new_process_with_the_same_config(scene):
    begin(scene)
    scene.offer("good: 1\n")
    before, starts = scene.pid(), len(scene.starts())
    done = ctl(scene, "restart", "agent")
    expect(f"it says so: {done.stdout}", done.stdout == "'agent' is being restarted\n")
    scene.wait_for_starts(starts + 1)
    expect("the old one is gone", not is_alive(before))
    scene.wait_for("healthy", lambda: the_agent(scene)["healthy"])
    expect("the same config", scene.config.read_text() == "good: 1\n")
    expect("the log has it", scene.wait_for_event("operator.restart", agent="agent"))


@scenario
def agent_that_was_stopped_stays_so_until_it_is_started(scene):
    begin(scene)
    scene.offer("good: 1\n")
    pid, starts = scene.pid(), len(scene.starts())
    ctl(scene, "stop", "agent")
    scene.wait_until_gone(pid)
    agent = scene.wait_for("it is held", lambda: (agent := the_agent(scene))["phase"] == "down" and agent)
    expect(f"as said: {agent}", agent["held"] and not agent["healthy"] and "pid" not in agent)
    text = ctl(scene, "status").stdout
    expect(f"and how to go on: {text}", "down (stopped)" in text and "next: opampctl start agent" in text)
    expect("no process came", len(scene.starts()) == starts)
    ctl(scene, "start", "agent")
    scene.wait_for_starts(starts + 1)
    agent = scene.wait_for("healthy", lambda: (agent := the_agent(scene))["healthy"] and agent)
    expect(f"no longer held: {agent}", not agent["held"] and scene.config.read_text() == "good: 1\n")


@scenario
def rollback_leads_to_what_was_good_before(scene):
    begin(scene)
    scene.offer("good: 1\n")
    scene.offer("good: 2\n")
    newest, older, *_ = revisions(scene)
    since = scene.peer.now()
    document = asked(scene, "config", "rollback", "agent")
    expect(f"which one: {document}", document["revision"] == older["id"] and str(older["id"]) in document["done"])
    scene.wait_for("the one before", lambda: scene.config.read_text() == "good: 1\n")
    scene.wait_for("it is good", lambda: the_agent(scene)["current"] == the_agent(scene)["last_good"] == older["id"])
    scene.wait_for_message("the server is told", status_is("FAILED", offered_hash("good: 2\n")), since)
    given_up = next(entry for entry in revisions(scene) if entry["id"] == newest["id"])
    expect(f"its outcome: {given_up}", given_up["outcome"] == "rolled_back" and given_up["reason"])
    ctl(scene, "config", "rollback", "agent", "99", code=NOT_FOUND)
    ctl(scene, "config", "rollback", "agent", "yesterday", code=USAGE)


@scenario
def rollback_to_any_revision_is_tried_as_a_change_is(scene):
    begin(scene)
    scene.offer("good: 1\n")
    scene.offer(BAD, "FAILED")
    scene.wait_for("the old config", lambda: the_agent(scene)["healthy"])
    refused = scene.run("--socket", str(scene.state / "control.sock"), "config", "rollback", "agent", "3", program="opampctl")
    expect(f"the newest is for retry: {refused}", refused.returncode == REFUSED and "config retry" in refused.stderr)
    scene.offer("good: 2\n")
    newest, bad, good, local = revisions(scene)
    ctl(scene, "config", "rollback", "agent", "local")
    scene.wait_for("the local config", lambda: (agent := the_agent(scene))["current"] == agent["last_good"] == local["id"])
    expect("the agent runs with it", the_agent(scene)["healthy"])
    scene.wait_for_event("config.rolled_back")
    count = len(scene.events("config.rolled_back"))
    ctl(scene, "config", "rollback", "agent", str(bad["id"]))
    scene.wait_for("it fails again", lambda: len(scene.events("config.rolled_back")) > count)
    scene.wait_for("and leads back", lambda: (agent := the_agent(scene))["healthy"] and agent["current"] != bad["id"])


@scenario
def failed_config_is_tried_again_when_the_operator_says_so(scene):
    scene.folder.joinpath("dislikes").write_text("good: 2\n")
    begin(scene)
    scene.offer("good: 1\n")
    scene.offer("good: 2\n", "FAILED")
    scene.wait_for("the old config", lambda: the_agent(scene)["healthy"])
    scene.folder.joinpath("dislikes").unlink()
    failed = the_agent(scene)["remote_config"]["hash"]
    none = ctl(scene, "config", "retry", "agent", "beef", code=NOT_FOUND)
    expect(f"another one has not failed: {none.stderr}", "beef" in none.stderr)
    since = scene.peer.now()
    done = ctl(scene, "config", "retry", "agent", failed[:12])
    expect(f"it says what comes: {done.stdout}", done.stdout.strip())
    scene.wait_for_message("it is applied", status_is("APPLIED", offered_hash("good: 2\n")), since)
    expect("the file", scene.config.read_text() == "good: 2\n")
    ctl(scene, "config", "retry", "agent", code=NOT_FOUND)


# --- the socket ----------------------------------------------------------------------------------------------------------

@scenario
def socket_is_for_its_owner_and_group_and_goes_with_the_daemon(scene):
    begin(scene)
    state = socket_of(scene).stat()
    expect(f"its mode: {state.st_mode:o}", stat.S_ISSOCK(state.st_mode) and stat.S_IMODE(state.st_mode) == 0o660)
    scene.stop()
    expect("gone", not socket_of(scene).exists())
    lost = ctl(scene, "status", code=NOT_REACHABLE)
    expect(f"what to do: {lost.stderr}", "no opampd listens there (is it running?" in lost.stderr)
    expect("for programs", "no opampd" in asked(scene, "status", code=NOT_REACHABLE)["error"]["message"])


def as_nobody():
    if os.getuid() != 0:
        raise Failed("this scenario needs root, to be another user")
    return ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")


def begin_in_the_open(scene, **control):
    """With a socket in a folder that everybody may enter."""
    folder = scene.folder / "open"
    folder.mkdir()
    scene.folder.chmod(0o755)
    scene.configure(scene.idle(), control={"socket": str(folder / "s"), **control})
    scene.start()
    scene.wait_until_healthy()
    scene.wait_for("the socket", (folder / "s").exists)
    return folder / "s"


@scenario
def another_user_is_refused(scene):
    path = begin_in_the_open(scene)
    refused = ctl(scene, "status", code=REFUSED, before=as_nobody(), path=path)
    expect(f"by the file's mode: {refused.stderr}", "this user may not connect (use root, " in refused.stderr)
    path.chmod(0o666)  # as if somebody had opened it
    refused = ctl(scene, "restart", "agent", code=REFUSED, before=as_nobody(), path=path)
    expect(f"and by who it is: {refused.stderr}", "this user may not give orders to opampd (use root, " in refused.stderr)
    expect("the log has it", scene.wait_for_event("control.refused"))
    expect("nothing was done", not scene.events("operator.restart"))
    ctl(scene, "status", path=path)


@scenario
def members_of_the_group_are_let_in(scene):
    path = begin_in_the_open(scene, group="daemon")
    group = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--groups=1")
    ctl(scene, "status", code=REFUSED, before=as_nobody(), path=path)
    ctl(scene, "status", before=group, path=path)


@scenario
def socket_of_a_killed_daemon_is_replaced(scene):
    begin(scene)
    scene.kill()
    expect("it is left", socket_of(scene).exists())
    ctl(scene, "status", code=NOT_REACHABLE)
    scene.start()
    scene.wait_for("an answer", lambda: scene.run("--socket", str(socket_of(scene)), "status", program="opampctl").returncode == DONE)


@scenario
def what_is_in_the_way_is_left_alone_and_the_daemon_runs(scene):
    scene.state.mkdir()
    socket_of(scene).write_text("mine")
    scene.configure()
    scene.start()
    failed = scene.wait_for_event("control.listen_failed")
    expect(f"why, and what to do: {failed}", failed["error"].endswith("what is there is not a socket (remove it, or set control.socket)"))
    scene.wait_until_healthy()
    expect("untouched", socket_of(scene).read_text() == "mine")


@scenario
def path_too_long_for_a_socket_is_said_and_the_daemon_runs(scene):
    scene.state = scene.folder / ("long" * 30)
    scene.configure()
    scene.start()
    failed = scene.wait_for_event("control.listen_failed")
    expect(f"why, and what to do: {failed}", failed["error"].endswith("at most 107 (set control.socket to a shorter path)"))
    scene.wait_until_healthy()


@scenario
def second_daemon_does_not_take_the_socket_of_the_first(scene):
    begin(scene)
    other = scene.folder / "other"
    other.mkdir()
    scene.configure(scene.idle() | {"config_path": "other.yaml"}, "other.yml", storage={"directory": str(other)},
                    control={"socket": str(socket_of(scene))},
                    telemetry={"logs": {"outputs": [str(scene.folder / "other.log")]}})
    first, log = scene.daemon, scene.folder / "other.log"
    second = scene.also(scene.start("other.yml"))
    scene.wait_for("the warning", lambda: log.exists() and "another program listens there" in log.read_text())
    second.stop()
    scene.daemon = first
    expect("the first one answers", the_agent(scene)["pid"] == scene.pid())


@scenario
def hostile_peers_do_not_keep_others_out(scene):
    begin(scene)
    with contextlib.ExitStack() as stack:
        def connect():
            peer = stack.enter_context(socket.socket(socket.AF_UNIX))
            peer.connect(str(socket_of(scene)))  # waits while the queue is full
            peer.settimeout(20)
            return peer
        silent = [connect() for _ in range(12)]
        garbage = connect()
        garbage.sendall(b"\x00\xff" * 100 + b"\n")
        answer = json.loads(garbage.makefile().readline())
        expect(f"garbage: {answer}", answer["error"]["kind"] == "invalid")
        endless = connect()
        with contextlib.suppress(OSError):
            endless.sendall(b"x" * (1 << 20))
        expect("endless", "the request is too long" in endless.makefile().readline())
        the_agent(scene)
        more = [connect() for _ in range(20)]
        last = more[-1].makefile().readline()
        expect(f"too many: {last}", "too many requests at a time" in last)
        expect("the silent ones are left after a while", all(peer.recv(1) == b"" for peer in silent))
    scene.wait_for("there is room again", lambda: scene.run("--socket", str(socket_of(scene)), "status", program="opampctl").returncode == DONE)
    expect("no failure of a task", not scene.events("task.failed"))


@scenario
def requests_during_the_end_do_no_harm(scene):
    scene.configure({**scene.idle(), "executable": scene.agent("ignore_sigterm.sh"), "stop_timeout": "1s"})
    scene.start()
    scene.wait_until_healthy()
    scene.wait_for("the socket", socket_of(scene).exists)
    os.kill(scene.daemon.pid, 15)
    scene.wait_for_phase("stopping")
    expect("it still answers", the_agent(scene)["phase"] == "stopping")
    ctl(scene, "restart", "agent")
    scene.stop()


# --- without a daemon ----------------------------------------------------------------------------------------------------

@scenario
def wrong_arguments_are_told_with_what_to_write(scene):
    for arguments in ((), ("nonsense",), ("show",), ("status", "--frobnicate")):
        done = scene.run(*arguments, program="opampctl")
        expect(f"{arguments}: {done}", done.returncode == USAGE and done.stderr.endswith("(see opampctl --help)\n") and not done.stdout)
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

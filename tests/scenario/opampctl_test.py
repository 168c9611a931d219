#!/usr/bin/python3
"""What opampctl shows and orders, for people and for programs."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from ctl import NOT_FOUND, REFUSED, USAGE, asked, await_answers, begin, ctl, revisions, the_agent  # noqa: E402
from peer import offered_hash, status_is  # noqa: E402
from rig import expect, is_alive  # noqa: E402
from suite import main, scenario  # noqa: E402

BAD = "crash: true\n"

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
    await_answers(scene)
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
    await_answers(scene)
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


if __name__ == "__main__":
    main()

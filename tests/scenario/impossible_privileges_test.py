#!/usr/bin/python3
"""What an agent cannot be or have on this host, or from this opampd: told before anything is started."""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from privileged import SLEEP, as_nobody, open_to_all, seen_now  # noqa: E402
from rig import expect  # noqa: E402
from suite import main, scenario, scenario_for  # noqa: E402


def refused(scene, agent, text, before=()):
    """By opampd --check, and by opampd itself."""
    scene.configure(agent)
    checked = scene.run("--config", "supervisor.yaml", "--check", before=before)
    started = scene.run("--config", "supervisor.yaml", before=before)
    expect(f"opampd says the same: {checked.stderr!r}, {started.stderr!r}",
           started.returncode == checked.returncode and started.stderr == checked.stderr)
    expect(f"exit code 2: {checked}", checked.returncode == 2)
    expect(f"one line, with {text!r}: {checked.stderr}", text in checked.stderr and len(checked.stderr.splitlines()) == 1)
    expect("nothing was started", not scene.agent_log())


NOT_ROOT = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--bounding-set", "-all"]

UNPRIVILEGED = {
    "user": ({"user": "games"}, "agent.user: 'games' is another user, and opampd lacks CAP_CHOWN CAP_KILL CAP_SETGID CAP_SETUID (run opampd as root"),
    "supplementary groups": ({"supplementary_groups": ["mail"]}, "agent.supplementary_groups: the groups cannot be changed"),
    "group": ({"group": "mail"}, "agent.group: the groups cannot be changed"),
    "nice": ({"nice": -5}, "agent.nice: -5 cannot be had"),
    "OOM score": ({"oom_score_adjust": -500}, "agent.oom_score_adjust: -500 cannot be had"),
    "hard limit": ({"limits": {"nofile": "unlimited"}}, "agent.limits.nofile: unlimited cannot be had"),
    "bounding set": ({"capability_bounding_set": []}, "agent.capability_bounding_set: cannot be had"),
    "ambient capability": ({"ambient_capabilities": ["CAP_CHOWN"]}, "agent.ambient_capabilities: cannot be had"),
}


@scenario_for({name: row for name, row in UNPRIVILEGED.items() if name != "bounding set"})
def right_that_opampd_does_not_have_is_told_at_the_start(scene, keys, text):
    as_nobody(scene)
    refused(scene, {**SLEEP, **keys}, text, NOT_ROOT)


@scenario
def bounding_set_needs_a_right(scene):
    as_nobody(scene)
    keys, text = UNPRIVILEGED["bounding set"]
    refused(scene, {**SLEEP, **keys}, text, [word for word in NOT_ROOT if word not in ("--bounding-set", "-all")])


@scenario
def what_needs_no_right_works_for_any_user(scene):
    as_nobody(scene)
    scene.configure({**SLEEP, "user": "nobody", "umask": "0077", "nice": 5, "oom_score_adjust": 700, "no_new_privileges": True,
                     "limits": {"nofile": "100:200"}, "ambient_capabilities": []})
    scene.start(before=NOT_ROOT)
    seen = seen_now(scene)
    expect(f"{seen.status}", seen.status["Umask"] == ["0077"] and seen.status["NoNewPrivs"] == ["1"] and seen.nice == 5)
    expect("its limit", seen.limit("Max open files") == ["100", "200"] and seen.text("oom_score_adj") == "700\n")


IMPOSSIBLE = {
    "no such user": ({"user": "nobdy"}, "agent.user: 'nobdy' is no user of this host"),
    "no such group": ({"group": "nogrp"}, "agent.group: 'nogrp' is no group of this host"),
    "a limit that not even root can have": ({"limits": {"nofile": "99999999999"}}, "agent.limits.nofile: 99999999999 cannot be had"),
}


@scenario_for(IMPOSSIBLE)
def what_this_host_does_not_have_is_told_at_the_start(scene, keys, text):
    refused(scene, {**SLEEP, **keys}, text)


@scenario
def folder_that_the_user_may_not_enter_is_told_at_the_start(scene):
    scene.folder.chmod(0o700)
    refused(scene, {**SLEEP, "user": "games"}, f"agent.working_directory: '{scene.folder}' cannot be entered by the user games: Permission denied")


@scenario
def config_path_that_the_user_may_not_reach_is_told_at_the_start(scene):
    work = open_to_all(scene)
    (scene.folder / "closed").mkdir(mode=0o700)
    refused(scene, {**SLEEP, **work, "user": "games", "config_path": str(scene.folder / "closed" / "effective.yaml")},
            f"agent.config_path: '{scene.folder}/closed' is not a folder that the user games may enter")


@scenario
def program_that_the_user_may_not_run_is_told_at_the_start(scene):
    work = open_to_all(scene)
    program = scene.folder / "private-program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    refused(scene, {**work, "executable": str(program), "user": "games"},
            f"agent.executable: '{program}' is not a program that the user games may run")


@scenario
def check_says_whose_the_agent_will_be(scene):
    scene.configure({**SLEEP, **open_to_all(scene), "user": "games", "nice": 3, "limits": {"nofile": 100}})
    said = scene.run("--config", "supervisor.yaml", "--check")
    expect(f"{said}", said.returncode == 0 and "  as        user games (5), group (60), groups" in said.stdout
           and "limit nofile 100, nice 3" in said.stdout)


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("impossible_privileges_test.py: needs root: agents become other users here. Run it as root, or with sudo.")
    main()

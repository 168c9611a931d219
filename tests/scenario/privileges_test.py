#!/usr/bin/python3
"""Whose process an agent is, what it may, how much it may take, and what it is given: all of that, and nothing of opampd's."""

import contextlib
import grp
import os
import pathlib
import pwd
import signal
import stat
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import text_file  # noqa: E402
from rig import expect  # noqa: E402
from scene import GOOD  # noqa: E402
from suite import main, scenario, scenario_for  # noqa: E402

USER = pwd.getpwnam("games")  # its group is not its number
OTHER = pwd.getpwnam("nobody")
GROUPS = {"games": USER.pw_gid, "mail": grp.getgrnam("mail").gr_gid, "www-data": grp.getgrnam("www-data").gr_gid}
SLEEP = {"executable": "/bin/sleep", "args": ["infinity"]}


def bits(*names):
    return sum(1 << {"CHOWN": 0, "KILL": 5, "NET_BIND_SERVICE": 10, "NET_RAW": 13, "SYS_TIME": 25}[name] for name in names)


class Seen:
    """What the kernel says of a process."""

    def __init__(self, pid):
        self.pid, self.folder = pid, pathlib.Path(f"/proc/{pid}")
        lines = (line.split(":", 1) for line in self.text("status").splitlines())
        self.status = {key: value.split() for key, value in lines}

    def text(self, name):
        return (self.folder / name).read_text()

    def number(self, name):
        return int(self.status[name][0], 16)

    @property
    def environment(self):
        return dict(line.split("=", 1) for line in self.text("environ").split("\0") if line)

    @property
    def nice(self):
        return int(self.text("stat").rpartition(")")[2].split()[16])

    def limit(self, name):
        words = next(line for line in self.text("limits").splitlines() if line.startswith(name))[26:].split()
        return words[:2]

    @property
    def descriptors(self):
        found = {}
        for entry in (self.folder / "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # it has closed one meanwhile
                found[entry.name] = os.readlink(entry)
        return found


def open_to_all(scene):
    """The agent's folder, where its user can get to it."""
    scene.folder.chmod(0o755)
    work = scene.folder / "work"
    work.mkdir(exist_ok=True)
    os.chown(work, USER.pw_uid, USER.pw_gid)
    return {"working_directory": "work"}


def see(scene, agent, **environment):
    scene.configure(agent)
    scene.start(**environment)
    return seen_now(scene)


def seen_now(scene, count=1):
    pid = scene.wait_for_event("agent.started", count)["pid"]
    # The kernel lets opampd go on a little before the new program has its name and its credentials.
    scene.wait_for("it is the program", lambda: pathlib.Path(f"/proc/{pid}/comm").read_text() != "opampd\n")
    return Seen(pid)


def check(scene, agent, before=(), **sections):
    """(exit code, what was said) of opampd --check, and the same of opampd itself."""
    scene.configure(agent, **sections)
    checked = scene.run("--config", "supervisor.yaml", "--check", before=before)
    started = scene.run("--config", "supervisor.yaml", before=before)
    expect(f"opampd says the same: {checked.stderr!r}, {started.stderr!r}",
           started.returncode == checked.returncode and started.stderr == checked.stderr)
    return checked


def refused(scene, agent, text, before=()):
    checked = check(scene, agent, before)
    expect(f"exit code 2: {checked}", checked.returncode == 2)
    expect(f"one line, with {text!r}: {checked.stderr}", text in checked.stderr and len(checked.stderr.splitlines()) == 1)
    expect("nothing was started", not scene.agent_log())


# --- whose it is


@scenario
def agent_is_the_users_and_nobody_elses(scene):
    seen = see(scene, {**SLEEP, **open_to_all(scene), "user": "games"}, FROM_DAEMON="kept", HOME="/root")
    expect(f"user: {seen.status['Uid']}", seen.status["Uid"] == [str(USER.pw_uid)] * 4)
    expect(f"group: {seen.status['Gid']}", seen.status["Gid"] == [str(USER.pw_gid)] * 4)
    own = {str(group) for group in os.getgrouplist("games", USER.pw_gid)} - {str(USER.pw_gid)}
    expect(f"groups: {seen.status['Groups']}", set(seen.status["Groups"]) == own)
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        expect(f"{name}: {seen.status[name]}", seen.number(name) == 0)
    for name in ("SigBlk", "SigIgn", "SigCgt"):
        expect(f"{name}: {seen.status[name]}", seen.number(name) == 0)
    others = {name for name in seen.descriptors if int(name) > 2}
    expect(f"descriptors: {seen.descriptors}", not others and seen.descriptors["0"] == "/dev/null")
    environment = seen.environment
    expect(f"home: {environment}", environment["HOME"] == USER.pw_dir and environment["USER"] == environment["LOGNAME"] == "games")
    expect("the rest is opampd's own", environment["FROM_DAEMON"] == "kept")
    expect(f"its folder: {os.readlink(seen.folder / 'cwd')}", os.readlink(seen.folder / "cwd") == str(scene.folder / "work"))
    expect("its output is ours", os.stat(scene.state / "agent" / "agent.log").st_uid == 0)


@scenario
def groups_are_those_that_were_asked_for(scene):
    agent = {**SLEEP, **open_to_all(scene), "user": "games", "group": "mail", "supplementary_groups": ["www-data", "4711"]}
    seen = see(scene, agent)
    expect(f"group: {seen.status['Gid']}", seen.status["Gid"] == [str(GROUPS["mail"])] * 4)
    own = {str(group) for group in os.getgrouplist("games", USER.pw_gid)} - {str(USER.pw_gid)}
    expect(f"groups: {seen.status['Groups']}", set(seen.status["Groups"]) == own | {str(GROUPS["www-data"]), "4711"})


@scenario
def number_that_nobody_has_is_a_user(scene):
    seen = see(scene, {**SLEEP, **open_to_all(scene), "user": 4711, "group": 4712})
    expect(f"{seen.status['Uid']} {seen.status['Gid']}", seen.status["Uid"] == ["4711"] * 4 and seen.status["Gid"] == ["4712"] * 4)
    expect(f"no groups: {seen.status['Groups']}", not seen.status["Groups"])


@scenario
def opampds_own_groups_are_left_behind(scene):
    scene.configure({**SLEEP, "group": "mail"})
    scene.start(before=["setpriv", "--groups", f"0,{GROUPS['www-data']},12"])
    seen = seen_now(scene)
    expect(f"{seen.status['Gid']} {seen.status['Groups']}", seen.status["Gid"] == [str(GROUPS["mail"])] * 4 and not seen.status["Groups"])
    expect("still root", seen.status["Uid"] == ["0"] * 4)


@scenario
def without_keys_all_is_as_opampd_has_it(scene):
    scene.configure(SLEEP)
    scene.start(before=["setpriv", "--groups", "12,13", "--ambient-caps", "+net_raw", "--inh-caps", "+net_raw", "--",
                        "prlimit", "--nofile=500:600", "nice", "-n", "3"])
    seen = seen_now(scene)
    expect(f"{seen.status['Uid']} {seen.status['Groups']}", seen.status["Uid"] == ["0"] * 4 and seen.status["Groups"] == ["12", "13"])
    expect(f"nice {seen.nice}, limit {seen.limit('Max open files')}", seen.nice == 3 and seen.limit("Max open files") == ["500", "600"])
    expect(f"no new privileges: {seen.status['NoNewPrivs']}", seen.status["NoNewPrivs"] == ["0"])


@scenario
def files_for_the_agent_are_its_users(scene):
    scene.begin({**SLEEP, **open_to_all(scene), "user": "games", "own_telemetry": {"delivery": "file"}})
    scene.offer(GOOD)
    for name in ("effective.yaml", "own_telemetry.env"):
        info = (scene.folder / "work" / name).stat()
        expect(f"{name}: {info}", (info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)) == (USER.pw_uid, USER.pw_gid, 0o600))
    expect("state is ours", (scene.state / "agent" / "instance_uid").stat().st_uid == 0)
    expect("and private", stat.S_IMODE(scene.state.stat().st_mode) == 0o700)


@scenario
def files_change_hands_with_the_user(scene):
    work = open_to_all(scene)
    scene.begin({**SLEEP, **work, "user": "games"})
    scene.offer(GOOD)
    scene.stop()
    scene.configure({**SLEEP, **work, "user": "nobody"})
    scene.start()
    scene.wait_for_starts(3)
    expect("the same file is another's", (scene.folder / "work" / "effective.yaml").stat().st_uid == OTHER.pw_uid)


@scenario
def commands_of_the_agent_run_as_its_user(scene):
    work = open_to_all(scene)
    script = 'test -r "$0" && id -un >checked-by'
    agent = {**SLEEP, **work, "user": "games", "umask": "0077",
             "config_check": {"command": ["/bin/sh", "-c", script, "{config}"]},
             "available_components": {"command": ["/bin/sh", "-c", "id -un >components-by; echo '{}'"]},
             "version": {"command": ["/bin/sh", "-c", "id -un >version-by; echo 1.2"]},
             "reload": {"command": ["/bin/sh", "-c", "id -un >reloaded-by"],
                        "confirm": {"command": ["/bin/sh", "-c", "id -un >confirmed-by; date +%N"]}},
             "pre_start": {"command": ["/bin/sh", "-c", "id -un >prepared-by"]},
             "post_stop": {"command": ["/bin/sh", "-c", "id -un >tidied-by"]}}
    scene.begin(agent)
    scene.offer(GOOD)
    scene.wait_for_event("agent.version")
    scene.wait_for_event("agent.reloaded")
    scene.stop()
    for name in ("checked-by", "components-by", "version-by", "reloaded-by", "confirmed-by", "prepared-by", "tidied-by"):
        note = scene.folder / "work" / name
        expect(f"{name}: {note.read_text()!r}", note.read_text() == "games\n" and stat.S_IMODE(note.stat().st_mode) == 0o600)


@scenario
def folders_of_a_config_are_its_users(scene):
    scene.begin({**SLEEP, **open_to_all(scene), "user": "games", "config_layout": "folder"})
    scene.offer_files({"conf.d/site/one.conf": text_file("one")})
    work = scene.folder / "work"
    for name, mode in {"conf.d": 0o700, "conf.d/site": 0o700, "conf.d/site/one.conf": 0o600}.items():
        info = (work / name).stat()
        expect(f"{name}: {info}", (info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)) == (USER.pw_uid, USER.pw_gid, mode))
    scene.stop()
    scene.configure({**SLEEP, "working_directory": "work", "user": "nobody", "config_layout": "folder"})
    scene.start()
    scene.wait_for_starts(3)
    expect("they go with the user", all((work / name).stat().st_uid == OTHER.pw_uid for name in ("conf.d", "conf.d/site")))


@scenario
def config_that_the_check_refuses_is_not_left_to_be_read(scene):
    agent = {**SLEEP, **open_to_all(scene), "user": "games",
             "config_check": {"command": ["/bin/sh", "-c", 'stat -c "%U %a" "$0" "$(dirname "$0")"; pwd; exit 3', "{config}"]}}
    scene.begin(agent)
    failed = scene.offer(GOOD, "FAILED")
    reason = failed["remote_config_status"]["error_message"]
    expect(f"its copy was the user's alone: {reason}", "games 600" in reason and "games 700" in reason)
    scene.wait_for_event("config.failed")
    runtime = [folder for folder in pathlib.Path("/run").glob("opampd-*/agent.private/*")]
    expect(f"gone: {runtime}", not [path for path in runtime if path.name == "check"])


# --- what it may, and how much


@scenario
def limits_are_those_that_were_asked_for(scene):
    agent = {**SLEEP, **open_to_all(scene), "user": "games", "umask": "0027", "nice": -7, "oom_score_adjust": 300,
             "limits": {"nofile": "1000:2000", "core": 0, "nproc": 123, "memlock": "4MiB", "cpu": "10m", "stack": "8MiB:unlimited"}}
    seen = see(scene, agent)
    limits = {name: seen.limit(name) for name in ("Max open files", "Max core file size", "Max processes", "Max locked memory",
                                                  "Max cpu time", "Max stack size")}
    expect(f"limits: {limits}", list(limits.values()) == [["1000", "2000"], ["0", "0"], ["123", "123"], ["4194304"] * 2, ["600"] * 2,
                                                          ["8388608", "unlimited"]])
    expect(f"umask: {seen.status['Umask']}", seen.status["Umask"] == ["0027"])
    expect(f"nice: {seen.nice}", seen.nice == -7)
    expect(f"OOM score: {seen.text('oom_score_adj')}", seen.text("oom_score_adj") == "300\n")
    daemon = Seen(scene.daemon.pid)
    expect("opampd's own are as they were", daemon.nice == 0 and daemon.text("oom_score_adj") == pathlib.Path("/proc/self/oom_score_adj").read_text()
           and daemon.status["Uid"] == ["0"] * 4 and daemon.limit("Max open files") != ["1000", "2000"])


@scenario
def file_size_limit_counts_for_the_agent_alone(scene):
    """The line in front of its output is not its own."""
    script = "exec 2>/dev/null; head -c 3000 /dev/zero >big; exec sleep infinity"
    scene.configure({"executable": "/bin/sh", "args": ["-c", script], "limits": {"fsize": 100}})
    scene.start()
    for count in (1, 2, 3):
        scene.wait_until_healthy(count)
        expect("a file of 100 bytes", (scene.folder / "big").stat().st_size == 100)
        os.kill(scene.starts()[-1].pid, signal.SIGKILL)
    expect("its log has more than that", len(scene.agent_log()) > 100)


@scenario
def user_has_the_ambient_capabilities_and_no_others(scene):
    agent = {**SLEEP, **open_to_all(scene), "user": "games", "ambient_capabilities": ["CAP_NET_BIND_SERVICE"],
             "capability_bounding_set": ["CAP_NET_BIND_SERVICE", "CAP_KILL"], "no_new_privileges": True}
    seen = see(scene, agent)
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        expect(f"{name}: {seen.status[name]}", seen.number(name) == bits("NET_BIND_SERVICE"))
    expect(f"CapBnd: {seen.status['CapBnd']}", seen.number("CapBnd") == bits("NET_BIND_SERVICE", "KILL"))
    expect(f"no new privileges: {seen.status['NoNewPrivs']}", seen.status["NoNewPrivs"] == ["1"])


@scenario
def bounding_set_limits_root_too(scene):
    own = Seen(os.getpid()).number("CapBnd")
    seen = see(scene, {**SLEEP, "capability_bounding_set": ["~CAP_SYS_TIME", "CAP_NET_RAW"], "ambient_capabilities": []})
    expected = own & ~bits("SYS_TIME", "NET_RAW")
    expect(f"CapBnd: {seen.status['CapBnd']}", seen.number("CapBnd") == expected)
    expect(f"CapEff: {seen.status['CapEff']}", seen.number("CapEff") == expected)


@scenario
def ambient_capabilities_of_opampd_are_not_another_users(scene):
    scene.configure({**SLEEP, **open_to_all(scene), "user": "games"})
    scene.start(before=["setpriv", "--inh-caps", "+net_raw,+kill", "--ambient-caps", "+net_raw,+kill"])
    seen = seen_now(scene)
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        expect(f"{name}: {seen.status[name]}", seen.number(name) == 0)


@scenario
def agent_of_another_user_dies_with_opampd(scene):
    """The kernel forgets that promise when the user changes."""
    seen = see(scene, {**SLEEP, **open_to_all(scene), "user": "games"})
    guards = [pid for pid, command in scene.processes().items() if "agent-guard" in command]
    for pid in guards:
        os.kill(pid, signal.SIGKILL)
    scene.kill()
    scene.wait_until_gone(seen.pid)


@scenario
def agent_of_another_user_is_stopped_and_restarted_as_any(scene):
    scene.begin({**SLEEP, **open_to_all(scene), "user": "games"})
    scene.offer(GOOD)
    os.kill(scene.pid(), signal.SIGKILL)
    scene.wait_for_starts(3)
    scene.stop()
    scene.nothing_is_left()


@scenario
def opampd_leaves_core_dumps_and_can_be_traced_after_a_start(scene):
    """A change of user in the child takes that from who shares its memory; the kernel then gives /proc/PID to root."""
    as_nobody(scene)
    capabilities = "+setuid,+setgid,+chown,+kill"
    scene.configure({**SLEEP, "user": "games"})
    scene.folder.chmod(0o755)
    scene.start(before=["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--inh-caps", capabilities,
                        "--ambient-caps", capabilities])
    seen = seen_now(scene)
    expect(f"{seen.status}", seen.status["Uid"] == [str(USER.pw_uid)] * 4 and seen.number("CapPrm") == 0)
    expect("its files in /proc are its own", os.stat(f"/proc/{scene.daemon.pid}/environ").st_uid == OTHER.pw_uid)


# --- what cannot be

NOT_ROOT = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--bounding-set", "-all"]


def as_nobody(scene):
    """A folder that opampd can use although it is not root."""
    os.chown(scene.folder, OTHER.pw_uid, OTHER.pw_gid)
    return {}


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


# --- what it is given


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
    scene.begin(agent)
    scene.offer(GOOD)
    left = [path.name for path in pathlib.Path("/run").glob("opampd-*/agent.private/*")]
    expect(f"what the check had is gone: {left}", all("credentials-" not in name for name in left))


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
        sys.exit("privileges_test.py: needs root: agents become other users here. Run it as root, or with sudo.")
    main()

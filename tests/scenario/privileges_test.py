#!/usr/bin/python3
"""Whose process an agent is, what it may, and how much it may take: all of that, and nothing of opampd's."""

import grp
import os
import pathlib
import signal
import stat
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import text_file  # noqa: E402
from privileged import OTHER, SLEEP, USER, Seen, as_nobody, open_to_all, see, seen_now  # noqa: E402
from rig import expect  # noqa: E402
from scene import GOOD  # noqa: E402
from suite import main, scenario  # noqa: E402

GROUPS = {"games": USER.pw_gid, "mail": grp.getgrnam("mail").gr_gid, "www-data": grp.getgrnam("www-data").gr_gid}


def bits(*names):
    return sum(1 << {"CHOWN": 0, "KILL": 5, "NET_BIND_SERVICE": 10, "NET_RAW": 13, "SYS_TIME": 25}[name] for name in names)


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
def folder_that_opampd_makes_is_not_missed_beforehand(scene):
    seen = see(scene, {**SLEEP, "nice": 5, "config_layout": "folder", "config_path": "made/later/main.conf"})
    expect("it runs as it is to", seen.nice == 5)


@scenario
def link_that_the_user_puts_there_does_not_lead_opampd_elsewhere(scene):
    roots = scene.folder / "roots"
    roots.mkdir(mode=0o755)
    agent = {**SLEEP, **open_to_all(scene), "user": "games", "config_path": "conf/agent.yaml"}
    (scene.folder / "work/conf").symlink_to(roots)
    local = scene.folder / "local.yaml"
    local.write_text(GOOD)
    scene.configure({**agent, "config_files": [str(local)]})
    scene.start()
    failed = scene.wait_for_event("agent.start_failed")
    expect(f"{failed}", "work/conf/agent.yaml" in failed["error"] and "Permission denied" in failed["error"])
    expect(f"nothing is there: {list(roots.iterdir())}", not list(roots.iterdir()))


@scenario
def config_that_the_check_refuses_is_not_left_to_be_read(scene):
    agent = {**SLEEP, **open_to_all(scene), "user": "games",
             "config_check": {"command": ["/bin/sh", "-c", 'stat -c "%U %a %n" "$0" "$(dirname "$0")"; pwd; exit 3', "{config}"]}}
    runtime = scene.folder / "runtime"
    scene.begin(agent, storage={"runtime_directory": str(runtime)})
    failed = scene.offer(GOOD, "FAILED")
    reason = failed["remote_config_status"]["error_message"]
    expect(f"its copy was the user's alone: {reason}", "games 600" in reason and "games 700" in reason)
    scene.wait_for_event("config.failed")
    expect("it was there", str(runtime / "agent.private/check") in reason)
    expect("gone", not (runtime / "agent.private/check").exists())


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


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("privileges_test.py: needs root: agents become other users here. Run it as root, or with sudo.")
    main()

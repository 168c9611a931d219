#!/usr/bin/python3
"""What the agent is started with: environment, arguments, folder, descriptors, signals, log."""

import json
import os
import pathlib
import signal
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import attributes, instance_uid  # noqa: E402
from rig import expect  # noqa: E402
from scene import GOOD  # noqa: E402
from suite import main, scenario  # noqa: E402


def reports(scene, agent="agent"):
    return [json.loads(line) for line in scene.agent_log(agent).splitlines() if line.startswith("{")]


def report(scene, count=1, agent="agent"):
    """What the agent of the `count`th start has said of itself; one that is stopped early may have said nothing."""
    def found():
        pids = [start.pid for start in scene.starts(agent)[count - 1:count]]
        return [said for said in reports(scene, agent) if said["pid"] in pids]
    return scene.wait_for("its report", found)[0]


def reporting(scene, **settings):
    return {"executable": scene.agent("report_itself.py"), "args": [], **settings}


def stored_uid(scene):
    return (scene.state / "agent" / "instance_uid").read_text().strip()


@scenario
def environment_is_opampds_own_and_ours(scene):
    peer = scene.serve()
    scene.configure(reporting(scene, env={"FROM_SETTINGS": "yes = yes", "OVERRIDDEN": "by the settings"}))
    scene.start(FROM_DAEMON="kept", OVERRIDDEN="of the daemon")
    environment = report(scene)["environment"]
    expect("its own is kept", environment["FROM_DAEMON"] == "kept" and environment["PATH"] == os.environ["PATH"])
    expect("the settings win", environment["OVERRIDDEN"] == "by the settings" and environment["FROM_SETTINGS"] == "yes = yes")
    expect("its name", environment["OPAMP_AGENT_NAME"] == "agent")
    expect("its config's place", environment["OPAMP_CONFIG_FILE"] == str(scene.config))
    expect("its hash", environment["OPAMP_CONFIG_HASH"] == scene.starts()[0].hash)
    first = scene.wait_for_message("a first message", lambda message: True)
    expect("its uid is the server's", environment["OPAMP_INSTANCE_UID"].replace("-", "") == instance_uid(first).hex())
    expect("and the one on disk", environment["OPAMP_INSTANCE_UID"] == stored_uid(scene))
    expect("service.instance.id is the same", attributes(first)["service.instance.id"] == stored_uid(scene))
    peer.offer(GOOD)
    second = report(scene, 2)
    expect("the hash of the new config", second["environment"]["OPAMP_CONFIG_HASH"] == scene.starts()[1].hash != scene.starts()[0].hash)
    expect("which it finds in place", second["config"] == GOOD)


@scenario
def what_concerns_the_daemon_alone_is_not_passed_on(scene):
    manager = scene.folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(str(manager))
        notified.settimeout(30)
        scene.configure(reporting(scene))
        scene.start(NOTIFY_SOCKET=str(manager), WATCHDOG_USEC="30000000", LISTEN_FDS="1", JOURNAL_STREAM="1:2", INVOCATION_ID="kept")
        environment = report(scene)["environment"]
        leaked = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "JOURNAL_STREAM"} & set(environment)
        expect(f"not passed on: {leaked}", not leaked)
        expect("the rest is", environment["INVOCATION_ID"] == "kept")
        told = notified.recv(4096).decode()
        expect(f"the daemon itself uses it: {told}", "READY=1" in told and "STATUS=1 of 1 agent running" in told)
        scene.stop()
        expect("STOPPING=1 at the end", "STOPPING=1" in notified.recv(4096).decode())


@scenario
def arguments_have_their_placeholders_filled_in(scene):
    args = ["--config", "{config}", "--as={name}/{instance_uid}", "{unknown}", "", "a b", "*", "$HOME"]
    scene.configure(reporting(scene, args=args))
    scene.start()
    expected = ["--config", str(scene.config), f"--as=agent/{stored_uid_once_there(scene)}", "{unknown}", "", "a b", "*", "$HOME"]
    expect(f"the arguments: {report(scene)['arguments']}", report(scene)["arguments"][1:] == expected)


def stored_uid_once_there(scene):
    report(scene)
    return stored_uid(scene)


@scenario
def without_args_the_agent_gets_config_and_its_path(scene):
    scene.configure(reporting(scene, args=None))
    scene.start()
    expect("--config PATH", report(scene)["arguments"][1:] == ["--config", str(scene.config)])


@scenario
def working_directory_is_the_settings_and_holds_the_config(scene):
    (scene.folder / "work").mkdir()
    scene.begin(reporting(scene, working_directory="work"))
    expect("where it runs", report(scene)["working_directory"] == str(scene.folder / "work"))
    scene.offer(GOOD)
    expect("where its config is", (scene.folder / "work" / "effective.yaml").read_text() == GOOD)
    expect("nowhere else", not scene.config.exists())


@scenario
def nothing_but_standard_streams_is_open(scene):
    scene.begin(reporting(scene))
    first = report(scene)
    scene.offer(GOOD)  # now with a connection, a guard and files that were open
    for told in (first, report(scene, 2)):
        descriptors = told["descriptors"]
        expect(f"0, 1 and 2: {descriptors}", {key for key in descriptors if int(key) <= 2} == {"0", "1", "2"})
        expect("no input", descriptors["0"] == "/dev/null")
        expect("output to one pipe", descriptors["1"] == descriptors["2"] and descriptors["1"].startswith("pipe:"))
        others = {key: what for key, what in descriptors.items() if int(key) > 2 and not what.startswith("/proc/")}
        expect(f"nothing else: {others}", not others)


@scenario
def inherited_descriptors_are_not_passed_on(scene):
    scene.configure(reporting(scene))
    scene.start(before=["sh", "-c", 'exec "$0" "$@" 7</etc/passwd 8>leak'])
    others = {key: what for key, what in report(scene)["descriptors"].items() if int(key) > 2 and not what.startswith("/proc/")}
    expect(f"nothing else: {others}", not others)


@scenario
def agent_leads_a_group_of_its_own_with_signals_as_new(scene):
    scene.configure(reporting(scene))
    scene.start(before=["env", "--ignore-signal=HUP", "--block-signal=USR1"])
    told = report(scene)
    expect("its own group", told["group"] == told["pid"])
    expect(f"no signal blocked: {told['blocked']}", not told["blocked"])
    expect(f"none ignored: {told['ignored']}", not told["ignored"])


@scenario
def agent_log_is_appended_with_a_line_for_each_start(scene):
    peer = scene.begin({"executable": scene.agent("report_itself.py")})
    pids = [report(scene)["pid"]]
    scene.offer(GOOD)
    pids.append(report(scene, 2)["pid"])
    peer.order(restart=True)
    pids.append(report(scene, 3)["pid"])
    starts = scene.starts()
    expect(f"each start line names the pid: {starts}", [start.pid for start in starts] == pids)
    expect("and the hash", starts[0].hash != starts[1].hash == starts[2].hash)
    kinds = ["start" if line.startswith("---") else "words" for line in scene.agent_log().splitlines()]
    expect(f"in front of what it says: {kinds}", kinds == ["start", "words"] * 3)
    scene.stop()
    scene.start()
    scene.wait_for_starts(4)
    expect("a new daemon goes on in the same file", scene.agent_log().startswith(f"--- opampd: agent started, pid {pids[0]}, "))


@scenario
def identity_is_kept_and_the_servers_counts(scene):
    peer = scene.begin(reporting(scene))
    before, given = stored_uid(scene), "0123456789abcdef0123456789abcdef"
    since = peer.now()
    peer.order(new_uid=given)
    scene.wait_for_event("identity.changed")
    scene.wait_for_message("a message with the new one", lambda message: instance_uid(message).hex() == given, since)
    expect("stored", stored_uid(scene).replace("-", "") == given)
    since = peer.now()
    scene.stop()
    scene.start()
    first = scene.wait_for_message("a first message", lambda message: "agent_description" in message, since)
    expect("kept over a restart", instance_uid(first).hex() == given and before.replace("-", "") != given)


@scenario
def instance_id_of_the_settings_is_what_it_starts_with(scene):
    given = "11111111-2222-7333-8444-555555555555"
    peer = scene.begin(reporting(scene, instance_id=given))
    expect("at the server", instance_uid(peer.messages()[0]).hex() == given.replace("-", ""))
    expect("at the agent", report(scene)["environment"]["OPAMP_INSTANCE_UID"] == given)


@scenario
def description_of_the_settings_overrides_and_adds(scene):
    peer = scene.begin({**scene.idle(), "description": {
        "identifying_attributes": {"service.name": "my service", "service.namespace": "shop"},
        "non_identifying_attributes": {"deployment.environment": "test", "host.name": "elsewhere"}}})
    told = attributes(peer.messages()[0])
    expected = {"service.name": "my service", "service.namespace": "shop", "deployment.environment": "test", "host.name": "elsewhere", "os.type": "linux"}
    expect(f"all of them: {told}", expected.items() <= told.items())


@scenario
def daemon_that_is_stopped_by_ctrl_c_does_not_pass_it_on_itself(scene):
    """Ctrl-C goes to the terminal's whole group; the agent has its own, so it is stopped in order."""
    scene.configure({"executable": scene.agent("slow_to_stop.sh")})
    scene.start()
    scene.wait_until_healthy()
    os.killpg(os.getpgid(scene.daemon.pid), signal.SIGINT)
    expect("exit code 0", scene.daemon.process.wait(30) == 0)
    expect("stopped in order", scene.agent_log().endswith("stopped well\n"))


if __name__ == "__main__":
    main()

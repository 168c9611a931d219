#!/usr/bin/python3
"""What opampd says to its command line, its settings and its state folder before anything is started."""

import os
import pathlib
import re
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import health_is, instance_uid  # noqa: E402
from rig import Program, eventually, expect, is_alive  # noqa: E402
from suite import main, scenario, scenario_for  # noqa: E402

WRONG = """\
server:
  endpoint: ws//nowhere
  endpiont: ws://127.0.0.1:1/v1/opamp
agent:
  executable: ./not-there
  stop_timeout: 10
  args: {a: b}
  min_uptime: soon
capabilities:
  accepts_remote_config: perhaps
storage:
  directory: state
telemetry:
  logs:
    level: loud
"""


def run_with(scene, text, *options):
    (scene.folder / "supervisor.yaml").write_text(text)
    return scene.run("--config", "supervisor.yaml", *options)


def nothing_was_done(scene):
    files = {file.name for file in scene.folder.iterdir()}
    expect(f"no file and no folder was made: {files}", files <= {"supervisor.yaml"})
    scene.nothing_is_left()


@scenario_for({"to start": (), "with --check": ("--check",)})
def all_mistakes_are_reported_together(scene, *options):
    ended = run_with(scene, WRONG, *options)
    expect(f"exit code 2: {ended}", ended.returncode == 2)
    lines = ended.stderr.splitlines()
    for number, key in ((2, "server.endpoint"), (3, "server.endpiont"), (5, "agent.executable"), (6, "agent.stop_timeout"),
                        (7, "agent.args"), (8, "agent.min_uptime"), (10, "capabilities.accepts_remote_config"), (15, "telemetry.logs.level")):
        expect(f"line {number}: {key}: {lines}", any(line.startswith(f"supervisor.yaml:{number}: {key}: ") for line in lines))
    expect(f"one line each: {lines}", len(lines) == 8)
    expect("each with a remedy", all(re.search(r"\(.+\)$|must be", line) for line in lines))
    expect("the values are there", "'10'" in ended.stderr and "'soon'" in ended.stderr and "'loud'" in ended.stderr)
    nothing_was_done(scene)


@scenario_for({
    "no such file": None,
    "not YAML": "server: [\n",
    "empty": "",
    "a list": "- 1\n",
    "no agent": "server:\n  endpoint: ws://127.0.0.1:1/v1/opamp\n",
    "no server": "agent:\n  executable: /bin/sleep\n",
    "a key twice": "server:\n  endpoint: ws://127.0.0.1:1/\n  endpoint: ws://127.0.0.1:2/\nagent:\n  executable: /bin/sleep\n",
    "two agents with one config file": ("server:\n  endpoint: ws://127.0.0.1:1/\nagents:\n  a:\n    executable: /bin/sleep\n"
                                        "  b:\n    executable: /bin/sleep\n"),
    "a variable that is not set": "server:\n  endpoint: ${env:NOT_SET_ANYWHERE}\nagent:\n  executable: /bin/sleep\n",
    "an agent's name that leaves the folder": "server:\n  endpoint: ws://127.0.0.1:1/\nagents:\n  ../up:\n    executable: /bin/sleep\n",
})
def settings_that_cannot_be_used_end_with_code_2(scene, text):
    ended = scene.run("--config", "supervisor.yaml") if text is None else run_with(scene, text)
    expect(f"exit code 2: {ended}", ended.returncode == 2)
    expect(f"words that name the file: {ended.stderr}", "supervisor.yaml" in ended.stderr)
    nothing_was_done(scene)


@scenario
def check_says_what_would_be_done_and_does_nothing(scene):
    (scene.folder / "supervisor.yaml").write_text(
        "server:\n  endpoint: ws://127.0.0.1:1/v1/opamp\nagent:\n  executable: /bin/sleep\n  args: [infinity]\nstorage:\n  directory: state\n")
    ended = scene.run("--config", "supervisor.yaml", "--check")
    expect(f"exit code 0: {ended}", ended.returncode == 0 and not ended.stderr)
    for word in ("ws://127.0.0.1:1/v1/opamp", "/bin/sleep", str(scene.folder / "effective.yaml"), str(scene.state)):
        expect(f"{word} is in it: {ended.stdout}", word in ended.stdout)
    nothing_was_done(scene)


@scenario_for({"--version": ("--version", r"^opampd \d+\.\d+\.\d+\n$"), "--help": ("--help", r"--config FILE(.|\n)*--check(.|\n)*SIGTERM")})
def is_printed(scene, option, pattern):
    for command in ([option], [option, "--config", "not-there.yaml"]):
        ended = scene.run(*command)
        expect(f"exit code 0: {ended}", ended.returncode == 0 and not ended.stderr)
        expect(f"the words: {ended.stdout}", re.search(pattern, ended.stdout))


@scenario_for({"nothing": (), "an unknown option": ("--confgi", "x"), "an option without its value": ("--config",), "a stray word": ("supervisor.yaml",)})
def bad_command_line_ends_with_code_2(scene, *words):
    ended = scene.run(*words)
    expect(f"exit code 2 and one line: {ended}", ended.returncode == 2 and ended.stderr.count("\n") == 1 and "--help" in ended.stderr)


@scenario
def smallest_settings_work(scene):
    peer = scene.serve()
    shutil.copy(scene.agent("idle.sh"), scene.folder / "agent")
    (scene.folder / "supervisor.yaml").write_text(f"server:\n  endpoint: ws://127.0.0.1:{scene.port}/v1/opamp\nagent:\n  executable: ./agent\n")
    scene.start(STATE_DIRECTORY=str(scene.state))
    scene.wait_for_message("a healthy agent", health_is(True))
    expect("one start", len(scene.starts()) == 1)
    peer.offer("a: 1\n")
    scene.wait_for_starts(2)
    expect("the config is beside", scene.config.read_text() == "a: 1\n")


# --- several daemons -----------------------------------------------------------------------------------------------------


@scenario
def two_daemons_run_side_by_side(scene):
    peer = scene.serve()
    scene.configure()
    scene.configure({**scene.idle(), "config_path": "other.yaml"}, file="other-supervisor.yaml", storage={"directory": str(scene.folder / "other-state")},
                    telemetry={"logs": {"outputs": [str(scene.folder / "other.log")]}})
    other = scene.also(scene.start("other-supervisor.yaml"))
    first = scene.start()
    eventually("both are healthy", lambda: other.runs() and len({instance_uid(message) for message in filter(health_is(True), peer.messages())}) == 2)
    peer.offer("a: 1\n")
    eventually("both have the config", lambda: [(scene.folder / name).read_text() for name in ("effective.yaml", "other.yaml")] == ["a: 1\n"] * 2)
    scene.wait_for_starts(2)
    expect("both run", first.runs() and other.runs())
    expect("the other ends well", other.stop() == 0)
    expect("the first runs on", first.runs() and is_alive(scene.pid()))


@scenario
def second_daemon_on_the_same_state_folder_is_refused(scene):
    peer = scene.begin()
    first, pid, said = scene.daemon, scene.pid(), len(peer.messages())
    ended = scene.run("--config", "supervisor.yaml")
    expect(f"exit code 1: {ended}", ended.returncode == 1)
    refused = scene.events("daemon.start_failed")[-1]["error"]
    expect(f"it says why, where and what to do: {refused}", "another opampd" in refused and str(scene.state) in refused and "storage.directory" in refused)
    expect("the first runs on with the same agent", first.runs() and scene.pid() == pid and is_alive(pid))
    expect("and has nothing to say about it", len(peer.messages()) == said)


@scenario
def state_folder_of_a_daemon_that_was_killed_is_free(scene):
    scene.configure()
    scene.start()
    scene.wait_until_healthy()
    scene.kill()
    scene.start()
    scene.wait_until_healthy(2)


# --- a state folder that cannot be used -----------------------------------------------------------------------------------


def as_a_stranger(scene):
    """A command that makes root somebody without rights; copies opampd to where everybody may execute it."""
    scene.folder.chmod(0o755)
    shutil.copy(scene.programs.bin / "opampd", scene.folder / "opampd")
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"] if os.geteuid() == 0 else []


@scenario_for({"parent": "state-parent/state", "folder": "state"})
def state_folder_that_cannot_be_written_is_told(scene, name):
    before = as_a_stranger(scene)
    folder = scene.folder / name
    made = folder if name == "state" else folder.parent
    made.mkdir(mode=0o755)
    made.chmod(0o555)
    scene.configure({"executable": "/bin/sleep", "args": ["infinity"]}, storage={"directory": str(folder)}, telemetry={"logs": {"outputs": ["stderr"]}})
    program = scene.also(Program([*before, scene.folder / "opampd", "--config", "supervisor.yaml"], cwd=scene.folder, log=scene.daemon_output))
    code = program.process.wait(30)
    told = program.text()
    expect(f"exit code 1: {code}: {told}", code == 1)
    expect(f"it says what and where and what to do: {told}", str(folder) in told and "Permission denied" in told and "storage.directory" in told)
    expect("in one line", told.count("\n") == 1)


@scenario
def state_folder_that_is_a_file_is_told(scene):
    scene.state.write_text("")
    scene.configure()
    ended = scene.run("--config", "supervisor.yaml")
    expect(f"exit code 2, because the settings are wrong: {ended}", ended.returncode == 2 and "storage.directory" in ended.stderr)


@scenario
def log_output_that_cannot_be_opened_is_told(scene):
    scene.configure(telemetry={"logs": {"outputs": [str(scene.folder / "no-folder" / "log")]}})
    ended = scene.run("--config", "supervisor.yaml")
    expect(f"exit code 2: {ended}", ended.returncode == 2 and "telemetry.logs.outputs" in ended.stderr)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""What becomes of an agent's output; docs/output.md promises it."""

import json
import os
import pathlib
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from ctl import FAILED, NOT_FOUND, USAGE, asked, await_answers, ctl, socket_of  # noqa: E402
from peer import error_message  # noqa: E402
from printed import START, expect_all, files, names, printed, processes  # noqa: E402
from rig import Program, eventually, expect  # noqa: E402
from suite import main, scenario, scenario_for  # noqa: E402

SMALL = {"max_size": "4KiB", "keep": 1000}


def printing(scene, rate, count=0, width=40, **output):
    return {"executable": scene.agent("printing.py"), "args": [str(rate), str(count), str(width)], "output": output}


def live(scene, agent="agent"):
    return scene.state / agent / "agent.log"


def text_of(file):
    return "".join(text for _, text in files(file))


def numbers_of(scene):
    """Of the only process."""
    numbers, = processes(text_of(live(scene))).values()
    return numbers


def wait_for_line(scene, number):
    scene.wait_for(f"line {number} in the file", lambda: f"line {number} " in live(scene).read_text())


def wait_until_packed(scene, file, count=None):
    """All but the live one, of which there is nothing more to come."""
    def are_packed():
        packed = [path.suffix == ".gz" for path in names(file)[:-1]]
        return all(packed) and len(packed) == (count or len(packed))
    scene.wait_for("packed files", are_packed)


def memory(pid):
    """Resident, in MiB."""
    fields = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024


def logs(scene, *arguments, **options):
    return ctl(scene, "logs", *arguments, **options).stdout


# --- files


@scenario_for({"plain": (False,), "packed": (True,)})
def nothing_is_lost_or_doubled_over_100_rotations_at_1000_lines_a_second(scene, compress):
    scene.configure(printing(scene, 1000, 11_000, **SMALL, compress=compress))
    scene.start()
    wait_for_line(scene, 11_000)
    if compress:
        wait_until_packed(scene, live(scene))
    found = files(live(scene))
    expect(f"over 100 rotations: {len(found) - 1}", len(found) > 100)
    expect("each file ends with a line", all(text.endswith("\n") for _, text in found))
    expect_all(numbers_of(scene), 11_000)
    expect("no file of ours is over its size by more than a line", all(len(text) <= 4096 + 40 for _, text in found))
    scene.stop()
    left = [path.name for path in (scene.state / "agent").iterdir() if path.name.startswith(".")]
    expect(f"nothing half made is left: {left}", not left)


@scenario
def only_so_many_files_are_kept_the_newest(scene):
    scene.configure(printing(scene, 0, 20_000, max_size="64KiB", keep=3))
    scene.start()
    wait_for_line(scene, 20_000)
    wait_until_packed(scene, live(scene), 3)
    numbers = [int(line.split()[1]) for line in text_of(live(scene)).splitlines() if line.startswith("line ")]
    expect("the last lines, each once", numbers == list(range(numbers[0], 20_001)) and numbers[0] > 10_000)


@scenario
def agent_that_prints_without_pause_does_not_grow_the_daemon(scene):
    scene.serve()  # no tries to reach a server beside
    scene.configure({"executable": scene.agent("flood.sh"), "output": {"max_size": "32MiB", "keep": 2, "tail": "64KiB"}})
    # What is freed is to be free, and a thread that begins late is to have no stacks that are kept aside for the sanitizer.
    own = "quarantine_size_mb=1:thread_local_quarantine_size_kb=64:detect_stack_use_after_return=0"
    scene.start(ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":" + own)
    scene.wait_until_healthy()
    await_answers(scene)
    last = lambda: max([int(path.name.split(".")[2]) for path in (scene.state / "agent").glob("agent.log.*")], default=0)  # noqa: E731
    scene.wait_for("some rotations", lambda: last() > 16)
    before, first = memory(scene.daemon.pid), last()
    scene.wait_for("2 GiB more", lambda: last() > first + 64)
    grown = memory(scene.daemon.pid) - before
    expect(f"it has not grown: {grown:.1f} MiB", grown < 4)
    expect("opampctl is answered meanwhile", asked(scene, "status")["agents"][0]["healthy"])
    kept = sum(path.stat().st_size for path in (scene.state / "agent").glob("*agent.log*"))
    expect(f"the disk is not either: {kept >> 20} MiB", kept < (5 * 32 + 2) << 20)


@scenario
def full_disk_costs_output_and_not_the_agent(scene):
    """The agent's output is on a file system of its own; what is missing is counted to the byte."""
    full = scene.folder / "full"
    full.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", str(full)], check=True)
    try:
        (full / "filler").write_bytes(b"x" * (900 << 10))
        file = full / "agent.log"
        scene.configure(printing(scene, 3000, width=100, file=str(file), max_size="64MiB"))
        scene.start()
        lost = scene.wait_for_event("agent_output.losing")
        expect(f"why: {lost}", "No space left" in lost["error"])
        begun = max(printed(scene.folder).values())
        scene.wait_for("the agent goes on", lambda: max(printed(scene.folder).values()) > begun + 2000)
        expect("said once", len(scene.events("agent_output.losing")) == 1)
        (full / "filler").unlink()
        missing = scene.wait_for_event("agent_output.resumed")["lost_bytes"]
        size = file.stat().st_size
        scene.wait_for("it is written again", lambda: file.stat().st_size > size)
        scene.stop()
        text = file.read_text()
        expect("said in the file", f"--- opampd: {missing} bytes of output are lost here: No space left on device ---\n" in text)
        count, = printed(scene.folder).values()
        words = sum(len(line) + 1 for line in text.splitlines() if line.startswith("--- opampd"))
        written = len(text) - words
        # The agent may have been stopped before it counted its last line, and ours stands on a line of its own.
        expect(f"all the rest is there: {count * 100} = {written} + {missing}", written + missing - count * 100 in (0, 1, 100, 101))
    finally:
        subprocess.run(["umount", "--lazy", str(full)], check=False)


@scenario
def killed_daemon_loses_nothing_that_was_printed(scene):
    """The guard writes what is still in the pipe, and the next daemon goes on behind it."""
    scene.configure(printing(scene, 0, width=100, max_size="1MiB", keep=1000))
    for turn in range(1, 4):
        scene.start()
        scene.wait_for("much output", lambda: len(printed(scene.folder)) == turn and min(printed(scene.folder).values()) > 20_000)
        scene.kill()
        eventually("the agent is gone", lambda: not scene.agents())
    counts = printed(scene.folder)
    scene.start()
    scene.wait_for("another part", lambda: len(printed(scene.folder)) == 4)
    scene.stop()
    parts = processes(text_of(live(scene)))
    expect(f"a part for each process: {sorted(parts)}, {sorted(counts)}", set(counts) < set(parts))
    for pid, numbers in parts.items():
        expect_all(numbers, counts.get(pid, 0))


@scenario
def file_of_the_operators_choice_is_written(scene):
    folder = scene.folder / "logs"
    folder.mkdir()
    scene.configure(printing(scene, 0, 1000, file="logs/web.log", max_size="8KiB"))
    scene.start()
    scene.wait_for("files", lambda: "line 1000 " in (folder / "web.log").read_text())
    wait_until_packed(scene, folder / "web.log")
    expect("none elsewhere", not live(scene).exists())
    await_answers(scene)
    expect("opampctl knows", asked(scene, "status")["agents"][0]["output"] == str(folder / "web.log"))
    expect_last(logs(scene, "-n", "3"), [998, 999, 1000])


@scenario
def file_that_is_given_directly_is_the_agents_own(scene):
    (scene.state / "agent").mkdir(parents=True)
    scene.state.chmod(0o700)
    live(scene).write_text("old\n" * 3000)
    scene.configure(printing(scene, 0, 10, direct=True, max_size="4KiB"))
    scene.start()
    wait_for_line(scene, 10)
    expect("what was too large is rotated at the start", (scene.state / "agent" / "agent.log.1").exists() or
           (scene.state / "agent" / "agent.log.1.gz").exists())
    expect("the agent has the file", os.readlink(f"/proc/{scene.pid()}/fd/1") == str(live(scene)))
    expect_all(numbers_of(scene), 10)


# --- other destinations


def pass_on(scene):
    return [event["line"] for event in scene.events("agent.output")]


@scenario
def output_goes_to_the_log_line_by_line(scene):
    scene.configure(printing(scene, 0, 3000, destination="log"),
                    telemetry={"logs": {"format": "json", "level": "error", "outputs": [str(scene.daemon_log)]}})
    scene.start()
    scene.wait_for("the last line", lambda: any(line.startswith("line 3000 ") for line in pass_on(scene)))
    expect_all([int(line.split()[1]) for line in pass_on(scene)], 3000)
    expect("whose they are", all(event["agent"] == "agent" for event in scene.events("agent.output")))
    expect("no file", not live(scene).exists())


DESTINATIONS = {"file": ({},), "file, direct": ({"direct": True},), "log": ({"destination": "log"},), "none": ({"destination": "none"},)}


@scenario_for(DESTINATIONS)
def report_of_a_crash_has_the_last_words(scene, output):
    scene.begin(scene.subject(output=output))
    scene.offer("good: 1\n")
    reason = error_message(scene.offer("die: at_start\n", "FAILED"))
    expect(f"what it said: {reason}", reason.startswith("exit code 3") and "line 1: no such exporter" in reason)
    expect("without the secret", "hunter2" not in reason)
    expect("nor the start line", "--- opampd" not in reason)


@scenario
def report_has_the_last_words_from_before_a_rotation_too(scene):
    agent = scene.folder / "rotates.sh"
    agent.write_text("#!/bin/sh\necho the reason\nhead -c 5000 /dev/zero | tr '\\0' x\necho\nsleep 0.1\necho the last line\n"
                     "test -e good && exec sleep 1000\nexit 9\n")
    agent.chmod(0o755)
    (scene.folder / "good").touch()
    scene.begin({"executable": str(agent), "args": [], "min_uptime": "2s", "output": {"max_size": "4KiB", "tail": "64KiB"}})
    (scene.folder / "good").unlink()
    reason = error_message(scene.offer("any: thing\n", "FAILED"))
    expect(f"both: {reason}", "the reason" in reason and "the last line" in reason)


@scenario_for({name: (output,) for name, (output,) in DESTINATIONS.items()} | {"small files": ({"max_size": "4KiB", "keep": 50},)})
def lines_are_log_records_too(scene, output):
    sink = scene.sink()
    scene.configure(printing(scene, 300, **output), telemetry={"logs": {"endpoint": sink.url("logs"), "agent_output": True}})
    scene.start()
    of_agent = lambda: [record["body"] for record in sink.logs() if str(record["body"]).startswith("line ")]  # noqa: E731
    scene.wait_for("records", lambda: len(of_agent()) > 600)
    numbers = [int(body.split()[1]) for body in of_agent()]
    expect(f"each once, in order: {numbers[:5]}", numbers == list(range(numbers[0], numbers[0] + len(numbers))))
    expect("without the start lines", not [r for r in sink.logs() if "--- opampd" in str(r["body"])])


@scenario
def what_is_impossible_is_said_before_anything_is_started(scene):
    scene.configure(printing(scene, 1, destination="none", direct=True, keep=3))
    checked = scene.run("--config", "supervisor.yaml", "--check")
    expect(f"both: {checked.stderr}", checked.returncode == 2 and "agent.output.direct: " in checked.stderr and "agent.output.keep: " in checked.stderr)


# --- opampctl logs


def expect_last(text, numbers):
    found = [int(line.split()[1]) for line in text.splitlines() if line.startswith("line ")]
    expect(f"lines {numbers}: {text[-200:]}", found == numbers)


@scenario
def last_lines_are_shown_over_rotations_packed_or_not(scene):
    scene.configure(printing(scene, 0, 2000, **SMALL))
    scene.start()
    wait_for_line(scene, 2000)
    await_answers(scene)
    wait_until_packed(scene, live(scene))
    expect_last(logs(scene), list(range(1991, 2001)))
    expect_last(logs(scene, "agent", "-n", "1"), [2000])
    expect_last(logs(scene, "--lines=1500"), list(range(501, 2001)))
    expect_last(logs(scene, "-n", "0"), [])
    whole = logs(scene, "-n", "1000000")
    expect("all there is", whole == text_of(live(scene)) and START in whole)
    documents = [json.loads(line) for line in logs(scene, "-n", "2", "--json").splitlines()]
    expect(f"for programs: {documents}", [(each["agent"], each["line"][:9]) for each in documents] == [("agent", "line 1999"), ("agent", "line 2000")])
    ctl(scene, "logs", "-n", "many", code=USAGE)
    ctl(scene, "logs", "nobody", code=NOT_FOUND)


def follower(scene, *arguments):
    log = scene.folder / f"follower.{len(scene.others)}"
    return scene.also(Program([scene.programs.bin / "opampctl", "--socket", str(socket_of(scene)), "logs", "-f", *arguments], log=log))


@scenario
def lines_are_followed_over_rotations(scene):
    scene.configure(printing(scene, 1000, **SMALL))
    scene.start()
    scene.wait_until_healthy()
    await_answers(scene)
    reader = follower(scene, "-n", "1")
    scene.wait_for("5,000 lines", lambda: reader.text().count("\n") > 5000)
    numbers = [int(line.split()[1]) for line in reader.text().splitlines()[1:-1] if line.startswith("line ")]
    expect(f"each once, in order: {numbers[:3]}", numbers == list(range(numbers[0], numbers[0] + len(numbers))))
    os.kill(max(printed(scene.folder)), signal.SIGKILL)
    scene.wait_for("the next process's", lambda: START in reader.text())


@scenario
def slow_reader_holds_up_nobody(scene):
    scene.configure(printing(scene, 0, width=1000, max_size="4MiB", keep=20, compress=False))
    scene.start()
    scene.wait_until_healthy()
    await_answers(scene)
    slow = subprocess.Popen([scene.programs.bin / "opampctl", "--socket", str(socket_of(scene)), "logs", "-f", "-n", "100000"],
                            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        slow.stdout.read(10)
        done, before = max(printed(scene.folder).values()), memory(scene.daemon.pid)
        scene.wait_for("the agent prints on", lambda: max(printed(scene.folder).values()) > done + 50_000)
        expect("opampctl is answered", asked(scene, "status")["agents"][0]["healthy"])
        grown = memory(scene.daemon.pid) - before
        expect(f"nothing is heaped up for it: {grown:.1f} MiB", grown < 16)
    finally:
        slow.kill()
        slow.wait()


@scenario
def too_many_readers_are_told_so_and_others_are_answered(scene):
    scene.configure(printing(scene, 10))
    scene.start()
    scene.wait_until_healthy()
    await_answers(scene)
    readers = [follower(scene) for _ in range(8)]
    scene.wait_for("all follow", lambda: all("line " in reader.text() for reader in readers))
    refused = ctl(scene, "logs", "-f", code=FAILED)
    expect(f"why: {refused.stderr}", "too many" in refused.stderr)
    expect("the rest is answered", asked(scene, "status")["agents"])
    readers[0].end()
    eventually("one may come", lambda: scene.run("--socket", str(socket_of(scene)), "logs", program="opampctl").returncode == 0)


@scenario
def of_several_agents_one_is_named(scene):
    one = printing(scene, 0, 5)
    scene.configure(agents={name: {**one, "config_path": f"{name}.yaml"} for name in ("one", "two")})
    scene.start()
    scene.wait_until_healthy(2)
    await_answers(scene)
    which = ctl(scene, "logs", code=USAGE)
    expect(f"which: {which.stderr}", "one, two" in which.stderr)
    expect_last(logs(scene, "two", "-n", "2"), [4, 5])


@scenario_for({"log": ("log", "opampd's own log"), "none": ("none", "nowhere")})
def where_there_is_no_file_one_is_told_where_to_look(scene, destination, where):
    scene.configure(printing(scene, 0, 100, destination=destination))
    scene.start()
    scene.wait_until_healthy()
    await_answers(scene)
    scene.wait_for("what is remembered", lambda: "line 100 " in logs(scene))
    shown = ctl(scene, "logs", "-f", "-n", "2")
    expect(f"where: {shown.stderr}", where in shown.stderr)
    expect_last(shown.stdout, [99, 100])


if __name__ == "__main__":
    main()

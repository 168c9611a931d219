"""Runs the scenarios of one file, each in a folder of its own:

    TOPIC_test.py --bin FOLDER [--peer PROGRAM] [--jaeger FOLDER] [--results FILE] [--keep] [WORD…]

Only scenarios whose names have all the words are run. A line a scenario; the last line is "N passed, N failed".
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

from rig import Failed
from scene import Programs, Scene

EXPECTED_TROUBLE = (Failed, OSError, LookupError, TypeError, ValueError, AttributeError, subprocess.SubprocessError)


class Entry(NamedTuple):
    name: str
    play: object
    arguments: tuple


_entries = []


def scenario(function):
    """A function of a Scene whose name says the behaviour."""
    _entries.append(Entry(function.__name__.replace("_", " "), function, ()))
    return function


def scenario_for(table):
    """One scenario for each {case: arguments}."""
    def register(function):
        name = function.__name__.replace("_", " ")
        for case, arguments in table.items():
            _entries.append(Entry(f"{name}: {case}", function, arguments if isinstance(arguments, tuple) else (arguments,)))
        return function
    return register


def conformance(name, cases=None):
    """A function of a scene that proves rows of the matrix; their IDs stand in the name: "[CFG-7] …". One entry for each case."""
    def register(function):
        for case, arguments in (cases or {None: ()}).items():
            full_name = name if case is None else f"{name}: {case}"
            _entries.append(Entry(full_name, function, arguments if isinstance(arguments, tuple) else (arguments,)))
        return function
    return register


def ids_in(name):
    """The rows that a test's name says it proves."""
    return re.findall(r"\[([A-Z]+(?:-[A-Z]+)*-\d+)\]", name)


def _tell(scene):
    for file, lines in ((scene.daemon_log, 30), (scene.daemon_output, 25), (scene.state / "agent" / "agent.log", 8)):
        if file.is_file():
            last = file.read_text(errors="replace").splitlines()[-lines:]
            print(f"    the end of {file.name}:", *last, sep="\n      ")
    print("    what the server saw last:", *scene.last_messages(), sep="\n      ")


def _play(entry, scene_type, programs, keep):
    """Why it failed, or nothing."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="opampd-scenario-"))
    began, trouble = time.monotonic(), None
    scene = scene_type(programs, folder)
    try:
        entry.play(scene, *entry.arguments)
        scene.end_well()
    except EXPECTED_TROUBLE as failure:
        trouble = str(failure) if isinstance(failure, Failed) else repr(failure)
    finally:
        scene.clear_up()
    print(f"{'✘' if trouble else '✔'} {entry.name} ({(time.monotonic() - began) * 1000:.0f} ms)" + (f": {trouble}" if trouble else ""),
          flush=True)
    if trouble:
        _tell(scene)
    if keep:
        print(f"    left to look at in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return trouble


def main(scene_type=Scene):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=pathlib.Path, metavar="FOLDER", help="where opampd, opamp-server and demo-service are")
    parser.add_argument("--peer", type=pathlib.Path, required=scene_type is Scene, help="what tests/interop/build_peer has built")
    parser.add_argument("--jaeger", type=pathlib.Path, metavar="FOLDER", help="what tests/interop/build_jaeger has built")
    parser.add_argument("--results", type=pathlib.Path, metavar="FILE", help="one line of JSON a test")
    parser.add_argument("--keep", action="store_true", help="leave the folders of the scenarios where they are")
    parser.add_argument("words", nargs="*")
    arguments = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):  # which a shell has told its background jobs, and what they start, to ignore
        signal.signal(number, signal.default_int_handler)
    os.environ.pop("NOTIFY_SOCKET", None)
    programs = Programs(arguments.bin.resolve(), arguments.peer and arguments.peer.resolve(), arguments.jaeger and arguments.jaeger.resolve())
    wanted = [entry for entry in _entries if all(word in entry.name for word in arguments.words)]
    if arguments.results:
        arguments.results.parent.mkdir(parents=True, exist_ok=True)
        arguments.results.write_text("")
    passed = 0
    for entry in wanted:
        trouble = _play(entry, scene_type, programs, arguments.keep)
        passed += not trouble
        if arguments.results:
            with arguments.results.open("a") as results:
                print(json.dumps({"name": entry.name, "rows": ids_in(entry.name), "passed": not trouble}), file=results)
    print(f"{passed} passed, {len(wanted) - passed} failed")
    sys.exit(0 if wanted and passed == len(wanted) else 1)

"""Runs the scenarios of one file, each in a folder of its own:

    TOPIC_test.py --bin FOLDER --peer PROGRAM [--keep] [WORD…]

Only scenarios whose names have all the words are run. A line a scenario; the last line is "N passed, N failed".
"""

import argparse
import os
import pathlib
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


def _tell(scene):
    for file, lines in ((scene.daemon_log, 30), (scene.daemon_output, 25), (scene.state / "agent" / "agent.log", 8)):
        if file.is_file():
            last = file.read_text(errors="replace").splitlines()[-lines:]
            print(f"    the end of {file.name}:", *last, sep="\n      ")
    if scene.peer:
        print("    the last messages at the peer:", *scene.peer.events[-6:], sep="\n      ")


def _play(entry, programs, keep):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="opampd-scenario-"))
    began, trouble = time.monotonic(), None
    scene = Scene(programs, folder)
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
    return not trouble


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=pathlib.Path, metavar="FOLDER", help="where opampd, opamp-server and demo-service are")
    parser.add_argument("--peer", required=True, type=pathlib.Path, help="what tests/interop/build_peer has built")
    parser.add_argument("--keep", action="store_true", help="leave the folders of the scenarios where they are")
    parser.add_argument("words", nargs="*")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ.pop("NOTIFY_SOCKET", None)
    programs = Programs(arguments.bin.resolve(), arguments.peer.resolve())
    wanted = [entry for entry in _entries if all(word in entry.name for word in arguments.words)]
    passed = sum(_play(entry, programs, arguments.keep) for entry in wanted)
    print(f"{passed} passed, {len(wanted) - passed} failed")
    sys.exit(0 if wanted and passed == len(wanted) else 1)

"""What tests/agents/printing.py has printed, and what opampd has of it."""

import gzip
import pathlib
import re

from rig import expect

LINE = re.compile(r"line (\d+) \.*")
START = "--- opampd: agent started"


def names(live):
    """The output files, oldest first. For a moment a file is there plain and packed."""
    live = pathlib.Path(live)
    found = {}
    for path in live.parent.iterdir():
        number = re.fullmatch(re.escape(live.name) + r"\.(\d+)(\.gz)?", path.name)
        if number and not (int(number[1]) in found and number[2]):
            found[int(number[1])] = path
    return [found[number] for number in sorted(found)] + ([live] if live.exists() else [])


def files(live):
    """The same, as (path, text), once nothing changes them any more."""
    return [(path, gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()) for path in names(live)]


def processes(text):
    """{pid: the numbers of its lines}."""
    found, numbers = {}, []
    for line in text.splitlines():
        if line.startswith(START):
            numbers = found.setdefault(int(re.search(r"pid (\d+)", line)[1]), [])
        elif LINE.fullmatch(line):
            numbers.append(int(LINE.fullmatch(line)[1]))
    return found


def printed(folder):
    """{pid: how many lines it has printed for certain}."""
    return {int(path.suffix[1:]): int.from_bytes(path.read_bytes(), "little") for path in pathlib.Path(folder).glob("progress.*")}


def expect_all(numbers, least=0):
    """From 1 on, each once and in order."""
    first = next((at for at, number in enumerate(numbers, 1) if at != number), None)
    expect(f"each line once, in order: {numbers[max(0, (first or 0) - 3):(first or 0) + 2]}", first is None)
    expect(f"all that were printed: {len(numbers)} of {least}", len(numbers) >= least)

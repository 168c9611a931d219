#!/usr/bin/python3
"""docs/events.md lists exactly the events that opampd's code writes.   events_test.py SOURCE-FOLDER"""

import pathlib
import re
import sys

# opamp-server has a log of its own, which nobody alerts on.
NOT_OF_OPAMPD = ("server/", "demo/", "cmd/opamp_server", "cmd/demo_service")
CALL = re.compile(r'(?:log_?\.|log::)(?:debug|info|warning|error|pass)\(([^;]*?)[,)]', re.DOTALL)
EVENT = re.compile(r'"([a-z_]+\.[a-z_]+)"')


def written(source):
    events = set()
    for file in (source / "src").rglob("*.cpp"):
        if str(file.relative_to(source / "src")).startswith(NOT_OF_OPAMPD):
            continue
        for call in CALL.findall(file.read_text()):
            events.update(EVENT.findall(call))
    return events


def listed(source):
    return set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", (source / "docs/events.md").read_text(), re.MULTILINE))


def main():
    source = pathlib.Path(sys.argv[1])
    in_code, in_docs = written(source), listed(source)
    for event in sorted(in_code - in_docs):
        print(f"docs/events.md does not list {event}, which the code writes")
    for event in sorted(in_docs - in_code):
        print(f"docs/events.md lists {event}, which no code writes")
    if len(in_code) < 30:
        print(f"only {len(in_code)} events found in src/: does this test still read the code?")
        return 1
    print(f"{len(in_docs)} events")
    return 0 if in_code == in_docs else 1


if __name__ == "__main__":
    sys.exit(main())

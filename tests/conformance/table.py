#!/usr/bin/python3
"""Rows of the specification, the tests that prove them, and the reasons where none does.

    table.py --update                  writes docs/conformance.md
    table.py --check --results FOLDER  after the suites: every row has tests that passed, or a reason
    table.py --self-test               the check can fail

A test proves the rows whose IDs stand in its name: "[CFG-7] …" in @conformance, [CFG-7] among the tags of a TEST_CASE.
"""

import argparse
import ast
import json
import pathlib
import re
import sys
from collections import Counter
from typing import NamedTuple

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DOCUMENT = ROOT / "docs" / "conformance.md"
UPDATE = "tests/conformance/table.py --update"
ID = re.compile(r"\[([A-Z]+(?:-[A-Z]+)*-\d+)\]")
GAPS = "GAP-"  # places that the specification leaves open: a decision has tests too, but is no row


class Row(NamedTuple):
    id: str
    level: str
    title: str

    @property
    def group(self):
        return self.id.rpartition("-")[0]


class Test(NamedTuple):
    """As the sources have it; `suite` is empty for a test of the unit suite."""
    name: str
    rows: tuple
    file: str
    suite: str


# --- what there is


def lines_of(file):
    return [line for line in file.read_text().splitlines() if line and not line.startswith("#")]


def read_rows():
    return [Row(*(part.strip() for part in line.split("|", 2))) for line in lines_of(HERE / "rows.txt")]


def read_reasons(rows, lines=None):
    """{ID: reason}; GROUP-* stands for all rows of a group. Also what is wrong with the list."""
    reasons, problems = {}, []
    known = {row.id for row in rows}
    for line in lines if lines is not None else lines_of(HERE / "reasons.txt"):
        name, _, reason = (part.strip() for part in line.partition("|"))
        ids = [row.id for row in rows if f"{row.group}-*" == name] or [name]
        for row in ids:
            if row not in known:
                problems.append(f"reasons.txt: {row} is no row")
            elif not reason:
                problems.append(f"reasons.txt: {row} has no reason")
            reasons[row] = reason
    return reasons, problems


def conformance_tests(file):
    """By the decorators, without running the file."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "conformance":
            name = ast.literal_eval(node.args[0])
            yield Test(name, tuple(ID.findall(name)), str(file.relative_to(ROOT)), file.name.removesuffix("_test.py"))


def unit_tests(file):
    for name, tags in re.findall(r'TEST_CASE\(\s*"((?:[^"\\]|\\.)*)",\s*"([^"]*)"', file.read_text()):
        if rows := tuple(row for row in ID.findall(tags) if not row.startswith(GAPS)):
            yield Test(name, rows, str(file.relative_to(ROOT)), "")


def read_tests():
    found = [test for file in sorted(HERE.glob("*_test.py")) for test in conformance_tests(file)]
    return found + [test for file in sorted((ROOT / "tests" / "unit").rglob("*.cpp")) for test in unit_tests(file)]


def read_results(folder):
    """{suite: [result]}, where a result is {"name", "rows", "passed"}."""
    return {file.stem: [json.loads(line) for line in file.read_text().splitlines()] for file in sorted(folder.glob("*.jsonl"))}


# --- whether it fits together


def problems_of_sources(rows, reasons, tests):
    known, tested = {row.id for row in rows}, {row for test in tests for row in test.rows}
    found = [f"{test.file}: '{test.name}' proves {row}, which is no row" for test in tests for row in test.rows if row not in known]
    found += [f"{test.file}: '{test.name}' proves no row" for test in tests if not test.rows]
    found += [f"{row.id} is there twice" for row, count in Counter(rows).items() if count > 1]
    for row in rows:
        if row.id in tested and row.id in reasons:
            found.append(f"{row.id} has a test, and a reason for having none")
        if row.id not in tested and row.id not in reasons:
            found.append(f"{row.id} ({row.level}: {row.title}) has neither a test nor a reason")
    return found


def problems_of_results(tests, results):
    """Each test of the sources has run, and everything that has run passed."""
    found = []
    for test in tests:
        if test.suite and not any(belongs(result["name"], test.name) for result in results.get(test.suite, [])):
            found.append(f"{' '.join(test.rows)}: '{test.name}' has not run")
    for suite, entries in results.items():
        found += [f"{' '.join(entry['rows'])}: '{entry['name']}' failed ({suite})" for entry in entries if not entry["passed"]]
    return found


def belongs(result, name):
    return result == name or result.startswith(name + ": ")


# --- the document


def where(row, reasons, tests):
    if row.id in reasons:
        return f"– {reasons[row.id]}"
    files = Counter(test.file.removeprefix("tests/") for test in tests if row.id in test.rows)
    return ", ".join(f"`{file}`" + (f" ×{count}" if count > 1 else "") for file, count in sorted(files.items())) or "**missing**"


def document(rows, reasons, tests):
    counts = count_rows(rows, reasons, tests)
    text = ["# Conformance", "",
            "<!-- Made from tests/conformance (rows.txt, reasons.txt, decisions.md) and the names of tests. After a change: " + UPDATE + " -->", "",
            "What the OpAMP specification asks of a client and a server, row by row, and where a test shows it. A test has the IDs of",
            "its rows in its name; files are those under `tests/`. A row without a test says why.", "",
            f"{len(rows)} rows: {counts['conformance']} are tested against the programs in `tests/conformance`, {counts['unit']} in unit tests alone, and",
            f"{counts['reason']} have a reason instead.", ""]
    group = None
    for row in rows:
        if row.group != group:
            group = row.group
            text += [f"## {group}", "", "| ID | Level | What | Where |", "|---|---|---|---|"] if text[-1] == "" else \
                    ["", f"## {group}", "", "| ID | Level | What | Where |", "|---|---|---|---|"]
        text.append(f"| {row.id} | {row.level} | {row.title} | {where(row, reasons, tests)} |")
    return "\n".join(text) + "\n\n" + (HERE / "decisions.md").read_text()


def count_rows(rows, reasons, tests):
    here = {row for test in tests if test.suite for row in test.rows}
    unit = {row for test in tests if not test.suite for row in test.rows}
    return Counter("reason" if row.id in reasons else "conformance" if row.id in here else "unit" if row.id in unit else "missing"
                   for row in rows)


def print_counts(rows, reasons, tests):
    groups = list(dict.fromkeys(row.group for row in rows))
    for group in groups:
        counts = count_rows([row for row in rows if row.group == group], reasons, tests)
        print(f"  {group:10} {counts['conformance']:3} conformance {counts['unit']:3} unit alone {counts['reason']:3} reason {counts['missing']:3} missing")


# --- what can be asked for


def load():
    rows = read_rows()
    reasons, problems = read_reasons(rows)
    tests = read_tests()
    return rows, reasons, tests, problems + problems_of_sources(rows, reasons, tests)


def update():
    rows, reasons, tests, problems = load()
    DOCUMENT.write_text(document(rows, reasons, tests))
    print_counts(rows, reasons, tests)
    for problem in problems:
        print(problem)
    print(f"{DOCUMENT.relative_to(ROOT)} is written")
    return 0


def check(folder):
    rows, reasons, tests, problems = load()
    problems += problems_of_results(tests, read_results(folder))
    if not DOCUMENT.exists() or DOCUMENT.read_text() != document(rows, reasons, tests):
        problems.append(f"docs/conformance.md is not up to date: run {UPDATE}")
    print_counts(rows, reasons, tests)
    for problem in problems:
        print(f"✘ {problem}")
    total = count_rows(rows, reasons, tests)
    print(f"{total['conformance'] + total['unit']} rows tested, {total['reason']} with a reason, {total['missing']} missing; {len(problems)} problems")
    return 1 if problems else 0


def self_test():
    """Each kind of mistake is found, and a table without mistakes has none."""
    rows = [Row("A-1", "MUST", "one"), Row("A-2", "MAY", "two"), Row("B-C-1", "MAY", "three")]
    tests = [Test("[A-1] it is", ("A-1",), "tests/conformance/a_test.py", "a"), Test("it is so", ("A-2",), "tests/unit/a_test.cpp", "")]
    reasons, wrong = read_reasons(rows, ["B-C-* | later"])
    passed = {"a": [{"name": "[A-1] it is: in one case", "rows": ["A-1"], "passed": True}]}
    failed = {"a": [{"name": "[A-1] it is: in one case", "rows": ["A-1"], "passed": False}]}
    cases = {
        "nothing is wrong": (wrong + problems_of_sources(rows, reasons, tests) + problems_of_results(tests, passed), None),
        "a group of reasons": ([str(reasons)], "{'B-C-1': 'later'}"),
        "neither test nor reason": (problems_of_sources(rows, {}, tests), "B-C-1 (MAY: three) has neither"),
        "both": (problems_of_sources(rows, {**reasons, "A-2": "x"}, tests), "A-2 has a test, and a reason"),
        "an unknown row in a test": (problems_of_sources(rows[1:], reasons, tests), "proves A-1, which is no row"),
        "a test of no row": (problems_of_sources(rows, reasons, [*tests, Test("x", (), "f", "a")]), "'x' proves no row"),
        "a row twice": (problems_of_sources([*rows, rows[0]], reasons, tests), "A-1"),
        "an unknown row with a reason": (read_reasons(rows, ["Z-1 | because"])[1], "Z-1 is no row"),
        "a reason that is none": (read_reasons(rows, ["A-1 |"])[1], "A-1 has no reason"),
        "a test that failed": (problems_of_results(tests, failed), "failed (a)"),
        "a test that has not run": (problems_of_results(tests, {}), "'[A-1] it is' has not run"),
        "a test of another name that has": (problems_of_results(tests, {"a": [{"name": "[A-1] it is not", "rows": [], "passed": True}]}), "has not run"),
    }
    failures = [f"{name}: {found}" for name, (found, expected) in cases.items()
                if (found if expected is None else not any(expected in one for one in found))]
    print(*failures, f"{len(cases) - len(failures)} passed, {len(failures)} failed", sep="\n")
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--update", action="store_true")
    what.add_argument("--check", action="store_true")
    what.add_argument("--self-test", action="store_true")
    parser.add_argument("--results", type=pathlib.Path, metavar="FOLDER")
    arguments = parser.parse_args()
    if arguments.self_test:
        sys.exit(self_test())
    sys.exit(update() if arguments.update else check(arguments.results))


if __name__ == "__main__":
    main()

"""Metrics in Prometheus' text format 0.0.4, read strictly: what the format does not allow is Failed."""

import math
import re
import subprocess
from typing import NamedTuple

from rig import expect

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
HELP = re.compile(rf"# HELP ({NAME}) (.*)")
TYPE = re.compile(rf"# TYPE ({NAME}) (counter|gauge|histogram)")
SAMPLE = re.compile(rf"({NAME})(?:\{{((?:{LABEL},)*{LABEL})\}})? (\S+)")
SUFFIXES = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


class Family(NamedTuple):
    type: str
    samples: dict  # {(suffix, labels as a sorted tuple of pairs): value}


def parse(text):
    """{name: Family}. Each family stands in one piece below its TYPE, no series is there twice, and histograms add up."""
    expect("the last line has an end", text.endswith("\n"))
    families, name = {}, None
    for line in text.split("\n")[:-1]:
        if HELP.fullmatch(line):
            continue
        if declared := TYPE.fullmatch(line):
            name = declared[1]
            expect(f"{name} is there once", name not in families)
            families[name] = Family(declared[2], {})
            continue
        sample = SAMPLE.fullmatch(line)
        expect(f"a sample: {line!r}", sample and name and sample[1].startswith(name))
        suffix, family = sample[1].removeprefix(name), families[name]
        expect(f"of the family {name}: {line}", suffix in SUFFIXES[family.type])
        pairs = re.findall(LABEL, sample[2] or "")
        labels = tuple(sorted(pairs))
        expect(f"each label once: {line}", len(dict(pairs)) == len(pairs))
        expect(f"each series once: {line}", (suffix, labels) not in family.samples)
        family.samples[suffix, labels] = float(sample[sample.re.groups])
    for name, family in families.items():
        _check(name, family)
    return families


def _check(name, family):
    expect(f"{name} has samples", family.samples)
    if family.type == "counter":
        expect(f"{name} counts: {family.samples}", name.endswith("_total") and all(value >= 0 for value in family.samples.values()))
    if family.type != "histogram":
        return
    for suffix, labels in family.samples:
        if suffix != "_count":
            continue
        bounds = sorted((float(dict(of)["le"]), value) for (kind, of), value in family.samples.items()
                        if kind == "_bucket" and tuple(pair for pair in of if pair[0] != "le") == labels)
        counts = [count for _, count in bounds]
        expect(f"buckets of {name} grow to the count: {bounds}",
               counts == sorted(counts) and bounds[-1] == (math.inf, family.samples["_count", labels]))


def value(families, name, **labels):
    """Of the one series that has these labels among its own."""
    found = [number for (suffix, of), number in families[name].samples.items()
             if suffix in ("", "_count") and labels.items() <= dict(of).items()]
    expect(f"one series of {name} with {labels}: {families[name].samples}", len(found) == 1)
    return found[0]


def check_with_promtool(text):
    """Prometheus' own opinion, of what is usual too; OpenTelemetry's names of gauges may end in "count"."""
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=30)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if not line.endswith('should not have "_count" suffix')]
    expect(f"promtool has nothing else to say: {lines}", done.returncode in (0, 3) and not lines)

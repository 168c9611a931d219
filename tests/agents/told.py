#!/usr/bin/python3
"""Writes what it is told of OpenTelemetry to told.json, a JSON object of variables, then runs until it is told to stop. It dies of a
bad endpoint. With a file as argument it does the same with what that has, at its start and at each SIGHUP."""

import json
import os
import pathlib
import re
import signal
import sys

LINE = re.compile(r'^(\w+)="(.*)"$', re.MULTILINE)


def look(*_):
    variables = dict(LINE.findall(pathlib.Path(sys.argv[1]).read_text())) if len(sys.argv) > 1 else os.environ
    told = {name: value for name, value in variables.items() if name.startswith("OTEL_")}
    new = pathlib.Path("told.new")
    new.write_text(json.dumps(told))
    new.rename("told.json")
    if "bad" in told.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ""):
        sys.exit("no such exporter")


signal.signal(signal.SIGHUP, look)
look()
while True:
    signal.pause()

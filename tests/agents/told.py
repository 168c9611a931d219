#!/usr/bin/python3
"""Writes what it is told of OpenTelemetry to told.json, a JSON object of variables, then serves its health on the port that is its
first argument: 503 while there is a file "sick" beside it. It dies of a bad endpoint before that. With a file as second argument it
writes what that has, at its start and at each SIGHUP."""

import http.server
import json
import os
import pathlib
import re
import signal
import sys

LINE = re.compile(r'^(\w+)="(.*)"$', re.MULTILINE)


def look(*_):
    variables = dict(LINE.findall(pathlib.Path(sys.argv[2]).read_text())) if len(sys.argv) > 2 else os.environ
    told = {name: value for name, value in variables.items() if name.startswith("OTEL_")}
    new = pathlib.Path("told.new")
    new.write_text(json.dumps(told))
    new.rename("told.json")
    if "bad" in told.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ""):
        sys.exit("no such exporter")


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if pathlib.Path("sick").exists() else 200)
        self.end_headers()

    def log_message(self, *_):
        pass


signal.signal(signal.SIGHUP, look)
look()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Health).serve_forever()

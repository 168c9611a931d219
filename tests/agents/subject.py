#!/usr/bin/python3
"""An agent that fails as its config says. It serves on the port that is its first argument:

    /          its health: 503 with "healthy: false" in the config
    /metrics   how often it has taken a config, in a line that begins with "reloads", and the config in force

    die: at_start     it says why and exits with 3
    die_after_ms: N   never healthy, it exits with 4 after so long
    answers: N        healthy, it exits with 5 after so many good answers
    port: N           it serves on that port as well
    worker: N         it has a child process, a new one for each config
    refuse: true      it does not take such a config when it is asked over HTTP

At SIGHUP, and when /reload is posted to, it takes the config again, prints "took config", and writes how often it has to a file
"taken"; unless there is a file "deaf" beside it."""

import http.server
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

reloads = 0
text = ""
answered = 0
worker = None


def number(key):
    found = re.search(rf"^{key}: (\d+)$", text, re.MULTILINE)
    return int(found[1]) if found else None


def take_config():
    global text, answered, worker
    config = pathlib.Path(os.environ["OPAMP_CONFIG_FILE"])
    text = config.read_text() if config.exists() else ""
    answered = 0
    if "die: at_start" in text:
        print("line 1: no such exporter, password=hunter2", flush=True)
        os._exit(3)
    if number("port"):
        http.server.HTTPServer(("127.0.0.1", number("port")), Self)
    if number("worker"):
        if worker:
            worker.kill()
            worker.wait()
        worker = subprocess.Popen(["sleep", "infinity"])
    if number("die_after_ms"):
        threading.Thread(target=lambda: (time.sleep(number("die_after_ms") / 1000), os._exit(4)), daemon=True).start()


class Self(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global answered
        if self.path == "/metrics":
            return self.answer(200, f"# about itself\nreloads {reloads}\n{text}")
        is_well = "healthy: false" not in text and not number("die_after_ms")
        answered += is_well
        self.answer(200 if is_well else 503, "")
        if number("answers") and answered >= number("answers"):
            os._exit(5)

    def do_POST(self):
        if "refuse: true" in pathlib.Path(os.environ["OPAMP_CONFIG_FILE"]).read_text():
            return self.answer(500, "not that one\n")
        hang_up()
        self.answer(200, "")

    def answer(self, status, body):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


def hang_up(*_):
    global reloads
    if pathlib.Path("deaf").exists():
        return
    take_config()
    reloads += 1
    pathlib.Path("taken").write_text(f"{reloads}\n")
    print("took config", flush=True)


take_config()
signal.signal(signal.SIGHUP, hang_up)
try:
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Self).serve_forever()
except OSError as trouble:
    sys.exit(str(trouble))

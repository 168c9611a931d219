#!/usr/bin/python3
"""Serves its health on the port that is its first argument: 503 while its config has "healthy: false", or while there is a
file "sick" beside it. Each question is a line on its output. With "crash: true" in its config it exits before it serves, and also
with exactly the config that is in a file "dislikes" beside it."""

import http.server
import os
import pathlib
import sys

config = pathlib.Path(os.environ["OPAMP_CONFIG_FILE"])
text = config.read_text() if config.exists() else ""
is_well = "healthy: false" not in text
disliked = pathlib.Path("dislikes")
if "crash: true" in text or (disliked.exists() and disliked.read_text() == text):
    sys.exit(7)


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if is_well and not pathlib.Path("sick").exists() else 503)
        self.end_headers()
        print("probed", flush=True)

    def log_message(self, *_):
        pass


http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Health).serve_forever()

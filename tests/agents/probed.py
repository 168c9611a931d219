#!/usr/bin/python3
"""Serves its health on the port that is its first argument: 503 while its config has "healthy: false", or while there is a
file "sick" beside it. Each question is a line on its output."""

import http.server
import os
import pathlib
import sys

config = pathlib.Path(os.environ["OPAMP_CONFIG_FILE"])
is_well = not config.exists() or "healthy: false" not in config.read_text()


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if is_well and not pathlib.Path("sick").exists() else 503)
        self.end_headers()
        print("probed", flush=True)

    def log_message(self, *_):
        pass


http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Health).serve_forever()

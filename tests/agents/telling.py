#!/usr/bin/python3
"""An agent that is well and ill in many ways, and tells what it is told to. It serves on the port that is its first argument:

    GET /          its health: 503 while there is a file "sick" beside it; the body is the file "body", if there is one
    GET /flap      good and bad in turn, unless there is a file "steady"
    POST /tell     sends the body to $NOTIFY_SOCKET
    POST /child    the same from a child, which has left the process group
    POST /detached the same from one that has no parent any more
    POST /flood    sends so many status lines as the body says

Each question is a line on its output. It listens at "agent.sock", and writes the file "beat" again and again unless there is a file
"stuck". With a second argument "ready" it says that it is ready by itself, unless its config has "ready: false". At SIGHUP it takes
its config: it tells so, unless there is a file "deaf", and answers GET /config with what it has."""

import http.server
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

config = pathlib.Path(os.environ["OPAMP_CONFIG_FILE"])
text = config.read_text() if config.exists() else ""
flaps = 0
CHILDREN = []
TELL = "import os, socket, sys; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(sys.argv[1].encode(), os.environ['NOTIFY_SOCKET'])"


def tell(message):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(message.encode(), os.environ["NOTIFY_SOCKET"])


def beat():
    while True:
        if not pathlib.Path("stuck").exists():
            pathlib.Path("beat").write_text("x")
        time.sleep(0.02)


def reload(*_):
    global text
    if pathlib.Path("deaf").exists():
        return
    tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
    text = config.read_text()
    tell("READY=1")


class Self(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global flaps
        if self.path == "/config":
            return self.answer(200, text)
        if self.path == "/flap":
            flaps += not pathlib.Path("steady").exists() or flaps % 2
            self.answer(503 if flaps % 2 else 200, "")
        else:
            body = pathlib.Path("body")
            self.answer(503 if pathlib.Path("sick").exists() else 200, body.read_text() if body.exists() else "")
        print("probed", flush=True)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/tell":
            tell(body)
        if self.path == "/child":  # it lives until its input ends, with this process
            CHILDREN.append(subprocess.Popen([sys.executable, "-c", TELL + "; sys.stdin.read()", body], start_new_session=True,
                                             stdin=subprocess.PIPE))
        if self.path == "/detached":  # it lives until the agent's supervisor ends it
            command = [sys.executable, "-c", TELL + "; import time; time.sleep(1000)", body]
            subprocess.run(["setsid", "--fork", *command], check=True)
        if self.path == "/flood":
            for i in range(int(body)):
                tell(f"STATUS=line {i + 1}")
        self.answer(200, "")

    def answer(self, status, body):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
pathlib.Path("agent.sock").unlink(missing_ok=True)
listener.bind("agent.sock")
listener.listen(128)
threading.Thread(target=beat, daemon=True).start()
signal.signal(signal.SIGHUP, reload)
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Self)
if sys.argv[2:] == ["ready"] and "ready: false" not in text:
    tell("STATUS=here\nREADY=1")
server.serve_forever()

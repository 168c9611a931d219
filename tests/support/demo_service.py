"""The demo service without a supervisor: its config is replaced while it serves."""

import collections
import http.client
import json
import os
import signal
import threading

from rig import Failed, Program, eventually, expect, request

Reply = collections.namedtuple("Reply", "text headers")


class DemoService:
    def __init__(self, scene, variables=None, **settings):
        self.config = scene.folder / "service.yaml"
        self.port, self.pid = scene.service_port, None
        self.write(settings)
        command = [scene.programs.bin / "demo-service", "--port", self.port, "--config", self.config]
        self.program = scene.also(Program(command, cwd=scene.folder, log=scene.folder / "demo-service.log",
                                          env={**os.environ, **(variables or {})}))
        self.pid = self.program.pid
        self.observer = eventually("the service answers", lambda: self.program.runs() and self.first_visitor())

    def first_visitor(self):
        visitor = self.visitor()
        visitor.ask("/healthz")
        return visitor

    def visitor(self):
        return Visitor(self.port)

    def write(self, settings):
        """A reader sees the file before or after, whole."""
        fresh = self.config.with_suffix(".new")
        fresh.write_text(settings if isinstance(settings, str) else json.dumps(settings))
        fresh.rename(self.config)

    def hang_up(self):
        self.program.process.send_signal(signal.SIGHUP)

    def end_well(self):
        code = self.program.stop()
        expect(f"the service ends with exit code 0, not {code}:\n{self.program.text()[-3000:]}", code == 0)

    def printed_spans(self):
        return [json.loads(line) for line in self.program.text().splitlines() if line.startswith('{"name":')]


class Visitor:
    """Asks on one connection, and knows which of its requests were sampled."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self.answered, self.sampled = 0, []

    def ask(self, path="/", headers=None):
        """The answer is a success, and the connection goes on. Anything else is raised."""
        self.connection.request("GET", path, headers=headers or {})
        sock = self.connection.sock
        answer = self.connection.getresponse()
        text = answer.read().decode()
        expect(f"GET {path} is answered with 200, not {answer.status}", answer.status == 200)
        expect("and the connection is kept", self.connection.sock is sock and sock)
        self.answered += 1
        _, _, span_id, flags = (answer.headers["traceparent"] or "00---00").split("-")
        if flags == "01":
            self.sampled.append(span_id)
        return Reply(text, answer.headers)

    def in_force(self):
        return _config(self.ask("/config").text)


def in_force(port):
    """GET /config: {key: text}."""
    return _config(request(port, "GET", "/config").text)


def _config(text):
    return dict(line.split(": ", 1) for line in text.splitlines())


class Load(threading.Thread):
    """A visitor who asks as often as `permits` are released, and then until `is_over`."""

    def __init__(self, port, headers=()):
        super().__init__(daemon=True)
        self.visitor, self.headers = Visitor(port), [dict(one) for one in headers] or [{}]
        self.permits, self.is_over, self.trouble = threading.Semaphore(0), False, None
        self.start()

    def run(self):
        try:
            while True:
                self.permits.acquire()
                if self.is_over:
                    return
                self.visitor.ask("/", self.headers[self.visitor.answered % len(self.headers)])
        except (Failed, OSError, http.client.HTTPException) as trouble:
            self.trouble = repr(trouble)

    def allow(self, requests):
        self.permits.release(requests)

    def end(self, allowed):
        """Once all that was allowed has been answered."""
        eventually("all requests are answered", lambda: self.trouble or self.visitor.answered == allowed, limit=60)
        self.is_over = True
        self.permits.release()
        self.join(20)
        expect(f"no request was refused: {self.trouble}", self.trouble is None)

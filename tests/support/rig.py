"""What tests of whole programs need: programs that cannot be left behind, waiting with a limit, HTTP without proxies."""

import contextlib
import ctypes
import functools
import http.client
import os
import pathlib
import random
import signal
import socket
import subprocess
import time
from typing import NamedTuple


class Failed(Exception):
    """A promise that was not kept, in words."""


def expect(what, condition):
    if not condition:
        raise Failed(what)


LONGEST_PAUSE = 0.02


def eventually(what, condition, limit=15.0, pause=0.002):
    """The first true value of `condition`, within `limit` seconds. OSError counts as not yet. What is waited for needs the processor
    too: the longer it takes, and the more a look costs, the fewer looks there are."""
    end = time.monotonic() + limit
    while True:
        began = time.monotonic()
        with contextlib.suppress(OSError, http.client.HTTPException):
            value = condition()
            if value:
                return value
        looked = time.monotonic()
        if looked > end:
            raise Failed(f"after {limit:.0f} s still not so: {what}")
        time.sleep(max(pause, min(looked - began, 10 * LONGEST_PAUSE)))
        pause = max(pause, min(pause * 1.2, LONGEST_PAUSE))


PORTS_GIVEN = set()


def free_port():
    """Below those that the kernel gives to connections, so that nothing takes it before it is used; another one each time."""
    while True:
        port = random.randrange(20000, 32000)
        if port in PORTS_GIVEN:
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            PORTS_GIVEN.add(port)
            return port


class Response(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    text: str


def request(port, method, target, body=None, headers=None, limit=10):
    """One HTTP request to this machine."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=limit)
    try:
        connection.request(method, target, body=body, headers=headers or {})
        response = connection.getresponse()
        return Response(response.status, response.headers, response.read().decode(errors="replace"))
    finally:
        connection.close()


_prctl = ctypes.CDLL(None).prctl  # looked up here: between fork and exec another thread's locks may be held
_PR_SET_PDEATHSIG = 1


def _die_with(parent):
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before the promise stood
        os._exit(127)


class Program:
    """A started program. Ctrl-C in the terminal is not for it, and it ends when we do, however we do."""

    def __init__(self, command, log=None, **options):
        self.name = pathlib.Path(command[0]).name
        self.log = pathlib.Path(log) if log else None
        with contextlib.ExitStack() as files:
            if log:
                options.setdefault("stderr", files.enter_context(open(log, "a")))
                options.setdefault("stdout", options["stderr"])
            options.setdefault("stdin", subprocess.DEVNULL)
            self.process = subprocess.Popen([str(part) for part in command], start_new_session=True,
                                            preexec_fn=functools.partial(_die_with, os.getpid()), **options)
        self.pid = self.process.pid

    def text(self):
        return self.log.read_text(errors="replace") if self.log else ""

    def runs(self):
        """True, or Failed with the last words of a program that has ended."""
        if self.process.poll() is not None:
            last = "\n".join(self.text().splitlines()[-8:])
            raise Failed(f"{self.name} has ended with {describe(self.process.returncode)}\n{last}")
        return True

    def stop(self, signal_number=signal.SIGTERM, limit=15):
        """Its exit code, once it has obeyed the signal."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} has not ended {limit} s after {signal.Signals(signal_number).name}") from None

    def end(self):
        """For clean-up: gone when this returns."""
        with contextlib.suppress(Failed):
            self.stop()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def describe(code):
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def is_alive(pid):
    """Running, and not a zombie."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def processes_of(folder):
    """{pid: command line} of every process that works in `folder`, or knows of it; ourselves left out."""
    mark = os.fsencode(str(folder))
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) in (os.getpid(), os.getppid()) or not is_alive(entry.name):
            continue
        with contextlib.suppress(OSError):
            command, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
            if mark in command + environment or mark in os.fsencode(os.readlink(entry / "cwd")):
                found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace").strip()
    return found

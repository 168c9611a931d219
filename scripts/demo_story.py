#!/usr/bin/python3
"""The first story: a service learns to trace its requests from an OpAMP server, through opampd.

    demo_story.py --bin FOLDER           plays it without hands, on free ports, and judges each step
    demo_story.py --bin FOLDER --stay    starts the same parts on the usual ports and leaves the rest to you, until Ctrl-C

scripts/demo builds the programs and calls this.
"""

import argparse
import contextlib
import hashlib
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "support"))
from rig import Failed, Program, eventually, expect, free_port, is_alive, processes_of, request  # noqa: E402
from workspace import USUAL_SERVICE_PORT, Workspace  # noqa: E402

USUAL_PORTS = {"opamp": 4320, "page": 4321, "service": USUAL_SERVICE_PORT}


class Stage(Workspace):
    """The workspace, and the bundled server beside it."""

    def __init__(self, bin_folder, folder, ports):
        super().__init__(bin_folder, folder, ports["opamp"], ports["service"])
        self.ports = ports
        self.server = None

    def start_server(self):
        listen = ["--opamp-listen", f"127.0.0.1:{self.ports['opamp']}", "--page-listen", f"127.0.0.1:{self.ports['page']}"]
        self.server = Program([self.bin / "opamp-server", *listen, "--state", self.folder / "server.db"],
                              log=self.folder / "opamp-server.log", cwd=self.folder)
        eventually("the server answers", lambda: self.server.runs() and self.api("GET", "/agents"))

    def end(self):
        for program in (self.daemon, self.server):  # the daemon first, so that it can say goodbye
            if program:
                program.end()

    def api(self, method, path, body=None):
        response = request(self.ports["page"], method, f"/api{path}", body and json.dumps(body), {"Content-Type": "application/json"})
        expect(f"{method} /api{path} is answered with success, not {response.status}: {response.text[:300]}", response.status < 300)
        return json.loads(response.text) if response.text else {}

    def agent(self):
        """What the server knows of the one agent, or nothing."""
        agents = self.api("GET", "/agents")["agents"]
        return self.api("GET", f"/agents/{agents[0]['instance_uid']}") if agents else None

    def sees(self, what):
        """Whether the server's list shows an agent as `what`: connected or healthy."""
        return any(agent[what] for agent in self.api("GET", "/agents")["agents"])

    def offer(self, yaml):
        files = {"": {"body": yaml, "content_type": "text/yaml"}}
        self.api("PUT", f"/agents/{self.agent()['instance_uid']}/config", {"files": files})

    def config_status(self):
        return self.agent()["remote_config"]


# --- the story: each step is a promise, and returns what is worth telling ---------------------------------------------


def milliseconds(began):
    return f"{(time.monotonic() - began) * 1000:.0f} ms"


def the_server_is_up(stage):
    stage.start_server()
    return f"page on http://127.0.0.1:{stage.ports['page']}/"


def the_agent_runs_and_is_seen(stage):
    stage.start_daemon()
    pid = eventually("the service answers", lambda: stage.daemon.runs() and stage.service_pid())
    eventually("the server sees a healthy agent", lambda: stage.sees("connected") and stage.sees("healthy"))
    return f"pid {pid}"


def a_request_is_not_traced(stage):
    response = stage.ask_service()
    expect("no traceparent header in the response", response.headers["traceparent"] is None)
    expect("no span in agent.log", not stage.spans())
    return "no traceparent, no span"


def an_offer_restarts_the_agent(stage):
    yaml, before = "instrument: true\n", stage.service_pid()
    began = time.monotonic()
    stage.offer(yaml)
    after = eventually("the agent has a new pid", lambda: stage.new_service_pid(before))
    told = f"pid {before} -> {after} after {milliseconds(began)}"
    expect("the file is what was offered, byte for byte", stage.config.read_bytes() == yaml.encode())
    digest = hashlib.sha256(yaml.encode()).hexdigest()
    expect(f"agent.log names the pid and the config's hash {digest[:8]}",
           re.search(rf"\b{after}\b.*{digest[:8]}|{digest[:8]}.*\b{after}\b", stage.agent_log().read_text()))
    expect("the old process is gone", not is_alive(before))
    eventually("the server is told APPLIED", lambda: stage.config_status()["status"] == "APPLIED")
    way = [step["status"] for step in stage.config_status()["steps"]]
    expect(f"on the way it was APPLYING: {way}", way[-2:] == ["APPLYING", "APPLIED"])
    return f"{told}, sha256 {digest[:8]}…, APPLIED after {milliseconds(began)}"


def a_request_is_traced(stage):
    trace_id, parent = secrets.token_hex(16), secrets.token_hex(8)
    response = stage.ask_service({"traceparent": f"00-{trace_id}-{parent}-01"})
    header = response.headers["traceparent"] or ""
    expect(f"the response continues the trace: {header!r}", re.fullmatch(rf"00-{trace_id}-[0-9a-f]{{16}}-01", header))
    spans = eventually("the span is in agent.log", lambda: [span for span in stage.spans() if span["trace_id"] == trace_id])
    expect("it is this request's", spans[0]["span_id"] == header.split("-")[2] and spans[0]["parent_span_id"] == parent)
    return f"{spans[0]['name']}, trace {trace_id[:8]}…"


def a_killed_agent_is_back(stage):
    before = stage.service_pid()
    began = time.monotonic()
    os.kill(before, signal.SIGKILL)
    after = eventually("the agent is back", lambda: stage.new_service_pid(before))
    told = f"pid {before} -> {after}, answering after {milliseconds(began)}"
    expect("it still traces", stage.ask_service().headers["traceparent"])
    return told


def a_broken_config_is_refused(stage):
    pid, file = stage.service_pid(), stage.config.read_bytes()
    began = time.monotonic()
    stage.offer("instrument: [true\n")
    eventually("the server is told FAILED", lambda: stage.config_status()["status"] == "FAILED")
    told = milliseconds(began)
    message = stage.config_status()["error_message"]
    expect("with a reason", message)
    expect("the agent is untouched", stage.service_pid() == pid and is_alive(pid))
    expect("and so is its file", stage.config.read_bytes() == file)
    return f"FAILED after {told}: {message}"


def the_server_may_come_and_go(stage):
    pid = stage.service_pid()
    expect("the server ends well", stage.server.stop() == 0)
    expect("the agent serves without it", stage.service_pid() == pid)
    stage.start_server()
    began = time.monotonic()
    eventually("the agent is connected again", lambda: stage.sees("connected"), limit=30)
    told = milliseconds(began)
    expect("the agent was not restarted", stage.service_pid() == pid)
    return f"reconnected after {told}, same pid"


def stopping_leaves_nothing(stage):
    began = time.monotonic()
    code = stage.daemon.stop()
    told = milliseconds(began)
    expect(f"opampd ends with exit code 0, not {code}", code == 0)
    # The guard sees the daemon's end a moment later.
    eventually("no process is left", lambda: not processes_of(stage.folder).keys() - {stage.server.pid})
    eventually("the server sees it gone", lambda: not stage.sees("connected"))
    return f"ended after {told}"


STORY = [
    ("the server is up", the_server_is_up),
    ("opampd starts the agent; the server sees it healthy", the_agent_runs_and_is_seen),
    ("a request is not traced", a_request_is_not_traced),
    ("'instrument: true' offered: file, hash, new pid, APPLIED", an_offer_restarts_the_agent),
    ("a request is traced", a_request_is_traced),
    ("the agent is killed, and back", a_killed_agent_is_back),
    ("a broken config is FAILED, the agent untouched", a_broken_config_is_refused),
    ("the server stops and starts; opampd reconnects", the_server_may_come_and_go),
    ("opampd stops, no process is left", stopping_leaves_nothing),
]
NEEDED = 2  # without these there is no story


def play(stage):
    """True if every step held."""
    held = 0
    for number, (name, step) in enumerate(STORY):
        began = time.monotonic()
        try:
            mark, told = "✔", step(stage)
            held += 1
        except (Failed, OSError, LookupError, TypeError, ValueError) as failure:
            mark, told = "✘", f"{failure}" if isinstance(failure, Failed) else repr(failure)
        print(f"{mark} {name:<57} {(time.monotonic() - began) * 1000:6.0f} ms  {told}", flush=True)
        if mark == "✘" and number < NEEDED:
            break
    print(f"\n{held} of {len(STORY)} steps held.")
    return held == len(STORY)


def once(bin_folder):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="opampd-story-"))
    stage = Stage(bin_folder, folder, {name: free_port() for name in USUAL_PORTS})
    try:
        good = play(stage)
    finally:
        stage.end()
    if good:
        shutil.rmtree(folder)
        return 0
    for name in ("opampd.log", "opamp-server.log"):
        if (folder / name).exists():
            print(f"\nthe end of {folder / name}:")
            print("\n".join((folder / name).read_text(errors="replace").splitlines()[-25:]))
    print(f"\nEverything is left to look at in {folder}")
    return 1


# --- with hands -------------------------------------------------------------------------------------------------------

TRY = """
  The page          http://127.0.0.1:{page}/
  The service       curl -i http://127.0.0.1:{service}/
  The folder        {folder}

Try this:
  1. Ask the service: no traceparent header in its answer.
  2. On the page, open the agent, send   instrument: true   and watch APPLYING become APPLIED.
  3. Ask again: now there is one, and the span is in   {log}
  4. Kill the agent with   kill -9 $(curl -s http://127.0.0.1:{service}/ | sed -n 's/^pid: //p')   and ask again.
  5. Send   instrument: [true   and read why it FAILED; the agent runs on.

opampd's log follows. Ctrl-C ends it all.
"""


def stay(bin_folder):
    for name, port in USUAL_PORTS.items():
        with contextlib.suppress(OSError):
            request(port, "GET", "/", limit=1)
            print(f"demo: port {port} ({name}) is taken: end what uses it (ss -ltnp 'sport = :{port}'), or play the story"
                  " on free ports with scripts/demo --once", file=sys.stderr)
            return 1
    folder = pathlib.Path(tempfile.mkdtemp(prefix="opampd-demo-"))
    stage = Stage(bin_folder, folder, USUAL_PORTS)
    try:
        stage.start_server()
        print(TRY.format(**USUAL_PORTS, folder=folder, log=stage.state / "agent" / "agent.log"), flush=True)
        stage.start_daemon(stdout=sys.stdout, stderr=sys.stderr)
        while stage.daemon.runs() and stage.server.runs():
            time.sleep(0.2)
    except KeyboardInterrupt:
        print("\ndemo: stopping")
    except Failed as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    finally:
        stage.end()
    shutil.rmtree(folder)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=pathlib.Path, metavar="FOLDER", help="where opampd, opamp-server and demo-service are")
    parser.add_argument("--stay", action="store_true", help="until Ctrl-C")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return (stay if arguments.stay else once)(arguments.bin.resolve())


if __name__ == "__main__":
    sys.exit(main())

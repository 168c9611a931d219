#!/usr/bin/python3
"""Real agents of Debian's packages under their presets: what opampd promises, of each of them.

Each lives one life: it starts with its operator's config, takes others from the server, never sees one that its checker refuses,
comes back from one that passes the check and cannot be used, comes back after a kill, and ends when it is told.
"""

import json
import os
import pathlib
import secrets
import signal
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import error_message, health_is  # noqa: E402
from rig import eventually, expect, free_port, is_alive, request  # noqa: E402
from suite import main, scenario_for  # noqa: E402


def answer(port, path):
    return request(port, "GET", path).text


ROOT = pathlib.Path(__file__).resolve().parents[2]
OWN_PRESETS = ROOT / "tests" / "agents" / "presets"


def config_path_of(preset):
    built_in = ROOT / "config" / "presets" / f"{preset}.yaml"
    file = built_in if built_in.exists() else OWN_PRESETS / f"{preset}.yaml"
    return next(line.split()[1] for line in file.read_text().splitlines() if line.startswith("config_path:"))


def taken_port(scene):
    """One that somebody has, for TCP and for UDP, until the scene ends."""
    port = free_port()
    stream = socket.create_server(("127.0.0.1", port))
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("127.0.0.1", port))
    scene.taken = (stream, datagrams)
    return port


class Kind:
    """What the life of one kind needs to know. `n` tells configs apart."""
    preset = None
    reloads = False
    cannot_be_used = None  # words of the agent about a config that passes its check; None: there is no such config
    refusal = ""  # words of its checker

    def __init__(self, scene):
        self.scene, self.port = scene, free_port()

    def settings(self):
        return {}

    def config(self, n):
        raise NotImplementedError

    def refused(self):
        raise NotImplementedError

    def unusable(self):
        raise NotImplementedError

    def in_force(self, n):
        raise NotImplementedError


class Prometheus(Kind):
    preset, reloads, refusal, cannot_be_used = "prometheus", True, "scrape_intervall not found", "error loading config from"

    def settings(self):
        return {"parameters": {"address": f"127.0.0.1:{self.port}"}, "reload": {"timeout": "5s"}}

    def config(self, n):
        return f"global: {{scrape_interval: {n}s, scrape_timeout: 1s}}\n"

    def refused(self):
        return "global: {scrape_intervall: 3s}\n"

    def unusable(self):
        return "remote_write: [{url: 'http://localhost:1/'}, {url: 'http://localhost:1/'}]\n"

    def in_force(self, n):
        return f"scrape_interval: {n}s" in json.loads(answer(self.port, "/api/v1/status/config"))["data"]["yaml"]


class Alertmanager(Prometheus):
    preset, refusal, cannot_be_used = "alertmanager", "field resolve_timeoutt not found", "/no/such/ca.pem"

    def config(self, n, more=""):
        return f"global: {{resolve_timeout: {n}m}}\nroute: {{receiver: x}}\nreceivers: [{{name: x{more}}}]\n"

    def refused(self):
        return self.config(1).replace("resolve_timeout", "resolve_timeoutt")

    def unusable(self):
        return self.config(1, ", webhook_configs: [{url: 'https://localhost:1/', http_config: {tls_config: {ca_file: /no/such/ca.pem}}}]")

    def in_force(self, n):
        return f"resolve_timeout: {n}m" in json.loads(answer(self.port, "/api/v2/status"))["config"]["original"]


class BlackboxExporter(Prometheus):
    preset, refusal, cannot_be_used = "blackbox-exporter", "field probber not found", None  # its check is all that it does

    def config(self, n):
        return f"modules: {{m{n}: {{prober: http}}}}\n"

    def refused(self):
        return "modules: {m: {probber: http}}\n"

    def in_force(self, n):
        return f"m{n}:" in answer(self.port, "/config")


class Nginx(Kind):
    preset, reloads, refusal, cannot_be_used = "nginx", True, 'unknown directive "bogus"', "Address already in use"

    def config(self, n, more="", listen=None):
        place = self.scene.folder
        temporary = "".join(f"{kind}_temp_path {place}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return (f"pid {place}/nginx.pid; worker_processes 1; events {{}} {more}\n"
                f'http {{ access_log off; {temporary} server {{ listen 127.0.0.1:{listen or self.port}; return 200 "config {n}"; }} }}\n')

    def refused(self):
        return self.config(1, "bogus on;")

    def unusable(self):
        return self.config(1, listen=taken_port(self.scene))

    def in_force(self, n):
        return answer(self.port, "/") == f"config {n}"


class Haproxy(Nginx):
    preset, refusal, cannot_be_used = "haproxy", "unknown keyword 'bogus'", "cannot bind socket (Address already in use)"

    def config(self, n, more="", listen=None):
        return ("defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n"
                f"frontend f\n bind 127.0.0.1:{listen or self.port}\n {more}\n"
                f' http-request return status 200 content-type text/plain string "config {n}"\n')

    def refused(self):
        return self.config(1, "bogus")


class SyslogNg(Kind):
    preset, reloads, refusal, cannot_be_used = "syslog-ng", True, "syntax error", "Error binding socket"

    def config(self, n, port=None):
        return (f"@version: 3.38\noptions {{ stats-freq({n}); }};\n"
                f'source s {{ network(transport("tcp") ip("127.0.0.1") port({port or self.port})); }};\n'
                f'destination d {{ file("{self.scene.folder}/out"); }};\nlog {{ source(s); destination(d); }};\n')

    def refused(self):
        return self.config(1) + "bogus {\n"

    def unusable(self):
        return self.config(1, taken_port(self.scene))

    def in_force(self, n):
        asked = subprocess.run(["syslog-ng-ctl", "config", "-c", str(self.scene.folder / "syslog-ng.ctl")], capture_output=True, text=True)
        return f"stats-freq({n})" in asked.stdout


class Rsyslog(Kind):
    """It leaves out an input that cannot be used, and goes on: a probe sees that."""
    preset, refusal, cannot_be_used = "rsyslog", "module name 'bogus' is unknown", "connection refused"

    def settings(self):
        return {"health": {"type": "tcp", "endpoint": f"127.0.0.1:{self.port}", "interval": "100ms"}}

    def config(self, n, more="", port=None):
        return (f'global(workDirectory="{self.scene.folder}")\nmodule(load="imtcp")\n'
                f'input(type="imtcp" address="127.0.0.1" port="{port or self.port}")\n{more}'
                f'action(type="omfile" file="{self.scene.folder}/out{n}")\n')

    def refused(self):
        return self.config(1, 'input(type="bogus")\n')

    def unusable(self):
        return self.config(1, port=taken_port(self.scene))

    def in_force(self, n):
        word = secrets.token_hex(8)
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as sender:
            sender.sendall(f"<14>{word}\n".encode())
        eventually("it is written", lambda: any(word in out.read_text() for out in self.scene.folder.glob("out*")))
        return word in (self.scene.folder / f"out{n}").read_text()


class Collectd(Kind):
    """The same with its plugins."""
    preset, refusal, cannot_be_used = "collectd", "syntax error", "No such file or directory"

    def settings(self):
        return {"health": {"type": "unix", "endpoint": str(self.scene.folder / "collectd.sock"), "interval": "100ms"}}

    def config(self, n, more="", place=None):
        return (f'FQDNLookup false\nHostname "host{n}"\nInterval 1\nBaseDir "{self.scene.folder}"\nLoadPlugin load\nLoadPlugin unixsock\n'
                f'<Plugin unixsock>\n SocketFile "{place or self.scene.folder}/collectd.sock"\n DeleteSocket true\n</Plugin>\n{more}')

    def refused(self):
        return self.config(1, "<Plugin load>\n")

    def unusable(self):
        return self.config(1, place="/no/such/place")

    def in_force(self, n):
        with socket.socket(socket.AF_UNIX) as asked:
            asked.settimeout(5)
            asked.connect(str(self.scene.folder / "collectd.sock"))
            asked.sendall(b"LISTVAL\n")
            return f" host{n}/".encode() in asked.recv(4096)


class ZabbixAgent2(Kind):
    preset, refusal, cannot_be_used = "zabbix-agent2", "unknown parameter", "address already in use"

    def config(self, n, port=None):
        place = self.scene.folder
        return (f"LogType=console\nServer=127.0.0.1\nListenIP=127.0.0.1\nListenPort={port or self.port}\nHostname=host{n}\n"
                f"PidFile={place}/zabbix.pid\nPluginSocket={place}/plugin.sock\nControlSocket={place}/control.sock\n")

    def refused(self):
        return self.config(1) + "Bogus=1\n"

    def unusable(self):
        return self.config(1, taken_port(self.scene))

    def in_force(self, n):
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as asked:
            asked.sendall(b"ZBXD\1" + len(b"agent.hostname").to_bytes(8, "little") + b"agent.hostname")
            return f"host{n}".encode() in asked.recv(4096)


class Redis(Kind):
    """Under a preset written by docs/presets.md: it has nothing that checks a config, and nothing that reloads one."""
    preset, refusal, cannot_be_used = "redis", None, "Bad directive"

    def config(self, n, more=""):
        return f"bind 127.0.0.1\nport {self.port}\nsave ''\ndir {self.scene.folder}\nmaxclients {n + 100}\n{more}"

    def unusable(self):
        return self.config(1, "bogus on\n")

    def in_force(self, n):
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as asked:
            asked.sendall(b"CONFIG GET maxclients\r\n")
            return f"{n + 100}".encode() in asked.recv(4096)


class Unbound(Kind):
    """The same, of one that can do both."""
    preset, reloads, refusal = "unbound", True, "unknown keyword 'bogus'"  # a reload leaves its ports as they were

    def config(self, n):
        return (f'server:\n interface: 127.0.0.1@{self.port}\n chroot: ""\n username: ""\n directory: "{self.scene.folder}"\n'
                f' pidfile: "{self.scene.folder}/unbound.pid"\n use-syslog: no\n logfile: ""\n verbosity: 1\n'
                f' identity: "config{n}"\n hide-identity: no\nremote-control:\n control-enable: no\n')

    def refused(self):
        return self.config(1) + "bogus\n"

    def in_force(self, n):
        # id.server. CH TXT
        question = bytes.fromhex("123400000001000000000000") + b"\x02id\x06server\x00\x00\x10\x00\x03"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            asked.settimeout(0.5)
            asked.sendto(question, ("127.0.0.1", self.port))
            return f"config{n}".encode() in asked.recv(4096)


KINDS = {kind.preset: kind for kind in
         (Prometheus, Alertmanager, BlackboxExporter, Nginx, Haproxy, SyslogNg, Rsyslog, Collectd, ZabbixAgent2, Redis, Unbound)}


def holds(what, condition):
    """An agent that is just starting does not answer yet."""
    def looked():
        try:
            return condition()
        except (OSError, ValueError, LookupError):
            return False
    eventually(what, looked, limit=30)


@scenario_for(KINDS)
def it_lives_through_everything(scene, kind_type):
    kind = kind_type(scene)
    file = scene.folder / config_path_of(kind.preset)
    file.write_text(kind.config(1))
    scene.begin({"preset": kind.preset, "health": {"interval": "100ms"}, "min_uptime": None, "config_apply_timeout": None} | kind.settings(),
                presets={"directory": str(OWN_PRESETS)})
    holds("its operator's config", lambda: kind.in_force(1))

    pid = scene.pid()
    for n in (2, 3):
        scene.offer(kind.config(n))
        holds(f"config {n} is in force", lambda: kind.in_force(n))
    expect("by a reload" if kind.reloads else "by a restart", (scene.pid() == pid and is_alive(pid)) == kind.reloads)
    expect("and nothing else", kind.reloads == (not scene.events("agent.stopping")))

    pid = scene.pid()
    if kind.refusal:
        told = error_message(scene.offer(kind.refused(), "FAILED"))
        expect(f"the checker's words: {told!r}", told.startswith("config check: ") and kind.refusal in told)
        expect("the same process", scene.pid() == pid and is_alive(pid))

    if kind.cannot_be_used:
        since = scene.peer.now()
        told = error_message(scene.offer(kind.unusable(), "FAILED"))
        expect(f"the agent's words: {told!r}", kind.cannot_be_used in told)
        holds("config 3 is back", lambda: kind.in_force(3))
        expect("in its file too", file.read_text() == kind.config(3))
        scene.wait_for_message("that it is well with it", health_is(True), since)

    since, pid = scene.peer.now(), scene.pid()
    os.kill(pid, signal.SIGKILL)
    scene.wait_for_message("that it is back", health_is(True), since)
    expect("another process", scene.pid() != pid and is_alive(scene.pid()))
    holds("with config 3", lambda: kind.in_force(3))
    scene.stop()
    expect("its last good config", file.read_text() == kind.config(3))


if __name__ == "__main__":
    main()

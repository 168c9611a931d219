"""An OpAMP server that is not ours, driven by a test: tests/interop/peer, and what its messages say."""

import base64
import hashlib
import json
import subprocess
import threading

from rig import Failed, Program, eventually

REPORTS_STATUS, ACCEPTS_REMOTE_CONFIG, REPORTS_EFFECTIVE_CONFIG = 0x1, 0x2, 0x4
ACCEPTS_RESTART_COMMAND, REPORTS_HEALTH, REPORTS_REMOTE_CONFIG = 0x400, 0x800, 0x1000
NEEDED_CAPABILITIES = (REPORTS_STATUS | ACCEPTS_REMOTE_CONFIG | REPORTS_EFFECTIVE_CONFIG | ACCEPTS_RESTART_COMMAND
                       | REPORTS_HEALTH | REPORTS_REMOTE_CONFIG)


class Scripted(Program):
    """A program that obeys a line of JSON, and tells what happens in such lines."""

    def __init__(self, command):
        super().__init__(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None, text=True)
        self.events = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def order(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()


class Peer:
    """The Go server: events come in as they happen, commands go out. `flags`: of the program, for TLS."""

    def __init__(self, program, port=0, *flags):
        self.program = Scripted([program, "--listen", f"127.0.0.1:{port}", *flags])
        self.events = self.program.events
        self.port = eventually("the peer listens", lambda: self.program.runs() and self.events)[0]["port"]

    def order(self, **command):
        self.program.order(**command)

    def offer(self, yaml, **hexadecimal_hash):
        """One entry without a name."""
        self.offer_files({"": text_file(yaml)}, **hexadecimal_hash)

    def offer_files(self, files, **hexadecimal_hash):
        self.order(offer={"files": files, **hexadecimal_hash})

    def messages(self, since=0):
        return [event["message"] for event in self.events[since:] if event["event"] == "message"]

    def count(self, kind, since=0):
        return sum(event["event"] == kind for event in self.events[since:])

    def wait_for(self, what, fits, since=0):
        return eventually(what, lambda: next((message for message in self.messages(since) if fits(message)), None), limit=30)

    def last(self, section):
        """The section of the newest message that has it: what the server knows now."""
        for message in reversed(self.messages()):
            if section in message:
                return message[section]
        raise Failed(f"no message has {section}")

    def now(self):
        """For `since`: what happens from here on."""
        return len(self.events)


# --- what a message says -------------------------------------------------------------------------------------------------


def status_is(name, of=None):
    """`of`: the hash, in bytes."""
    return lambda message: (message.get("remote_config_status", {}).get("status") == f"RemoteConfigStatuses_{name}"
                            and (of is None or config_hash(message) == of))


def settings_status_is(name, of=None):
    """Of the connection settings that were offered. `of`: the hash, in bytes."""
    def fits(message):
        status = message.get("connection_settings_status", {})
        return (status.get("status") == f"ConnectionSettingsStatuses_{name}"
                and (of is None or base64.b64decode(status.get("last_connection_settings_hash", "")) == of))
    return fits


def health_is(healthy):
    return lambda message: "health" in message and message["health"].get("healthy", False) == healthy


def last_error_has(words):
    return lambda message: words in message.get("health", {}).get("last_error", "")


def config_hash(message):
    return base64.b64decode(message["remote_config_status"].get("last_remote_config_hash", ""))


def error_message(message):
    return message["remote_config_status"].get("error_message", "")


def instance_uid(message):
    return base64.b64decode(message["instance_uid"])


def effective_config(message):
    """{name: bytes}"""
    files = message.get("effective_config", {}).get("config_map", {}).get("config_map", {})
    return {name: base64.b64decode(file.get("body", "")) for name, file in files.items()}


def attributes(message):
    described = message["agent_description"]
    pairs = described.get("identifying_attributes", []) + described.get("non_identifying_attributes", [])
    return {pair["key"]: next(iter(pair["value"].values()), None) for pair in pairs}


# --- what is offered -----------------------------------------------------------------------------------------------------


def text_file(body, content_type="text/yaml"):
    return {"body": body, "content_type": content_type}


def bytes_file(body, content_type="text/yaml"):
    return {"bytes": base64.b64encode(body).decode(), "content_type": content_type}


def body_of(file):
    return base64.b64decode(file["bytes"]) if "bytes" in file else file["body"].encode()


def hash_of_files(files):
    """The peer's: opaque to the agent."""
    digest = hashlib.sha256()
    for name in sorted(files, key=str.encode):
        body = body_of(files[name])
        digest.update(b"%d:%s%d:%s" % (len(name.encode()), name.encode(), len(body), body))
    return digest.digest()


def offered_hash(yaml):
    return hash_of_files({"": text_file(yaml)})


def connection_settings(of, endpoint, headers=None, ca_pem=None, certificate=None):
    """ConnectionSettingsOffers in protobuf's JSON, for the OpAMP connection. `of`: the hash, in bytes; `certificate`: a Pair."""
    opamp = {"destination_endpoint": endpoint, "heartbeat_interval_seconds": 30,
             "headers": {"headers": [{"key": key, "value": value} for key, value in (headers or {}).items()]}}
    if ca_pem:
        opamp["tls"] = {"ca_pem_contents": ca_pem}
    if certificate:
        opamp["certificate"] = {"cert": base64.b64encode(certificate.cert.read_bytes()).decode(),
                                "private_key": base64.b64encode(certificate.key.read_bytes()).decode()}
    return {"hash": base64.b64encode(of).decode(), "opamp": opamp}

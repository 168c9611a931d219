"""OpAMP's messages in Python, from our own proto files: CMake has protoc make the module in the build folder.

The words that tests are written in: what a message says, and messages of a server."""

import gzip
import hashlib
import pathlib
import sys
import uuid

from rig import Failed


def _find_generated():
    """CMake makes it in BUILD/python; the programs are in BUILD/bin."""
    programs = next((sys.argv[index + 1] for index, word in enumerate(sys.argv[:-1]) if word == "--bin"), None)
    if programs is None:
        raise SystemExit("--bin FOLDER is missing: beside it is the folder with opamp/v1/opamp_pb2.py")
    sys.path.insert(0, str(pathlib.Path(programs).absolute().parent / "python"))


_find_generated()
from opamp.v1 import opamp_pb2 as pb  # noqa: E402

A2S, S2A = pb.AgentToServer, pb.ServerToAgent
FULL_STATE, COMPONENTS = 0x1, 0x2  # flags of S2A

# What an agent can do …
REPORTS_STATUS, ACCEPTS_REMOTE_CONFIG, REPORTS_EFFECTIVE_CONFIG = 0x1, 0x2, 0x4
ACCEPTS_PACKAGES, REPORTS_PACKAGE_STATUSES = 0x8, 0x10
REPORTS_OWN_TRACES, REPORTS_OWN_METRICS, REPORTS_OWN_LOGS = 0x20, 0x40, 0x80
ACCEPTS_OPAMP_SETTINGS, ACCEPTS_OTHER_SETTINGS, ACCEPTS_RESTART = 0x100, 0x200, 0x400
REPORTS_HEALTH, REPORTS_REMOTE_CONFIG, REPORTS_HEARTBEAT = 0x800, 0x1000, 0x2000
REPORTS_COMPONENTS, REPORTS_SETTINGS_STATUS = 0x4000, 0x8000
# … and a server.
SERVER_STATUS, SERVER_EFFECTIVE_CONFIG, SERVER_SETTINGS_REQUEST = 0x1, 0x4, 0x40
SERVER_EVERYTHING = 0x67

HEAD = {"instance_uid", "sequence_num", "capabilities"}
UNSET, APPLIED, APPLYING, FAILED = 0, 1, 2, 3


# --- what a message says


def fields(message):
    return {field.name for field, _ in message.ListFields()}


def parts(message):
    """What it reports, beside its head."""
    return fields(message) - HEAD


def is_full(message):
    return message.HasField("agent_description")


def is_healthy(message):
    return message.HasField("health") and message.health.healthy


def is_unhealthy(message):
    return message.HasField("health") and not message.health.healthy


def has(part):
    return lambda message: message.HasField(part)


def config_status(status, config_hash=None):
    return lambda message: (message.HasField("remote_config_status") and message.remote_config_status.status == status
                            and config_hash in (None, message.remote_config_status.last_remote_config_hash))


def settings_status(status, offer_hash=None):
    return lambda message: (message.HasField("connection_settings_status") and message.connection_settings_status.status == status
                            and offer_hash in (None, message.connection_settings_status.last_connection_settings_hash))


def effective_files(message):
    return {name: file.body for name, file in message.effective_config.config_map.config_map.items()}


def attributes(pairs):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


def uid_text(message):
    return str(uuid.UUID(bytes=message.instance_uid))


def uid_of(text):
    return uuid.UUID(text).bytes


# --- what a server says


def flagged(flags=FULL_STATE):
    return S2A(flags=flags)


def remote_config(files, config_hash=None):
    """`files`: text, bytes, or {name: text or bytes}. The hash is the peer's: opaque to the agent."""
    if not isinstance(files, dict):
        files = {"": files}
    offer = pb.AgentRemoteConfig()
    digest = hashlib.sha256()
    for name, body in sorted(files.items()):
        body = body.encode() if isinstance(body, str) else body
        offer.config.config_map[name].body = body
        offer.config.config_map[name].content_type = "text/yaml"
        digest.update(name.encode() + b"\0" + body)
    offer.config.SetInParent()
    offer.config_hash = digest.digest() if config_hash is None else config_hash
    return S2A(remote_config=offer)


def hash_of(offer):
    return offer.remote_config.config_hash


def settings_offer(offer_hash=b"settings 1", **kinds):
    """`kinds`: opamp, own_metrics …: their fields, in maps; headers and other maps as plain dicts."""
    offer = pb.ConnectionSettingsOffers(hash=offer_hash)
    for kind, values in kinds.items():
        if kind == "other_connections":
            for name, connection in values.items():
                _fill(offer.other_connections[name], connection)
        else:
            _fill(getattr(offer, kind), values)
    return S2A(connection_settings=offer)


def _fill(message, values):
    message.SetInParent()
    for name, value in values.items():
        if name in ("headers", "connect_headers"):
            getattr(message, name).SetInParent()
            for key, text in value.items():
                getattr(message, name).headers.add(key=key, value=text)
        elif name == "other_settings":
            message.other_settings.update(value)
        elif isinstance(value, dict):
            _fill(getattr(message, name), value)
        elif isinstance(value, list):
            getattr(message, name).extend(value)
        else:
            setattr(message, name, value)


def unknown_field(number=999, payload=b"from a later version"):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def varint(number):
    out = b""
    while number >= 0x80:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def padded(message, size):
    """The message's bytes, made `size` long by a field that nobody knows."""
    bytes_ = message.SerializeToString()
    for length_bytes in range(1, 6):
        payload = size - len(bytes_) - len(varint(999 << 3 | 2)) - length_bytes
        if payload >= 0 and len(varint(payload)) == length_bytes:
            return bytes_ + unknown_field(payload=bytes(payload))
    raise Failed(f"a message cannot be made {size} bytes long")


def gzipped(data):
    return gzip.compress(data, 9)

"""Offers of connection settings: made, and what became of them."""

from protocol import APPLIED, FAILED, settings_offer, settings_status
from rig import expect


def url(server, scheme="ws", host="127.0.0.1"):
    return f"{scheme}://{host}:{server.port}/v1/opamp"


def certificate(pair):
    return {"cert": pair.cert_pem().encode(), "private_key": pair.key_pem().encode()}


def trust(authority):
    return {"ca_pem_contents": authority.pem}


def begin(stage, **sections):
    """An agent that takes settings of its connection."""
    capabilities = {"accepts_opamp_connection_settings": True, **sections.pop("capabilities", {})}
    server = {"connection_settings": {"verify_timeout": "5s"}, **sections.pop("server", {})}
    return stage.begin(capabilities=capabilities, server=server, **sections)


def offer(stage, offer_hash, fs=None, **opamp):
    (fs or stage.fs).push(settings_offer(offer_hash, opamp=opamp))


def move(stage, new, offer_hash=b"offer", fs=None, endpoint=None, **opamp):
    """Offers settings that lead to `new`; the first message there. It has the good news over WebSocket; over HTTP only the
    answer to it proves the settings, and the next one says so."""
    since, target = new.now(), endpoint or url(new)
    offer(stage, offer_hash, fs, destination_endpoint=target, **opamp)
    first = stage.wait_report("the agent at the new server", since=since, fs=new)
    if target.startswith("ws"):
        expect(f"APPLIED in the first message: {first}", settings_status(APPLIED, offer_hash)(first))
    stage.wait_report("APPLIED", settings_status(APPLIED, offer_hash), since, fs=new)
    return first


def fail(stage, offer_hash=b"offer", fs=None, **opamp):
    """Offers settings that are refused; the message that says so."""
    fs = fs or stage.fs
    since = fs.now()
    offer(stage, offer_hash, fs, **opamp)
    failed = stage.wait_report("FAILED", settings_status(FAILED, offer_hash), since, fs=fs)
    expect(f"with the reason: {failed}", failed.connection_settings_status.error_message)
    return failed

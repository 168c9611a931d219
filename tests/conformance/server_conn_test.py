#!/usr/bin/python3
"""Part 2 of the matrix, group SRV-CONN: settings, certificates and tokens that opamp-server offers."""

import base64
import uuid

import stage as stage_module  # noqa: F401  (finds tests/support)
import protocol
from certificates import Authority, new_key, openssl
from fake_client import FakeAgent, HttpClient, Refused, WsClient, new_uid
from protocol import APPLIED
from rig import expect
from server_stage import BAD_REQUEST, CLIENTS, TAKES_SETTINGS, offered, run
from suite import conformance


# --- SRV-CONN


@conformance("[SRV-CONN-1] [SRV-CONN-2] [SRV-CONN-3] [SRV-CONN-10] OpAMP settings reach who takes them, until their hash comes back", CLIENTS)
def settings(stage, kind):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent(TAKES_SETTINGS | protocol.REPORTS_HEARTBEAT)
    client.ask(agent.full())
    wanted = {"opamp": {"destination_endpoint": "wss://elsewhere.example/v1/opamp", "heartbeat_interval_seconds": 7,
                        "headers": {"Authorization": "Bearer new"}, "proxy": {"url": "http://proxy.example:3128"}},
              "own_metrics": {"destination_endpoint": "https://metrics.example/v1/metrics"}}
    stage.set_settings(agent, wanted)
    answer = client.receive() if kind is WsClient else client.ask(agent.message())
    offer = answer.connection_settings
    expect(f"{answer}", offer.hash and offer.opamp.destination_endpoint == "wss://elsewhere.example/v1/opamp"
           and offer.opamp.heartbeat_interval_seconds == 7 and offer.opamp.headers.headers[0].value == "Bearer new"
           and offer.opamp.proxy.url == "http://proxy.example:3128")
    expect("only what it takes", not offer.HasField("own_metrics"))
    status = {"last_connection_settings_hash": offer.hash, "status": APPLIED}
    expect("not to who has it", not offered(client.ask(agent.message(connection_settings_status=status))))
    again = client.ask(agent.message(connection_settings_status={"last_connection_settings_hash": b"old", "status": APPLIED}))
    expect(f"to who reports another: {again}", again.connection_settings.hash == offer.hash)


WRONG_SETTINGS = {
    "no endpoint": {"opamp": {"destination_endpoint": ""}},
    "no URL": {"opamp": {"destination_endpoint": "elsewhere"}},
    "another scheme": {"opamp": {"destination_endpoint": "ftp://elsewhere.example"}},
    "an empty proxy": {"opamp": {"destination_endpoint": "ws://elsewhere.example/", "proxy": {"url": ""}}},
    "telemetry without a path": {"own_metrics": {"destination_endpoint": "https://metrics.example"}},
    "telemetry without a scheme": {"own_traces": {"destination_endpoint": "traces.example/v1/traces"}},
}


@conformance("[SRV-CONN-5] [SRV-CONN-6] [SRV-CONN-7] settings that agents could not use are refused where they are set", WRONG_SETTINGS)
def wrong_settings(stage, wanted):
    stage.serve()
    client, agent = stage.client(), FakeAgent(TAKES_SETTINGS | 0xE0)
    client.ask(agent.full())
    answer = stage.set_settings(agent, wanted, expected=400)
    expect(f"with a reason: {answer}", answer["error"])
    expect("nothing is offered", not offered(client.ask(agent.message())))


@conformance("[SRV-CONN-8] a certificate of a CA is offered with that CA's certificate, and not taken without")
def certificate_with_ca(stage):
    stage.serve()
    client, agent = stage.client(), FakeAgent(TAKES_SETTINGS)
    client.ask(agent.full())
    authority = Authority(stage.folder)
    pair = authority.issue("client")
    wanted = {"opamp": {"destination_endpoint": "wss://elsewhere.example/", "certificate": {"cert": pair.cert_pem(), "private_key": pair.key_pem()}}}
    stage.set_settings(agent, wanted, expected=400)
    wanted["opamp"]["certificate"]["ca_cert"] = authority.pem
    stage.set_settings(agent, wanted)
    offer = client.receive().connection_settings.opamp.certificate
    expect("all three", offer.cert == pair.cert_pem().encode() and offer.private_key == pair.key_pem().encode() and offer.ca_cert == authority.pem.encode())


@conformance("[SRV-CONN-9] [SRV-CONN-6] the telemetry destination is in the first answer to who reports it, and in no later one", CLIENTS)
def telemetry(stage, kind):
    stage.serve("--own-metrics", "https://metrics.example/v1/metrics")
    client, agent = stage.client(kind), FakeAgent(protocol.REPORTS_STATUS | protocol.REPORTS_OWN_METRICS | protocol.REPORTS_SETTINGS_STATUS)
    first = client.ask(agent.full())
    expect(f"{first}", first.connection_settings.own_metrics.destination_endpoint == "https://metrics.example/v1/metrics")
    status = {"last_connection_settings_hash": first.connection_settings.hash, "status": APPLIED}
    expect("not again", not client.ask(agent.message(connection_settings_status=status)).HasField("connection_settings"))
    other = FakeAgent()
    expect("not to another", not stage.client(kind).ask(other.full()).HasField("connection_settings"))


# --- certificate requests


def csr_for(stage, name, broken=False):
    key = stage.folder / f"{new_uid().hex()}.key"
    new_key(key)
    request_ = openssl("req", "-new", "-key", key, "-subj", f"/CN={name}")
    if broken:
        der = bytearray(openssl("req", "-outform", "DER", text=request_))
        der[-1] ^= 0xFF
        request_ = openssl_der_to_pem(bytes(der))
    return request_, key


def openssl_der_to_pem(der):
    text = base64.b64encode(der).decode()
    lines = [text[start:start + 64] for start in range(0, len(text), 64)]
    return ("-----BEGIN CERTIFICATE REQUEST-----\n" + "\n".join(lines) + "\n-----END CERTIFICATE REQUEST-----\n").encode()


def serve_with_ca(stage):
    authority = Authority(stage.folder)
    stage.serve("--ca-cert", str(authority.file), "--ca-key", str(authority.pair.key), "--endpoint", "wss://opamp.example/v1/opamp")
    return authority


def asking(agent, request_):
    return agent.message(connection_settings_request={"opamp": {"certificate_request": {"csr": request_}}})


@conformance("[SRV-CONN-11] [SRV-CONN-8] [SRV-CONN-5] a certificate request is answered with a certificate for its key, and no private key", CLIENTS)
def certificate_issued(stage, kind):
    authority = serve_with_ca(stage)
    client, agent = stage.client(kind), FakeAgent(TAKES_SETTINGS)
    expect("it says so", client.ask(agent.full()).capabilities & protocol.SERVER_SETTINGS_REQUEST)
    request_, key = csr_for(stage, uuid.UUID(bytes=agent.uid))
    answer = client.ask(asking(agent, request_))
    offer = answer.connection_settings.opamp
    expect(f"{answer}", offer.certificate.cert and not offer.certificate.private_key and offer.certificate.ca_cert == authority.pem.encode())
    expect("with an endpoint", offer.destination_endpoint.startswith(("ws://", "wss://", "http://", "https://")))
    (stage.folder / "issued.pem").write_bytes(offer.certificate.cert)
    openssl("verify", "-CAfile", authority.file, stage.folder / "issued.pem")
    expect("of that key", openssl("x509", "-in", stage.folder / "issued.pem", "-noout", "-pubkey") == openssl("pkey", "-in", key, "-pubout"))


@conformance("[SRV-CONN-12] [SRV-CONN-13] a request that is none, is broken, or names another agent, is a BAD_REQUEST",
             {f"{what} {name}": (kind, what) for name, kind in CLIENTS.items() for what in ("garbage", "a broken signature", "another's uid")})
def certificate_refused(stage, kind, what):
    serve_with_ca(stage)
    client, agent = stage.client(kind), FakeAgent(TAKES_SETTINGS)
    client.ask(agent.full())
    named = uuid.UUID(bytes=new_uid() if what == "another's uid" else agent.uid)
    request_ = b"garbage" if what == "garbage" else csr_for(stage, named, broken=what == "a broken signature")[0]
    answer = client.ask(asking(agent, request_))
    expect(f"{answer}", answer.error_response.type == BAD_REQUEST and answer.error_response.error_message and not answer.HasField("connection_settings"))
    expect("the connection stands", not client.ask(agent.message()).HasField("error_response"))


@conformance("[SRV-CONN-14] a request for a uid that was just assigned is accepted")
def certificate_for_new_uid(stage):
    serve_with_ca(stage)
    client, agent = stage.client(), FakeAgent(TAKES_SETTINGS)
    new = client.ask(agent.full(flags=1)).agent_identification.new_instance_uid
    agent.uid = new
    answer = client.ask(asking(agent, csr_for(stage, uuid.UUID(bytes=new))[0]))
    expect(f"{answer}", answer.connection_settings.opamp.certificate.cert)


@conformance("[SRV-CONN-4] the old token is good until the agent has used the one it was offered, and no longer")
def rotated(stage):
    tokens = stage.folder / "tokens"
    tokens.write_text("old-token-of-the-fleet\n")
    stage.serve("--token-file", str(tokens))
    agent = FakeAgent(TAKES_SETTINGS)
    old = {"Authorization": "Bearer old-token-of-the-fleet"}
    new = {"Authorization": "Bearer new-token-of-this-agent"}
    client = stage.client(headers=old)
    client.ask(agent.full())
    stage.set_settings(agent, {"opamp": {"destination_endpoint": f"ws://127.0.0.1:{stage.port}/v1/opamp", "headers": new}})
    offer = client.receive().connection_settings
    client.end()
    agent.number = -1
    again = stage.client(headers=old)
    expect("the old one still", not again.ask(agent.full()).HasField("error_response"))
    again.end()
    moved = stage.client(headers=new)
    moved.ask(agent.full(connection_settings_status={"last_connection_settings_hash": offer.hash, "status": APPLIED}))
    moved.end()
    try:
        late = stage.client(HttpClient, headers=old)
        status, _, body = late.post(agent.full().SerializeToString())
        expect(f"401 for the old one: {status}", status == 401)
    except Refused as refused:
        expect(f"{refused}", refused.status == 401)


if __name__ == "__main__":
    run()

#!/usr/bin/python3
"""Part 2 of the matrix, what opamp-server says to agents: groups SRV-STAT, SRV-UID, SRV-CFG, SRV-CMD, SRV-LIFE and SRV-RETRY."""

import uuid

import stage as stage_module  # noqa: F401  (finds tests/support)
import protocol
from fake_client import FakeAgent, HttpClient, Refused, WsClient, new_uid
from protocol import A2S, APPLIED, COMPONENTS, FULL_STATE, fields
from rig import Failed, eventually, expect
from server_stage import BAD_REQUEST, CLIENTS, TAKES_CONFIG, UNAVAILABLE, offered, run
from suite import conformance


# --- SRV-STAT


@conformance("[SRV-STAT-1] [SRV-STAT-2] [SRV-STAT-4] [SRV-STAT-5] [SRV-STAT-7] [SRV-STAT-8] [SRV-STAT-9] [SRV-CMSG-1]"
             " every message is answered, to its uid, with capabilities at first", CLIENTS)
def answers(stage, kind):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent()
    first = client.ask(agent.full())
    expect(f"capabilities: {first}", first.capabilities & 1 and not first.capabilities & ~0x7F)
    for _ in range(10):
        answer = client.ask(agent.message())
        expect(f"nothing but what is due: {answer}", answer.instance_uid == agent.uid and fields(answer) <= {"instance_uid", "capabilities"})
    message = agent.message(custom_message={"capability": "com.example.unknown", "type": "x"})
    message.custom_capabilities.capabilities.append("com.example.unknown")
    answer = client.ask(message)
    expect(f"no custom capabilities, and no trouble with one: {answer}", fields(answer) <= {"instance_uid", "capabilities"})


@conformance("[SRV-STAT-2] two agents on one connection have each their answers")
def two_agents(stage):
    stage.serve()
    client, one, two = stage.client(), FakeAgent(), FakeAgent()
    for agent in (one, two, one, two):
        expect("its own", client.ask(agent.full()).instance_uid == agent.uid)


@conformance("[SRV-STAT-3] [SRV-STAT-5] [SRV-RETRY-1] what cannot be read is answered BAD_REQUEST, in words, and nothing else",
             {f"{what} {name}": (kind, data) for name, kind in CLIENTS.items() for what, data in
              {"a uid of 3 bytes": A2S(instance_uid=b"abc", capabilities=1).SerializeToString(), "no uid": A2S(capabilities=1).SerializeToString(),
               "random bytes": bytes((7 * index + 3) & 0xFF for index in range(99))}.items()})
def bad_reports(stage, kind, data):
    stage.serve()
    answer = stage.client(kind).ask(data)
    expect(f"{answer}", answer.error_response.type == BAD_REQUEST and answer.error_response.error_message)
    expect(f"alone: {answer}", fields(answer) <= {"instance_uid", "error_response"})


@conformance("[SRV-STAT-6] a gap, a repeat and a fresh start ask for the full state, and so does an unknown agent that reports little", CLIENTS)
def gaps(stage, kind):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent()
    expect("an unknown agent", client.ask(agent.message()).flags & FULL_STATE)
    client.ask(agent.full())
    expect("none while numbers follow", not client.ask(agent.message()).flags)
    agent.number += 1
    expect("a gap", client.ask(agent.message()).flags & FULL_STATE)
    client.ask(agent.full())
    agent.number -= 1
    expect("a number again, with other content", client.ask(agent.message(health={"healthy": True})).flags & FULL_STATE)
    client.ask(agent.full())
    agent.number = -1
    expect("from 0 again", client.ask(agent.message()).flags & FULL_STATE)


@conformance("[SRV-STAT-12] each copy of a message is answered", CLIENTS)
def copies(stage, kind):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent()
    client.ask(agent.full())
    message = agent.message(health={"healthy": False, "last_error": "x"})
    for _ in range(3):
        answer = client.ask(message)
        expect(f"{answer}", answer.instance_uid == agent.uid and not answer.HasField("error_response"))


@conformance("[SRV-STAT-10] [SRV-CFG-1] an agent that no longer takes configs is offered none", CLIENTS)
def capability_dropped(stage, kind):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent(TAKES_CONFIG)
    client.ask(agent.full())
    agent.capabilities = protocol.REPORTS_STATUS
    client.ask(agent.message())
    stage.set_config(agent, {"": "a: 1\n"}, expected=None)
    expect("nothing", not offered(client.ask(agent.message())))


@conformance("[SRV-STAT-11] [SRV-CFG-1] [SRV-CMD-1] [SRV-CONN-1] an agent that can do nothing is asked for nothing", CLIENTS)
def modest_agent(stage, kind):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent(protocol.REPORTS_STATUS)
    client.ask(agent.full())
    stage.set_config(agent, {"": "a: 1\n"}, expected=None)
    stage.api("POST", f"agents/{uuid.UUID(bytes=agent.uid)}/restart", expected=None)
    stage.set_settings(agent, {"opamp": {"destination_endpoint": "ws://127.0.0.1:1/v1/opamp"}}, expected=None)
    for _ in range(3):
        expect("nothing", not offered(client.ask(agent.message())))
    if kind is WsClient:
        expect("nor unasked", client.is_quiet())


@conformance("[SRV-STAT-13] the components of an unknown hash are asked for, and those of a known one are not", CLIENTS)
def components(stage, kind):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent(protocol.REPORTS_STATUS | protocol.REPORTS_COMPONENTS)
    answer = client.ask(agent.full(available_components={"hash": b"set 1"}))
    expect(f"asked: {answer}", answer.flags & COMPONENTS)
    message = agent.message()
    message.available_components.hash = b"set 1"
    message.available_components.components["receiver"].SetInParent()
    expect("not again", not client.ask(message).flags & COMPONENTS)
    other = FakeAgent(agent.capabilities)
    expect("nor of another agent with the same", not stage.client(kind).ask(other.full(available_components={"hash": b"set 1"})).flags & COMPONENTS)


# --- SRV-UID


@conformance("[SRV-UID-1] [SRV-UID-2] a uid is made when it is asked for, of version 7", CLIENTS)
def assigned(stage, kind):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent()
    new = client.ask(agent.full(flags=1)).agent_identification.new_instance_uid
    expect(f"{new}", len(new) == 16 and uuid.UUID(bytes=new).version == 7 and new != agent.uid)
    agent.uid = new
    answer = client.ask(agent.message())
    expect(f"it is used: {answer}", answer.instance_uid == new and not answer.HasField("agent_identification"))


@conformance("[SRV-UID-3] [SRV-UID-4] of two connections with one uid, one is given another")
def duplicates(stage):
    stage.serve()
    first, second = stage.client(), stage.client()
    uid = new_uid()
    one, two = FakeAgent(uid=uid), FakeAgent(uid=uid)
    first.ask(one.full())
    second.send(two.full())
    first.receive()  # it is asked for a sign of life …
    first.send(one.full())
    expect("the second gets one of its own", second.receive().HasField("agent_identification"))


# --- SRV-CFG


def with_status(agent, config_hash, status=APPLIED):
    return agent.message(remote_config_status={"last_remote_config_hash": config_hash, "status": status})


@conformance("[SRV-CFG-2] [SRV-CFG-3] [SRV-CFG-4] [SRV-CFG-5] [SRV-CFG-6] a config is offered to who has another, once, and pushed to who listens", CLIENTS)
def config_offers(stage, kind):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent(TAKES_CONFIG)
    client.ask(agent.full())
    stage.set_config(agent, {"a.yaml": "a: 1\n", "b.yaml": "b: 1\n"})
    answer = client.receive() if kind is WsClient else client.ask(agent.message())
    offer = answer.remote_config
    expect(f"{answer}", {name: file.body for name, file in offer.config.config_map.items()} == {"a.yaml": b"a: 1\n", "b.yaml": b"b: 1\n"} and offer.config_hash)
    expect("not to who has it", not offered(client.ask(with_status(agent, offer.config_hash))))
    expect("not again", not offered(client.ask(agent.message())))
    other = client.ask(with_status(agent, b"of long ago"))
    expect(f"to who reports another: {other}", other.remote_config.config_hash == offer.config_hash)
    hashes = {offer.config_hash}
    for files in ({"a.yaml": "a: 2\n", "b.yaml": "b: 1\n"}, {"c.yaml": "a: 1\n", "b.yaml": "b: 1\n"}):
        stage.set_config(agent, files)
        answer = client.receive() if kind is WsClient else client.ask(agent.message())
        hashes.add(answer.remote_config.config_hash)
    expect("each has its hash", len(hashes) == 3)


# --- SRV-CMD


@conformance("[SRV-CMD-1] a restart travels alone", CLIENTS)
def restart(stage, kind):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent(TAKES_CONFIG | protocol.ACCEPTS_RESTART)
    client.ask(agent.full())
    stage.set_config(agent, {"": "a: 1\n"})
    if kind is WsClient:
        client.receive()
    stage.api("POST", f"agents/{uuid.UUID(bytes=agent.uid)}/restart", expected=None)
    seen = [client.receive()] if kind is WsClient else [client.ask(agent.message()) for _ in range(3)]
    commands = [answer for answer in seen if answer.HasField("command")]
    expect(f"one, alone: {seen}", len(commands) == 1 and fields(commands[0]) <= {"instance_uid", "capabilities", "command"})


# --- SRV-LIFE, SRV-RETRY


@conformance("[SRV-LIFE-1] a server that stops says Close")
def stops(stage):
    stage.serve()
    client, agent = stage.client(), FakeAgent()
    client.ask(agent.full())
    stage.daemon.process.terminate()
    expect(f"{client.close_code}", client.wait_for_end() == 1001)
    expect("it ends well", stage.daemon.process.wait(30) == 0)


@conformance("[SRV-LIFE-2] without a token, or with a wrong one, 401 is the answer to upgrades and posts",
             {"Bearer": ("secret-token", "Bearer secret-token"), "Basic": ("agent:secret", "Basic YWdlbnQ6c2VjcmV0")})
def authentication(stage, line, value):
    (stage.folder / "tokens").write_text(line + "\n")
    stage.serve("--token-file", str(stage.folder / "tokens"))
    for kind in (WsClient, HttpClient):
        good = stage.client(kind, headers={"Authorization": value})
        expect("with it", good.ask(FakeAgent().full()).capabilities)
    for headers in ({}, {"Authorization": value + "x"}, {"Authorization": "Bearer"}):
        try:
            stage.client(headers=headers)
            raise Failed(f"{headers} was accepted")
        except Refused as refused:
            expect(f"{refused}", refused.status == 401 and refused.headers.get("www-authenticate"))
        status, answer, _ = stage.client(HttpClient, headers=headers).post(FakeAgent().full().SerializeToString())
        expect(f"{status}", status == 401 and answer["WWW-Authenticate"])
    expect("no secret in the log", "secret" not in stage.log().replace("secrets", ""))


def is_connected(stage, agent):
    return stage.agent(agent)["connected"]


@conformance("[SRV-LIFE-3] a goodbye, and the end of a connection, are noticed at once",
             {"goodbye over WebSocket": (WsClient, True), "the end over WebSocket": (WsClient, False), "goodbye over HTTP": (HttpClient, True)})
def goodbye(stage, kind, is_said):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent()
    client.ask(agent.full())
    expect("connected", is_connected(stage, agent))
    if is_said:
        message = agent.message()
        message.agent_disconnect.SetInParent()
        client.ask(message)
    else:
        client.end()
    eventually("disconnected", lambda: not is_connected(stage, agent))


@conformance("[SRV-RETRY-2] an overloaded server says UNAVAILABLE, with the pause it wants", CLIENTS)
def overloaded(stage, kind):
    stage.serve()
    client, agent = stage.client(kind), FakeAgent()
    client.ask(agent.full())
    stage.api("PUT", "throttle", {"mode": "unavailable", "retry_after": "3s"})
    error = client.ask(agent.message())
    expect(f"{error}", error.error_response.type == UNAVAILABLE and error.error_response.retry_info.retry_after_nanoseconds == 3 * 10**9)
    stage.api("PUT", "throttle", {"mode": "none"})
    expect("no longer", not client.ask(agent.full()).HasField("error_response"))


@conformance("[SRV-RETRY-3] or it refuses with 503 or 429, and Retry-After", {"503": 503, "429": 429})
def refuses(stage, status):
    stage.serve()
    stage.api("PUT", "throttle", {"mode": f"http_{status}", "retry_after": "3s"})
    try:
        stage.client()
        raise Failed("it was accepted")
    except Refused as refused:
        expect(f"{refused}", refused.status == status and refused.headers.get("retry-after") == "3")
    answered, headers, _ = stage.client(HttpClient).post(FakeAgent().full().SerializeToString())
    expect(f"{answered}", answered == status and headers["Retry-After"] == "3")


if __name__ == "__main__":
    run()

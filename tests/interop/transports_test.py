#!/usr/bin/python3
"""opampd and the Go reference server over every transport: WebSocket and plain HTTP, in the clear, with TLS, with client certificates."""

import base64
import uuid

from reference import SCHEMES, ReferenceScene, is_websocket
from certificates import Authority
from peer import NEEDED_CAPABILITIES, attributes, config_hash, effective_config, error_message, offered_hash, status_is
from rig import expect, is_alive
from scene import GOOD
from suite import main, scenario_for

SECURE = {scheme: scheme for scheme in ("wss", "https")}


def said(scene, event_kind="message"):
    return [event for event in scene.peer.events if event["event"] == event_kind]


@scenario_for(SCHEMES)
def the_story_is_told(scene, scheme):
    scene.scheme = scheme
    peer = scene.begin()
    first_report(peer)
    transport = "websocket" if is_websocket(scheme) else "http"
    expect(f"over {transport}", {event["transport"] for event in said(scene)} == {transport})
    good_and_broken_config(scene, peer)
    restart(scene, peer)
    everything_again(scene, peer)
    goodbye(scene, peer)


def first_report(peer):
    first = peer.messages()[0]
    expect("the capabilities of the story", int(first["capabilities"]) & NEEDED_CAPABILITIES == NEEDED_CAPABILITIES)
    for section in ("agent_description", "effective_config", "health", "remote_config_status"):
        expect(f"{section} is in the first report", section in first)
    expect("it has a name", attributes(first).get("service.name"))


def good_and_broken_config(scene, peer):
    since = peer.now()
    applied = scene.offer(GOOD)
    applying = scene.wait_for_message("APPLYING", status_is("APPLYING"), since)
    expect("both with the server's hash", config_hash(applying) == config_hash(applied) == offered_hash(GOOD))
    reported = scene.wait_for_message("the effective config", lambda message: GOOD.encode() in effective_config(message).values(), since)
    expect("it is one file", len(effective_config(reported)) == 1)
    before = scene.pid()
    expect("FAILED has a reason", error_message(scene.offer("instrument: [true\n", "FAILED")))
    expect("the agent was left alone", scene.pid() == before and is_alive(before))


def restart(scene, peer):
    before = scene.pid()
    starts = len(scene.starts())
    peer.order(restart=True)
    scene.wait_for_starts(starts + 1)
    scene.wait_until_gone(before)


def everything_again(scene, peer):
    new_uid, since = uuid.uuid4().bytes, peer.now()
    peer.order(full_state=True)
    full = scene.wait_for_message("a full report", lambda message: "agent_description" in message, since)
    expect("all of it", all(section in full for section in ("effective_config", "health", "remote_config_status")))
    peer.order(new_uid=new_uid.hex())
    scene.wait_for_message("the new instance_uid", lambda message: base64.b64decode(message["instance_uid"]) == new_uid)


def goodbye(scene, peer):
    scene.stop()
    scene.nothing_is_left()
    last = peer.messages()[-1]
    expect(f"agent_disconnect is the last message: {last}", "agent_disconnect" in last)
    numbers = [int(message.get("sequence_num", 0)) for message in peer.messages()]
    expect(f"each number is the one before plus one: {numbers}", all(b == a + 1 for a, b in zip(numbers, numbers[1:])))


@scenario_for(SECURE)
def a_server_of_another_authority_is_not_believed(scene, scheme):
    scene.scheme = scheme
    scene.serve()
    scene.configure(server={"tls": {"ca_file": str(Authority(scene.folder, "other").file)}})
    scene.start()
    failed = scene.wait_for_event("server.connect_failed")
    expect(f"the log says why: {failed}", failed["error"] == "certificate signed by an unknown authority")
    scene.wait_for("the server is told", lambda: said(scene, "tls_failed"))
    expect("nothing was said", not scene.peer.messages())
    scene.wait_until_healthy()


def begin_mutual(scene, scheme, **tls):
    scene.scheme = scheme
    scene.serve("--client-ca", scene.authority().file)
    scene.configure(server={"tls": tls})
    scene.start()


@scenario_for(SECURE)
def a_client_certificate_opens_the_door(scene, scheme):
    pair = scene.authority().issue("agent-seven", "DNS:agent-seven")
    begin_mutual(scene, scheme, cert_file=str(pair.cert), key_file=str(pair.key))
    scene.wait_for_message("a report", lambda message: "agent_description" in message)
    seen = [event for event in scene.peer.events if "client" in event]
    expect(f"the server knows who it is: {seen}", seen and {event["client"] for event in seen} == {"agent-seven"})
    scene.offer(GOOD)


def expect_refusal(scene, *words):
    failed = scene.wait_for_event("server.connect_failed")
    expect(f"the log says why: {failed}", all(word in failed["error"] for word in words))
    refused = scene.wait_for("the server refuses", lambda: said(scene, "tls_failed"))
    expect("no report was taken", not scene.peer.messages())
    scene.wait_until_healthy()
    return refused[0]["error"]


@scenario_for(SECURE)
def without_a_client_certificate_it_stays_shut(scene, scheme):
    begin_mutual(scene, scheme)
    reason = expect_refusal(scene, "certificate")
    expect(f"because there is none: {reason}", "didn't provide a certificate" in reason)


@scenario_for(SECURE)
def a_client_certificate_of_another_authority_does_not_open_it(scene, scheme):
    pair = Authority(scene.folder, "other").issue("stranger", "DNS:stranger")
    begin_mutual(scene, scheme, cert_file=str(pair.cert), key_file=str(pair.key))
    reason = expect_refusal(scene, "certificate")
    expect(f"because nobody vouches for it: {reason}", "unknown authority" in reason)


if __name__ == "__main__":
    main(ReferenceScene)

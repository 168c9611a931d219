#!/usr/bin/python3
"""Connection settings offered by the Go reference server: accepted, where another one is, and refused."""

from reference import ReferenceScene, is_websocket, url
from peer import connection_settings, settings_status_is
from rig import expect, free_port, is_alive
from suite import main, scenario_for

MOVES = {"ws to ws": ("ws", "ws"), "ws to wss": ("ws", "wss"), "http to https": ("http", "https"), "wss to https": ("wss", "https"),
         "https to wss": ("https", "wss")}
TOKEN = "Bearer offered-with-the-settings"
GOOD, BAD = b"\x00good\xff", b"\x00bad\xff"  # hashes are bytes, not text


def begin(scene, scheme):
    scene.scheme = scheme
    return scene.begin(capabilities={"accepts_opamp_connection_settings": True}, server={"connection_settings": {"verify_timeout": "10s"}})


def offer(scene, of, endpoint, **more):
    scene.peer.order(settings=connection_settings(of, endpoint, **more))


def headers_of_all(peer):
    """Those of each upgrade or POST."""
    return [event["headers"] for event in peer.events if "headers" in event]


@scenario_for(MOVES)
def good_settings_lead_to_another_server(scene, before, after):
    first = begin(scene, before)
    second = scene.another_server(after)
    ca = {"ca_pem": scene.authority().pem} if scene.is_secure(after) else {}
    offer(scene, GOOD, url(second.port, after), headers={"Authorization": TOKEN, "X-Tenant": "blue"}, **ca)
    scene.wait_for_word(second, "APPLIED at the second server", settings_status_is("APPLIED", GOOD))
    scene.wait_for_word(first, "APPLYING at the first server", settings_status_is("APPLYING", GOOD))
    scene.wait_for_word(first, "the goodbye", lambda message: "agent_disconnect" in message)
    expect(f"the goodbye is the last word there: {first.messages()[-1]}", "agent_disconnect" in first.messages()[-1])
    expect("a full report here", "agent_description" in second.messages()[0])
    expect("the same agent", second.messages()[0]["instance_uid"] == first.messages()[-1]["instance_uid"])
    transport = "websocket" if is_websocket(after) else "http"
    expect(f"over {transport}", {event["transport"] for event in second.events if "transport" in event} == {transport})
    expect("which was not restarted", len(scene.starts()) == 1 and is_alive(scene.pid()))
    they_are_kept(scene, first, second)


def they_are_kept(scene, first, second):
    """Also by the next process; with the offered headers, which nobody else sees."""
    scene.stop()
    said, since = len(first.events), second.now()
    scene.start()
    scene.wait_for_word(second, "a report after a restart", lambda message: "agent_description" in message, since)
    expect("nobody else was asked", len(first.events) == said)
    given = headers_of_all(second)
    expect(f"the headers: {given}", given and all(one.get("Authorization") == [TOKEN] and one.get("X-Tenant") == ["blue"] for one in given))
    expect("nor told", not any("X-Tenant" in one for one in headers_of_all(first)))
    expect("the token is not in the log", "offered-with" not in scene.daemon_log.read_text() + scene.daemon_output.read_text())


@scenario_for({scheme: scheme for scheme in ("wss", "https")})
def a_client_certificate_comes_with_the_settings(scene, scheme):
    first = begin(scene, "ws")
    second = scene.another_server(scheme, 0, "--client-ca", scene.authority().file)
    endpoint, ca = url(second.port, scheme), {"ca_pem": scene.authority().pem}
    offer(scene, BAD, endpoint, **ca)
    failed = scene.wait_for_message("FAILED without it", settings_status_is("FAILED", BAD))
    reason = failed["connection_settings_status"]["error_message"]
    expect(f"with the reason: {reason}", "client certificate" in reason)
    offer(scene, GOOD, endpoint, certificate=scene.authority().issue("agent-seven", "DNS:agent-seven"), **ca)
    scene.wait_for_word(second, "APPLIED with it", settings_status_is("APPLIED", GOOD))
    seen = {event["client"] for event in second.events if "client" in event}
    expect(f"the server knows who it is: {seen}", seen == {"agent-seven"})
    scene.wait_for_word(first, "the goodbye", lambda message: "agent_disconnect" in message)


class Unusable:
    """Settings that lead nowhere; each gives an endpoint."""
    @staticmethod
    def nobody_listens(_scene):
        return url(free_port(), "ws")

    @staticmethod
    def nobody_listens_http(_scene):
        return url(free_port(), "http")

    @staticmethod
    def is_not_trusted(scene):
        return url(scene.another_server("wss").port, "wss")

    @staticmethod
    def speaks_no_tls(scene):
        return url(scene.another_server("ws").port, "wss")

    @staticmethod
    def refuses(scene):
        server = scene.another_server("ws")
        server.order(refuse=401)
        return url(server.port, "ws")


USELESS = {"nobody listens": Unusable.nobody_listens, "nobody listens, http": Unusable.nobody_listens_http,
           "its authority is not known": Unusable.is_not_trusted, "it speaks no TLS": Unusable.speaks_no_tls, "it answers 401": Unusable.refuses}


@scenario_for({f"{case}, offered over {scheme}": (scheme, endpoint) for scheme in ("ws", "http") for case, endpoint in USELESS.items()})
def useless_settings_are_failed(scene, scheme, endpoint):
    first = begin(scene, scheme)
    since = first.now()
    offer(scene, BAD, endpoint(scene))
    failed = scene.wait_for_message("FAILED at the first server", settings_status_is("FAILED", BAD), since)
    reason = failed["connection_settings_status"].get("error_message")
    refused = scene.wait_for_event("connection_settings.refused")
    expect(f"with the reason: {reason}, {refused}", reason and refused["error"])
    expect("never accepted", not any(map(settings_status_is("APPLIED"), first.messages())))
    expect("the agent was not restarted", len(scene.starts()) == 1 and is_alive(scene.pid()))
    scene.offer("still: obeyed\n")


if __name__ == "__main__":
    main(ReferenceScene)

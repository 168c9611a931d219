#!/usr/bin/python3
"""Group CONN, the flow: settings of the OpAMP connection are offered, verified, kept or refused."""

import stage as stage_module  # noqa: F401  (finds tests/support)
from http_parts import Reply
from protocol import (APPLIED, APPLYING, FAILED, REPORTS_SETTINGS_STATUS, has, is_full, is_healthy, settings_offer, settings_status)
from rig import expect, is_alive
from settings import begin, fail, move, url
from stage import run
from suite import conformance
from websocket import CLOSE


def last_connection_of_reports(fs):
    return fs.reports[-1].connection


# --- accepted


MOVES = {"ws to ws": ("ws", "ws"), "ws to http": ("ws", "http"), "http to ws": ("http", "ws"), "http to http": ("http", "http")}


@conformance("[CONN-3] [CONN-4] [CONN-7] [CONN-11] [CONN-14] [LIFE-6] [LIFE-10] good settings: APPLYING, goodbye, the new server, APPLIED", MOVES)
def moved(stage, before, after):
    stage.scheme = before
    old, new = begin(stage), stage.another_server()
    offered = bytes(range(200, 256))
    first = move(stage, new, offered, endpoint=url(new, after))
    expect(f"a full report, and the status with it: {first}", is_full(first))
    statuses = [message.connection_settings_status for message in old.messages() if message.HasField("connection_settings_status")
                and message.connection_settings_status.status]
    expect(f"APPLYING there: {statuses}", [status.status for status in statuses] == [APPLYING])
    expect("with the hash", statuses[0].last_connection_settings_hash == offered)
    expect(f"the goodbye is the last word there: {old.messages()[-1]}", old.messages()[-1].HasField("agent_disconnect"))
    left = last_connection_of_reports(old)
    expect("nothing of OpAMP is said here before", old.reports[-1].at <= new.reports[0].at)
    if before == "ws":
        expect("then Close", left.frames[-1].opcode == CLOSE and left.closed_at <= new.reports[0].at)
    expect("the transport is the offered one", new.reports[0].connection.transport == after)
    expect("nobody is left there", not [one for one in old.open_connections() if one.transport == "ws"])
    numbers = [message.sequence_num for message in [*old.messages(), *new.messages()]]
    expect(f"numbers go on: {numbers}", numbers == list(range(numbers[0], numbers[0] + len(numbers))))


@conformance("[CONN-6] accepted settings are the only ones, also after a restart; old credentials are gone")
def kept(stage):
    old = begin(stage, server={"headers": {"Authorization": "Bearer of-the-settings"}})
    second, third = stage.another_server(), stage.another_server()
    move(stage, second, b"2", headers={"Authorization": "Bearer second-secret"})
    expect("kept", b"second-secret" in stage.state_text())
    move(stage, third, b"3", fs=second, headers={"Authorization": "Bearer third-secret"})
    stage.stop()
    expect("the one before is forgotten", b"second-secret" not in stage.state_text() and b"third-secret" in stage.state_text())
    said = [len(old.connections), len(second.connections)]
    since = third.now()
    stage.start()
    stage.wait_report("healthy again", is_healthy, since, fs=third)
    expect("nobody else was asked", [len(old.connections), len(second.connections)] == said)
    expect("with its credentials", third.reports[-1].request.headers["authorization"] == "Bearer third-secret")
    log = stage.daemon_log.read_text() + stage.daemon_output.read_text()
    expect("which are not in the log", "secret" not in log)
    file = stage.state / "agent" / "connection"
    expect("nor for others to read", file.stat().st_mode & 0o077 == 0)


@conformance("[CONN-15] offered headers are on the upgrade, and on each request", {"ws": "ws", "http": "http"})
def headers(stage, scheme):
    begin(stage)
    new = stage.another_server()
    move(stage, new, endpoint=url(new, scheme), headers={"Authorization": "Bearer offered", "X-Tenant": "blue"})
    stage.everything(fs=new)
    for request in new.requests():
        expect(f"{request.headers}", request.headers.get("authorization") == "Bearer offered" and request.headers.get("x-tenant") == "blue")


@conformance("[CONN-36] [CONN-37] registration on first use: the token of the settings is for the first connection only")
def registration(stage):
    wanted = ["Bearer bootstrap"]
    old = stage.serve(refusal=lambda request: None if request.headers.get("authorization") == wanted[0] else Reply(401))
    stage.configure(server={"headers": {"Authorization": "Bearer bootstrap"}}, capabilities={"accepts_opamp_connection_settings": True})
    stage.start()
    stage.wait_report("a healthy agent", is_healthy)
    wanted[0] = "Bearer issued"
    since = old.now()
    old.push(settings_offer(b"registered", opamp={"destination_endpoint": url(old), "headers": {"Authorization": "Bearer issued"}}))
    stage.wait_report("accepted", settings_status(APPLIED, b"registered"), since)
    stage.stop()
    since, requests = old.now(), len(old.requests())
    stage.start()
    stage.wait_report("healthy again", is_healthy, since)
    expect("only the new token", {request.headers["authorization"] for request in old.requests()[requests:]} == {"Bearer issued"})


# --- refused


class Unreachable:
    """Looks like a server that cannot be used; `prepare` makes the endpoint."""
    @staticmethod
    def refuses_tcp(stage):
        server = stage.another_server()
        port = server.port
        server.close()
        return f"ws://127.0.0.1:{port}/v1/opamp"

    @staticmethod
    def speaks_no_tls(stage):
        return url(stage.another_server(), "wss")

    @staticmethod
    def answers_401(stage):
        return url(stage.another_server(refusal=Reply(401)))

    @staticmethod
    def never_answers(stage):
        server = stage.another_server()
        server.speaks = False
        return url(server)

    @staticmethod
    def is_not_trusted(stage):
        return url(stage.another_server(tls=stage.tls()), "wss")

    @staticmethod
    def http_refuses_tcp(stage):
        return Unreachable.refuses_tcp(stage).replace("ws:", "http:")


VERIFIED = {"refuses TCP": Unreachable.refuses_tcp, "speaks no TLS": Unreachable.speaks_no_tls, "answers 401": Unreachable.answers_401,
            "never answers": Unreachable.never_answers, "is not trusted": Unreachable.is_not_trusted,
            "refuses TCP, http": Unreachable.http_refuses_tcp}


@conformance("[CONN-1] [CONN-5] [CONN-8] [CONN-9] [CONN-11] settings that cannot be verified are FAILED, and the old ones in use", VERIFIED)
def unverified(stage, prepare):
    old = begin(stage, server={"connection_settings": {"verify_timeout": "1s"}})
    offered = b"cannot be used"
    said = old.now()
    fail(stage, offered, destination_endpoint=prepare(stage))
    expect("never accepted", not any(map(settings_status(APPLIED), old.messages())))
    expect("the agent did not notice", is_alive(stage.pid()) and len(stage.starts()) == 1)
    expect("a full report where the connection was given up", len(old.connections) == 1 or any(map(is_full, old.messages(said))))
    stage.stop()
    since = old.now()
    stage.start()
    first = stage.wait_report("the old server after a restart", since=since)
    expect(f"which still knows: {first}", settings_status(FAILED, offered)(first))


STATIC = {
    "another scheme": {"destination_endpoint": "ftp://127.0.0.1/x"},
    "garbage": {"destination_endpoint": "not a url"},
    "no port that is one": {"destination_endpoint": "ws://127.0.0.1:99999/"},
    "no PEM": {"tls": {"ca_pem_contents": "not a certificate"}},
    "an unknown TLS version": {"tls": {"min_version": "3.7"}},
    "an empty proxy": {"proxy": {"url": ""}},
    "a proxy of another kind": {"proxy": {"url": "ftp://127.0.0.1:1"}},
    "a header with a line end": {"headers": {"X-Evil": "a\r\nX-More: b"}},
    "a header without a name": {"headers": {"": "b"}},
}


@conformance("[CONN-1] [CONN-9] [CONN-14] [CONN-21] [CONN-24] [CONN-30] [SEC-1] settings that are wrong by themselves are FAILED at once", STATIC)
def wrong(stage, settings):
    old = begin(stage)
    stage.everything()
    since, other = old.now(), stage.another_server()
    fail(stage, b"wrong", **{"destination_endpoint": url(other, "wss" if "tls" in settings else "ws"), **settings})
    expect("no attempt was made", not other.connections)
    expect("on the connection that stands", len(old.connections) == 1 and not any(map(has("agent_disconnect"), old.messages(since))))


@conformance("[CONN-1] a failure is forgotten with the next good offer")
def good_after_bad(stage):
    begin(stage)
    fail(stage, b"bad", destination_endpoint="ftp://127.0.0.1/")
    new = stage.another_server()
    first = move(stage, new, b"good")
    expect(f"no error: {first}", not first.connection_settings_status.error_message)


@conformance("[CONN-10] a certificate that cannot be stored is refused")
def cannot_be_stored(stage):
    begin(stage)
    obstacle = stage.state / "agent" / "connection"  # a folder with something in it is not replaced, not even for root
    obstacle.mkdir()
    (obstacle / "x").touch()
    client = stage.authority().issue("client")
    new = stage.another_server(tls=stage.tls())
    fail(stage, b"certificate", destination_endpoint=url(new, "wss"), tls={"ca_pem_contents": stage.authority().pem},
         certificate={"cert": client.cert_pem().encode(), "private_key": client.key_pem().encode()})
    stage.everything()
    expect("not used", not new.reports)
    (obstacle / "x").unlink()
    obstacle.rmdir()


# --- repeated and partial offers


@conformance("[CONN-12] [CONN-13] the same hash again, and an offer without OpAMP settings, change nothing")
def repeated(stage):
    begin(stage)
    new = stage.another_server()
    move(stage, new, b"one")
    stage.everything(fs=new)
    connections = len(new.connections)
    again = settings_offer(b"one", opamp={"destination_endpoint": url(new), "headers": {"X": "y"}})
    new.push(again)
    new.push(settings_offer(b"two", own_metrics={"destination_endpoint": "http://127.0.0.1:1/v1/metrics"}))
    stage.everything(fs=new)
    expect("no new connection", len(new.connections) == connections and not any(map(has("agent_disconnect"), new.messages())))


@conformance("[CONN-2] an offer whose verification was interrupted is verified again", {"and is good": True, "and is not": False})
def interrupted(stage, becomes_good):
    old = begin(stage, server={"connection_settings": {"verify_timeout": "2s"}})
    new = stage.another_server()
    new.speaks = False
    old.push(settings_offer(b"candidate", opamp={"destination_endpoint": url(new)}))
    stage.wait_for("it is being verified", lambda: new.connections)
    stage.kill()
    new.speaks = becomes_good
    known, since = len(new.connections), old.now()
    stage.start()
    stage.wait_for("the candidate is tried first", lambda: len(new.connections) > known)
    if becomes_good:
        stage.wait_report("APPLIED", settings_status(APPLIED, b"candidate"), fs=new)
    else:
        stage.wait_report("FAILED", settings_status(FAILED, b"candidate"), since)


@conformance("[CONN-5] settings whose server takes the upgrade and then never speaks are given up", {"ws": "ws"})
def silent_after_upgrade(stage, scheme):
    old = begin(stage, server={"connection_settings": {"verify_timeout": "1s", "fallback_after": "1s"}})
    new = stage.another_server(answer=lambda report: None)
    since = old.now()
    old.push(settings_offer(b"mute", opamp={"destination_endpoint": url(new, scheme)}))
    stage.wait_for("it was tried", lambda: new.connections)
    stage.wait_for("accepted there, or FAILED here", lambda: new.reports or any(map(settings_status(FAILED, b"mute"), old.messages(since))))
    expect("the agent did not notice", is_alive(stage.pid()) and len(stage.starts()) == 1)


@conformance("[CONN-4] [CAP-6] without ReportsConnectionSettingsStatus nothing is said of settings, and they are used")
def no_status(stage):
    old = begin(stage, capabilities={"reports_connection_settings_status": False})
    new = stage.another_server()
    old.push(settings_offer(b"quiet", opamp={"destination_endpoint": url(new)}))
    stage.wait_report("the new server", is_full, fs=new)
    full = stage.everything(fs=new)
    expect("nor is it announced", not full.capabilities & REPORTS_SETTINGS_STATUS)
    expect("nothing", not any(message.HasField("connection_settings_status") for message in [*old.messages(), *new.messages()]))


if __name__ == "__main__":
    run()

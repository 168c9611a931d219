#!/usr/bin/python3
"""Groups UID, MSG and CAP: who speaks, how messages are numbered and compressed, and what each side may use of the other."""

import time
import uuid

import stage as stage_module  # noqa: F401  (finds tests/support)
import protocol
from protocol import (ACCEPTS_REMOTE_CONFIG, APPLIED, APPLYING, FAILED, S2A, config_status, hash_of, is_full, is_healthy, is_unhealthy,
                      parts, remote_config, settings_offer)
from rig import eventually, expect, is_alive
from stage import TRANSPORTS, run
from suite import conformance

NEW_UID = uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057")
CONFIG = "instrument: true\n"


def new_uid(uid=NEW_UID):
    return S2A(agent_identification={"new_instance_uid": uid.bytes})


# --- UID


@conformance("[UID-2] [UID-4] each agent makes a UUID of version 7 of its own")
def own_uids(stage):
    fs = stage.serve()
    before = time.time() * 1000
    agents = {f"agent{number}": {**stage.idle(), "config_path": f"effective{number}.yaml", "min_uptime": "50ms"} for number in range(8)}
    stage.configure(agents=agents)
    stage.start()
    stage.wait_for("a report of each", lambda: len({message.instance_uid for message in fs.messages()}) >= len(agents))
    after = time.time() * 1000
    uids = {uuid.UUID(bytes=message.instance_uid) for message in fs.messages()}
    expect(f"all differ: {uids}", len(uids) == len(agents))
    for uid in uids:
        expect(f"version 7 of the RFC's variant: {uid}", uid.version == 7 and uid.variant == uuid.RFC_4122)
        expect(f"made now: {uid}", before - 1 <= uid.int >> 80 <= after + 1)


@conformance("[UID-3] the uid stays through a new connection, a crash, a new config and a restart of the daemon")
def uid_stays(stage):
    fs = stage.begin()
    uid = fs.messages()[0].instance_uid
    fs.latest().reset()
    fs.wait_for_connection(2)
    stage.kill_agent()
    stage.apply(CONFIG)
    stage.stop()
    since = fs.now()
    stage.start()
    stage.wait_report("healthy again", is_healthy, since)
    expect("always the same", {message.instance_uid for message in fs.messages()} == {uid})


@conformance("[UID-7] a new uid is used from then on, also on the next connection and after a restart", TRANSPORTS)
def uid_is_replaced(stage, scheme):
    stage.scheme = scheme
    fs = stage.begin()
    since = fs.now()
    fs.push(new_uid())
    stage.wait_report("the new uid", lambda message: message.instance_uid == NEW_UID.bytes, since)
    position = next(index for index, message in enumerate(fs.messages()) if message.instance_uid == NEW_UID.bytes)
    fs.latest().reset()
    fs.wait_for_connection(2)
    stage.everything()
    stage.stop()
    restarted = fs.now()
    stage.start()
    stage.wait_report("healthy again", is_healthy, restarted)
    expect("always the new one", {message.instance_uid for message in fs.messages(position)} == {NEW_UID.bytes})


@conformance("[UID-7] a new uid that is none is refused, and the rest of the message is used",
             {"15 bytes": bytes(range(1, 16)), "17 bytes": bytes(range(17)), "no bytes": b"", "zeros": bytes(16)})
def bad_uid(stage, bytes_):
    fs = stage.begin()
    before = fs.messages()[0].instance_uid
    since = fs.now()
    fs.push(S2A(agent_identification={"new_instance_uid": bytes_}, flags=1))
    stage.wait_report("a full report", is_full, since)
    stage.everything()
    expect("the uid stays", {message.instance_uid for message in fs.messages()} == {before})


@conformance("[UID-8] a message for another uid is not acted upon, and one without a uid is")
def addressee(stage):
    fs = stage.begin()
    pid, other = stage.pid(), remote_config(CONFIG)
    other.instance_uid = NEW_UID.bytes
    other.command.SetInParent()
    fs.push(other)
    stage.everything()
    expect("nothing came of it", stage.pid() == pid and not stage.config.exists())
    since, nobody = fs.now(), remote_config(CONFIG)
    fs.latest().send(nobody)
    stage.wait_report("applied", config_status(APPLIED, hash_of(nobody)), since)


# --- MSG


@conformance("[MSG-1] numbers grow by one, over reports, quiet messages, new connections and the goodbye", TRANSPORTS)
def numbers(stage, scheme):
    stage.scheme = scheme
    fs = stage.begin(server={"heartbeat_interval": "100ms"})
    stage.apply(CONFIG)
    end = fs.latest().close if scheme == "ws" else fs.latest().reset  # after Close, all that was on its way is still read
    end()
    fs.wait_for_connection(2)
    since = fs.now()
    stage.wait_for("some quiet ones", lambda: fs.now() >= since + 3)
    stage.everything()
    stage.stop()
    eventually("the goodbye", lambda: fs.messages()[-1].HasField("agent_disconnect"))
    said = []
    for report in fs.reports:  # the identical message may come again where its fate was unknown
        if not said or said[-1].raw != report.raw:
            said.append(report)
    found = [report.message.sequence_num for report in said]
    expect(f"from the first to the last: {found}", found == list(range(found[0], found[0] + len(found))))


@conformance("[MSG-2] [MSG-3] [STAT-6] each part is said once, and again only when it has changed")
def parts_once(stage):
    fs = stage.begin(server={"heartbeat_interval": "100ms"})
    stage.everything()
    since = fs.now()
    stage.wait_for("five quiet ones", lambda: fs.now() >= since + 5)
    expect("nothing is repeated", not any(parts(message) for message in fs.messages(since)))
    stage.apply(CONFIG)
    changed = fs.messages(since)
    expect("the description has not changed", not any(map(is_full, changed)))
    expect("the effective config once", sum(message.HasField("effective_config") for message in changed) == 1)
    statuses = [message.remote_config_status.status for message in changed if message.HasField("remote_config_status")]
    expect(f"each status once: {statuses}", statuses == [APPLYING, APPLIED])
    stage.everything()
    since = fs.now()
    stage.kill_agent()
    stage.wait_report("the death", is_unhealthy, since)
    stage.wait_report("healthy again", is_healthy, since)
    expect("health alone", {part for message in fs.messages(since) for part in parts(message)} == {"health"})


@conformance("[MSG-2] [MSG-3] the status of connection settings is said once too")
def settings_status_once(stage):
    fs = stage.begin(server={"heartbeat_interval": "100ms"}, capabilities={"accepts_opamp_connection_settings": True})
    fs.push(settings_offer(opamp={"destination_endpoint": "ftp://nowhere"}))
    stage.wait_report("refused", protocol.settings_status(FAILED))
    stage.everything()
    since = fs.now()
    stage.wait_for("five quiet ones", lambda: fs.now() >= since + 5)
    expect("not repeated", not any(message.HasField("connection_settings_status") for message in fs.messages(since)))


@conformance("[MSG-5] everything in one message takes effect")
def everything_in_one(stage):
    fs = stage.begin()
    offer = remote_config(CONFIG)
    offer.flags = 1
    offer.agent_identification.new_instance_uid = NEW_UID.bytes
    since = fs.now()
    fs.push(offer)
    stage.wait_report("the config", config_status(APPLIED, hash_of(offer)), since)
    stage.wait_report("the full report", is_full, since)
    stage.wait_report("the uid", lambda message: message.instance_uid == NEW_UID.bytes, since)
    expect("the file", stage.config.read_text() == CONFIG)


@conformance("[MSG-6] [MSG-7] [CFG-7] an offer that is repeated in each answer is worked on once, and silence follows")
def repeats(stage):
    fs = stage.begin()
    offer = remote_config(CONFIG)
    offer.instance_uid = fs.messages()[0].instance_uid
    fs.answer = lambda report: [fs.acknowledge(report), offer, offer]
    since = fs.now()
    fs.push(offer)
    stage.wait_report("applied", config_status(APPLIED), since)
    stage.everything()
    said = fs.now()
    stage.everything()  # whatever its answers led to has come before
    expect(f"at rest: {fs.messages(said)}", fs.now() == said + 1)
    expect("one restart", len(stage.starts()) == 2)
    statuses = [message.remote_config_status.status for message in fs.messages(since) if message.HasField("remote_config_status")
                and not is_full(message)]
    expect(f"one after the other: {statuses}", statuses == [APPLYING, APPLIED])


# --- CAP


TOGGLES = {
    "reports_effective_config": (protocol.REPORTS_EFFECTIVE_CONFIG, "effective_config"),
    "reports_health": (protocol.REPORTS_HEALTH, "health"),
    "reports_remote_config": (protocol.REPORTS_REMOTE_CONFIG, "remote_config_status"),
}


@conformance("[CAP-6] [CFG-5] what is not announced is not reported, and what is, is", {name: name for name in TOGGLES})
def reporting_bits(stage, off):
    fs = stage.serve()
    stage.configure(capabilities={off: False})
    stage.start()
    stage.wait_until_healthy()
    full = stage.everything()
    for name, (bit, part) in TOGGLES.items():
        expect(f"{name}: {full}", bool(full.capabilities & bit) == full.HasField(part) == (name != off))
    fs.push(remote_config(CONFIG))
    stage.wait_for_event("config.applied")
    stage.everything()
    expect("nor after a change", not any(message.HasField(TOGGLES[off][1]) for message in fs.messages()))


OWN_TELEMETRY = ("reports_own_traces", "reports_own_metrics", "reports_own_logs")


@conformance("[CAP-3] [STAT-1] ReportsStatus is set with everything else off, and status is reported")
def status_always(stage):
    fs = stage.serve()
    off = {name: False for name in (*TOGGLES, "accepts_remote_config", "reports_heartbeat", "accepts_restart_command", *OWN_TELEMETRY)}
    stage.configure(capabilities=off)
    stage.start()
    message = stage.wait_report("a report", is_full)
    stage.wait_until_healthy()
    expect(f"that bit alone: {message.capabilities}", message.capabilities == protocol.REPORTS_STATUS)


UNACCEPTED = {
    "remote_config": ("accepts_remote_config", remote_config(CONFIG)),
    "command": ("accepts_restart_command", S2A(command={})),
    "opamp settings": ("accepts_opamp_connection_settings", settings_offer(opamp={"destination_endpoint": "ws://127.0.0.1:1/x"})),
    "own_metrics": ("reports_own_metrics", settings_offer(own_metrics={"destination_endpoint": "http://127.0.0.1:1/v1/metrics"})),
    "own_traces": ("reports_own_traces", settings_offer(own_traces={"destination_endpoint": "http://127.0.0.1:1/v1/traces"})),
    "own_logs": ("reports_own_logs", settings_offer(own_logs={"destination_endpoint": "http://127.0.0.1:1/v1/logs"})),
    "other connections": (None, settings_offer(other_connections={"db": {"destination_endpoint": "tcp://127.0.0.1:1"}})),
    "packages": (None, S2A(packages_available=protocol.pb.PackagesAvailable(
        packages={"": protocol.pb.PackageAvailable(version="2", hash=b"1")}, all_packages_hash=b"2"))),
}


@conformance("[CAP-5] [CFG-2] [CMD-3] what was not announced is ignored, and the rest of the message is used", UNACCEPTED)
def ignored_parts(stage, capability, order):
    fs = stage.begin(capabilities={capability: False} if capability else {})
    pid, since = stage.pid(), fs.now()
    both = S2A()
    both.CopyFrom(order)
    both.flags = 1
    fs.push(both)
    stage.wait_report("the rest is used", is_full, since)
    stage.everything()
    expect("the agent is left alone", stage.pid() == pid and is_alive(pid) and len(stage.starts()) == 1)
    expect("no file is written", not stage.config.exists())
    expect("nothing is said of it", not any(message.remote_config_status.status or message.connection_settings_status.status
                                           or message.HasField("package_statuses") for message in fs.messages(since)))
    expect("no error", not [event for event in stage.events() if event["level"] in ("error", "warning")])
    expect("the connection stays", len(fs.connections) == 1)


@conformance("[CAP-7] [CAP-9] a server that takes nothing but status gets nothing else, and that is no trouble", TRANSPORTS)
def modest_server(stage, scheme):
    stage.scheme = scheme
    stage.serve(capabilities=protocol.SERVER_STATUS)
    fs = stage.begin(server={"heartbeat_interval": "100ms"})
    since = fs.now()
    stage.apply(CONFIG)
    later = fs.now()
    stage.wait_for("ten quiet ones", lambda: fs.now() >= later + 10)
    forbidden = {"effective_config", "package_statuses", "connection_settings_request"}
    expect("none of it", not any(parts(message) & forbidden for message in fs.messages(since)))
    full = stage.everything()
    expect(f"nor in a full report: {parts(full)}", not parts(full) & forbidden)
    expect("no trouble", len(stage.starts()) == 2 and not [event for event in stage.events() if event["level"] in ("error", "warning")])


@conformance("[CAP-8] capabilities that are not repeated are kept")
def not_repeated(stage):
    fs = stage.begin()
    fs.capabilities = 0
    stage.everything()
    since = fs.now()
    stage.apply(CONFIG)
    expect("effective config is reported", any(message.HasField("effective_config") for message in fs.messages(since)))


@conformance("[CAP-8] a server that never announces any is told everything")
def never_announced(stage):
    fs = stage.serve(capabilities=0)
    stage.begin()
    since = fs.now()
    stage.apply(CONFIG)
    expect("effective config is reported", any(message.HasField("effective_config") for message in fs.messages(since)))


@conformance("[CFG-1] [HB-1] what can be done is announced, and what is switched off is not")
def announced(stage):
    fs = stage.begin()
    on = fs.messages()[0].capabilities
    expect(f"{on:#x}", on & ACCEPTS_REMOTE_CONFIG and on & protocol.REPORTS_HEARTBEAT and on & protocol.REPORTS_EFFECTIVE_CONFIG)
    expect("what needs the operator's word is off", not on & (protocol.ACCEPTS_OPAMP_SETTINGS | protocol.ACCEPTS_OTHER_SETTINGS
                                                              | protocol.ACCEPTS_PACKAGES))
    stage.stop()
    since = fs.now()
    stage.configure(capabilities={"accepts_remote_config": False})
    stage.start()
    off = stage.wait_report("a report", is_full, since).capabilities
    expect(f"{off:#x}", not off & ACCEPTS_REMOTE_CONFIG)


if __name__ == "__main__":
    run()

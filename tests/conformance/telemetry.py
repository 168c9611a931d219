"""Offers of destinations for own telemetry: made, and what became of them."""

import itertools
import os
import signal

from protocol import APPLIED, FAILED, S2A, settings_offer, settings_status
from rig import expect
from scene import merged

SIGNALS = ("traces", "metrics", "logs")
OFTEN = "200ms"  # between two exports of metrics where a test waits for one
_numbers = itertools.count(1)


def begin(stage, agent=None, **sections):
    return stage.begin(agent, **merged({"telemetry": {"metrics": {"interval": OFTEN}}}, sections))


def to(sink, *signals, **more):
    """The kinds of an offer that leads these signals, or all of them, to `sink`."""
    return {f"own_{signal}": {"destination_endpoint": sink.url(signal), **more} for signal in signals or SIGNALS}


def accept(stage, offer_hash=b"telemetry", **kinds):
    """Offers it and waits for the good news."""
    since = stage.fs.now()
    stage.fs.push(settings_offer(offer_hash, **kinds))
    return stage.wait_report("APPLIED", settings_status(APPLIED, offer_hash), since)


def refuse(stage, offer_hash=b"telemetry", **kinds):
    """Offers what is refused; the message that says so."""
    since = stage.fs.now()
    stage.fs.push(settings_offer(offer_hash, **kinds))
    failed = stage.wait_report("FAILED", settings_status(FAILED, offer_hash), since)
    expect(f"with the reason: {failed}", failed.connection_settings_status.error_message)
    return failed


def accepted(sink, signal):
    return sink.counts()["signals"][signal]["accepted"]


def is_told(stage, where):
    """Something happens to the agent; of it each of `where`, {signal: sink}, hears. The trace and the hash of what happened."""
    of_config = rollout(stage)
    before = accepted(where["metrics"], "metrics") if "metrics" in where else None
    root = None
    if "traces" in where:
        root = stage.wait_for("the rollout as a trace", lambda: root_of(where["traces"], of_config))
    if "logs" in where:
        stage.wait_for("the rollout in log records", lambda: is_logged(where["logs"], of_config))
    if "metrics" in where:
        stage.wait_for("metrics", lambda: accepted(where["metrics"], "metrics") > before)
    return root, of_config


def goes_on(stage, sink, *signals):
    """They all arrive there."""
    return is_told(stage, {signal: sink for signal in signals or SIGNALS})


def rollout(stage):
    """The hash of a config that has just been applied."""
    return stage.apply(f"step: {next(_numbers)}\n").remote_config_status.last_remote_config_hash.hex()


def root_of(sink, of_config):
    """The span of its rollout, if that has come."""
    return next((span for span in sink.spans("rollout") if span["attributes"]["opamp.remote_config.hash"] == of_config), None)


def is_logged(sink, of_config):
    """opampd's log has a part of the hash."""
    return any(of_config.startswith(record["attributes"]["hash"]) for record in sink.logs("config.applied"))


def reread(stage, fate="settings.reloaded"):
    """The settings, by SIGHUP: the event that says what became of them."""
    count = len(stage.events(fate))
    os.kill(stage.daemon.pid, signal.SIGHUP)
    return stage.wait_for_event(fate, count + 1)


def bare(stage):
    """A ServerToAgent without anything: ten of them, and the agent has read them."""
    for _ in range(10):
        stage.fs.push(S2A())
    stage.everything()

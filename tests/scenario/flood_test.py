#!/usr/bin/python3
"""More than anybody can use: offers and frames as fast as the socket takes them."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))
import stage as stage_module  # noqa: E402, F401  (finds tests/support)
from protocol import APPLIED, FAILED, config_status, flagged, hash_of, is_full, remote_config  # noqa: E402
from rig import expect  # noqa: E402
from stage import FRUGAL, QUICK, run  # noqa: E402
from suite import scenario, scenario_for  # noqa: E402
from websocket import BINARY, CONTINUATION, PING, PONG, frame  # noqa: E402

KIB = 1024
MANY = 10000


def begin(stage):
    return stage.begin(stage.idle() | QUICK, FRUGAL)


def large(yaml):
    """Some KiB: what many of them cost is seen."""
    return yaml + "# " + "x" * 10 * KIB + "\n"


def flood(stage, offers):
    """All at once: as fast as the socket takes them."""
    uid = stage.fs.reports[-1].message.instance_uid
    for offer in offers:
        offer.instance_uid = uid
    stage.fs.latest().raw(b"".join(frame(BINARY, b"\0" + offer.SerializeToString()) for offer in offers))


@scenario
def same_offer_ten_thousand_times_is_one_offer(stage):
    fs = begin(stage)
    before = stage.resident()
    offer = remote_config(large("number: 1\n"))
    since = fs.now()
    flood(stage, [offer] * MANY)
    stage.wait_report("APPLIED", config_status(APPLIED, hash_of(offer)), since)
    stage.apply("number: 2\n")  # which comes after all of them
    stage.memory_is_bounded(before)
    expect(f"one start for each config: {stage.starts()}", len(stage.starts()) == 3)
    expect("on the connection that stood", len(fs.connections) == 1)
    fates = [message.remote_config_status.status for message in fs.messages(since) if message.HasField("remote_config_status")]
    expect(f"told once: {fates}", len(fates) <= 4 and FAILED not in fates)


@scenario
def ten_thousand_offers_end_with_the_last(stage):
    fs = begin(stage)
    before = stage.resident()
    offers = [remote_config(large(f"number: {number}\n")) for number in range(MANY)]
    since = fs.now()
    flood(stage, offers)
    stage.wait_report("the last is APPLIED", config_status(APPLIED, hash_of(offers[-1])), since)
    stage.memory_is_bounded(before)
    expect("the file", stage.config.read_text() == large(f"number: {MANY - 1}\n"))
    expect(f"few were tried: {len(stage.starts())}", len(stage.starts()) < MANY / 10)
    expect("none failed", not any(map(config_status(FAILED), fs.messages())))
    starts = len(stage.starts())
    stage.apply("number: last\n")
    expect("nothing was left to be tried", len(stage.starts()) == starts + 1)


@scenario_for({"pings": frame(PING, b"anyone?"), "pings without a word": frame(PING), "pongs": frame(PONG, b"here"),
               "header alone": frame(BINARY, b"\0"), "questions for everything": frame(BINARY, b"\0" + flagged().SerializeToString())})
def frames_that_come_by_the_thousand_do_no_harm(stage, one):
    fs = begin(stage)
    before = stage.resident()
    fs.latest().raw(one * MANY)
    stage.heal()
    stage.apply("instrument: true\n")
    stage.memory_is_bounded(before)
    expect("on the connection that stood", len(fs.connections) == 1)


@scenario
def message_in_fragments_without_content_is_a_message_when_it_ends(stage):
    fs = begin(stage)
    before, first = stage.resident(), fs.latest()
    fs.answer = lambda report: None  # nothing may come between two fragments
    first.raw(frame(BINARY, b"\0", is_last=False))
    for _ in range(5):
        first.raw(frame(CONTINUATION, is_last=False) * 20 * MANY)
        stage.heal()
    stage.memory_is_bounded(before)
    since = fs.now()
    first.raw(frame(CONTINUATION, flagged().SerializeToString()))
    stage.wait_report("a full report", is_full, since)
    expect("on the connection that stood", len(fs.connections) == 1)


if __name__ == "__main__":
    run()

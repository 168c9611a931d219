#!/usr/bin/python3
"""Sampler and destination of the demo service change a thousand times under load: what was sampled arrives, once."""

import collections
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from demo_service import DemoService, Load  # noqa: E402
from rig import eventually, expect  # noqa: E402
from suite import main, scenario  # noqa: E402

CHANGES = 1000
VISITORS = 4
REQUESTS = 2  # of each visitor, for each change
SAMPLERS = [{"type": "always_on"}, {"type": "traceidratio", "ratio": 0.3}, {"type": "rate_limited", "per_second": 200},
            {"type": "always_off"}, {"type": "parentbased_traceidratio", "ratio": 0.5}]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLERS = [{}, {}, {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, {}, {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-00"}]


def settings(sink, sampler, number=0):
    """Of the change of that number; the headers and the compression change with it, so that each is another destination."""
    otlp = {"endpoint": f"http://127.0.0.1:{sink.port}", "headers": {"x-change": str(number)},
            "compression": "none" if number % 3 == 0 else "gzip"}
    return {"instrument": number % 11 != 10, "sampler": sampler, "exporter": {"console": number % 2 == 0, "otlp": otlp}}


class Changes:
    """A service under load, whose config is changed step by step."""

    def __init__(self, scene, first):
        self.service = DemoService(scene, **first)
        self.loads = [Load(self.service.port, CALLERS[i:] + CALLERS[:i]) for i in range(VISITORS)]
        self.observer = self.service.observer
        self.count = 0

    def to(self, config):
        """In force when this returns, while requests are under way."""
        for load in self.loads:
            load.allow(REQUESTS)
        self.service.write(config)
        self.service.hang_up()
        self.count += 1
        eventually("the settings are taken", lambda: self.observer.in_force()["updates"] == str(self.count), pause=0)

    def end(self):
        """The spans that were sampled, by what the responses said."""
        for load in self.loads:
            load.end(self.count * REQUESTS)
        self.service.program.runs()
        expect("the process is the same", f"pid: {self.service.pid}\n" in self.observer.ask("/").text)
        expect("no update failed", self.observer.in_force()["failed_updates"] == "0")
        return [span for visitor in [self.observer, *(load.visitor for load in self.loads)] for span in visitor.sampled]


def arrived(sinks):
    return collections.Counter(span["span_id"] for sink in sinks for span in sink.spans())


def expect_all_once(sinks, sampled):
    expect("no two spans have one ID", len(set(sampled)) == len(sampled))
    found = arrived(sinks)
    twice = [span for span, times in found.items() if times > 1]
    expect(f"none came twice: {twice[:5]}", not twice)
    lost, strange = set(sampled) - set(found), set(found) - set(sampled)
    expect(f"none is lost: {len(lost)} of {len(sampled)}", not lost)
    expect(f"none came that was not sampled: {len(strange)}", not strange)
    for sink in sinks:
        expect(f"OTLP as it should be: {sink.problems()[:3]}", not sink.problems())


def expect_updates_counted(sinks, updates):
    points = [point for sink in sinks for point in sink.points("demo.config.updates")]
    last = max(points, key=lambda point: point["time"])
    expect(f"the metric counts the updates: {last}", last["value"] == updates and last["attributes"] == {"result": "ok"})
    expect("as a sum", last["type"] == "sum" and last["monotonic"] and last["unit"] == "{update}")


@scenario
def a_thousand_changes_of_sampler_and_destination_lose_no_span_and_send_none_twice(scene):
    sinks = [scene.sink(), scene.sink()]
    changes = Changes(scene, settings(sinks[0], SAMPLERS[0]))
    for number in range(CHANGES):
        changes.to(settings(sinks[number // 3 % 2], SAMPLERS[number % len(SAMPLERS)], number))
    sampled = changes.end()
    changes.service.end_well()
    requests = CHANGES * REQUESTS * VISITORS
    expect(f"some were sampled, not all: {len(sampled)} of {requests}", requests / 10 < len(sampled) < requests * 9 / 10)
    expect("both had some", all(sink.spans() for sink in sinks))
    expect_all_once(sinks, sampled)
    expect_updates_counted(sinks, CHANGES)


@scenario
def a_destination_that_is_away_for_a_while_costs_no_span(scene):
    away, well = scene.sink(), scene.sink()
    changes = Changes(scene, settings(well, SAMPLERS[0]))
    away.behave(status=503, retry_after="1", times=-1)
    for number in range(40):  # what is refused stays for the next destination
        changes.to(settings((away, well)[number // 4 % 2], SAMPLERS[number % len(SAMPLERS)], number))
    while_it_is_away = settings(away, SAMPLERS[0])
    for _ in range(10):  # and where there is no other, until this one is back
        changes.to(while_it_is_away)
    eventually("it refuses some", lambda: any(one["status"] == 503 for one in away.requests("traces")))
    expect("and got none", not away.spans())
    away.behave_well()
    changes.to(while_it_is_away)
    sampled = changes.end()
    eventually("all have arrived", lambda: sum(arrived([away, well]).values()) >= len(sampled))
    changes.service.end_well()
    expect_all_once([away, well], sampled)


if __name__ == "__main__":
    main()

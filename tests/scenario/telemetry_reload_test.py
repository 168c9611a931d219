#!/usr/bin/python3
"""Where telemetry goes and what is recorded, changed and looked at while opampd runs: SIGHUP and opampctl."""

import base64
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from ctl import NOT_FOUND, REFUSED, USAGE, asked, await_answers, ctl  # noqa: E402
from peer import offered_hash, status_is  # noqa: E402
from rig import expect, free_port  # noqa: E402
from suite import main, scenario, scenario_for  # noqa: E402

STAGING = ("offer.receive", "config.policy", "config.compose", "config.validate", "config.stage")
CHANGE = ("agent.stop", "agent.start", "agent.gate", "config.commit", "config.report")
TREE = {"rollout": None, **{name: "rollout" for name in (*STAGING, *CHANGE)}}


def begin(scene, **telemetry):
    scene.begin(scene.probed(), telemetry=telemetry)
    await_answers(scene)


def reconfigure(scene, agent=None, **sections):
    scene.configure({**scene.probed(), **(agent or {})}, **sections)


def by_signal(scene):
    count = len(scene.events("settings.reloaded"))
    os.kill(scene.daemon.pid, signal.SIGHUP)
    scene.wait_for_event("settings.reloaded", count + 1)


def by_opampctl(scene):
    done = asked(scene, "reload")
    expect(f"all counts: {done}", done["at_next_start"] == [] and "telemetry" in done["done"] and "note" not in done)


def rollouts(*sinks):
    """How often each offer's root has come, by the offer's hash."""
    found = {}
    for sink in sinks:
        for span in sink.spans("rollout"):
            digest = span["attributes"]["opamp.remote_config.hash"]
            found[digest] = found.get(digest, 0) + 1
    return found


def hex_hash(yaml):
    return offered_hash(yaml).hex()


def telemetry_of(scene):
    agent, = asked(scene, "telemetry")["telemetry"]
    return agent


def signals_of(scene):
    return {signal["signal"]: signal for signal in telemetry_of(scene)["signals"]}


# --- the settings file, read again ---------------------------------------------------------------------------------------------

@scenario_for({"SIGHUP": by_signal, "opampctl reload": by_opampctl})
def destination_changes_and_no_span_is_lost(scene, reload):
    sinks = scene.sink(), scene.sink()
    begin(scene, endpoint=sinks[0].base_url)
    offers = [f"good: {number}\n" for number in range(8)]
    for number, yaml in enumerate(offers):
        scene.offer(yaml)
        reconfigure(scene, telemetry={"endpoint": sinks[(number + 1) % 2].base_url})
        reload(scene)
    wanted = {hex_hash(yaml): 1 for yaml in offers}
    scene.wait_for("each rollout", lambda: set(rollouts(*sinks)) == set(wanted))
    for number, sink in enumerate(sinks):  # each has its turn, however the batches fell before
        reconfigure(scene, telemetry={"endpoint": sink.base_url})
        reload(scene)
        yaml = f"last: {number}\n"
        scene.offer(yaml)
        wanted[hex_hash(yaml)] = 1
        scene.wait_for("its rollout", lambda: hex_hash(yaml) in rollouts(sink))
    scene.stop()
    expect(f"each once: {rollouts(*sinks)}", rollouts(*sinks) == wanted)
    for sink in sinks:
        expect("no problem", not sink.problems() and sink.counts()["span_ids"]["repeated"] == 0)
    expect("the daemon was the same all the time", len(scene.events("daemon.started")) == 1)


@scenario
def mistakes_in_the_file_leave_everything_as_it_was(scene):
    sink = scene.sink()
    begin(scene, endpoint=sink.base_url, traces={"sampler": "always_on"})
    before = telemetry_of(scene)["sampler"], {name: one["endpoint"] for name, one in signals_of(scene).items()}
    reconfigure(scene, telemetry={"endpoint": "ftp://nowhere", "traces": {"sampler": "sometimes"}})
    refused = ctl(scene, "reload", code=REFUSED)
    lines = refused.stderr.splitlines()
    expect(f"every mistake, with its place: {lines}", len(lines) == 3 and lines[2].startswith("opampctl: the settings file has 2 mistakes")
           and all(line.startswith("supervisor.yaml:") for line in lines[:2]))
    expect(f"each by its key: {lines}", "telemetry.endpoint" in lines[0] and "telemetry.traces.sampler" in lines[1])
    document = asked(scene, "reload", code=REFUSED)
    expect(f"the same for programs: {document}", document["problems"] == lines[:2] and document["error"]["kind"] == "refused")
    count = len(scene.events("settings.reload_failed"))
    os.kill(scene.daemon.pid, signal.SIGHUP)
    told = scene.wait_for_event("settings.reload_failed", count + 1, mistakes=2)
    expect(f"in the log: {told}", "telemetry.endpoint" in told["error"])
    (scene.folder / "supervisor.yaml").unlink()
    gone = ctl(scene, "reload", code=REFUSED)
    expect(f"a file that is gone: {gone.stderr}", "supervisor.yaml" in gone.stderr)
    expect("as it was", before == (telemetry_of(scene)["sampler"], {name: one["endpoint"] for name, one in signals_of(scene).items()}))
    scene.offer("good: 1\n")
    scene.wait_for("its rollout", lambda: hex_hash("good: 1\n") in rollouts(sink))


@scenario
def what_waits_for_the_next_start_is_named(scene):
    begin(scene)
    reconfigure(scene, {"stop_timeout": "3s"}, healthcheck={"endpoint": f"127.0.0.1:{free_port()}"}, server={"headers": {"A": "hunter2"}})
    done = ctl(scene, "reload")
    expect(f"by its key: {done.stderr}", "next start" in done.stderr and "server.headers, healthcheck.endpoint, agent.stop_timeout" in done.stderr)
    expect("no value", "hunter2" not in done.stdout + done.stderr)
    document = asked(scene, "reload")
    expect(f"for programs: {document}", document["at_next_start"] == ["server.headers", "healthcheck.endpoint", "agent.stop_timeout"])
    told = scene.wait_for_event("settings.reloaded")
    expect(f"in the log: {told}", "agent.stop_timeout" in told["at_next_start"])
    expect("whose order it was", scene.events("operator.reload"))
    expect("nothing listens yet", not scene.events("healthcheck.opened"))
    scene.stop()
    scene.start()
    scene.wait_for_event("healthcheck.opened")
    await_answers(scene)
    expect("nothing waits any more", asked(scene, "reload")["at_next_start"] == [])


# --- the sampler ---------------------------------------------------------------------------------------------------------------

@scenario
def sampler_stops_new_traces_and_leaves_the_running_one_whole(scene):
    sink = scene.sink()
    begin(scene, endpoint=sink.base_url)
    scene.folder.joinpath("sick").touch()
    starts = len(scene.starts())
    since = scene.peer.now()
    scene.peer.offer("good: 1\n")
    scene.wait_for_starts(starts + 1)  # it waits at the gate
    done = ctl(scene, "telemetry", "sampler", "agent", "always_off")
    expect(f"it says so: {done.stdout}", "always_off" in done.stdout and done.stderr == "")
    expect("and shows it", telemetry_of(scene)["sampler"] == "always_off" and not telemetry_of(scene)["sampler_of_settings"])
    expect("whose order it was", scene.wait_for_event("operator.sampler", agent="agent", sampler="always_off"))
    scene.folder.joinpath("sick").unlink()
    scene.wait_for_message("APPLIED", status_is("APPLIED", offered_hash("good: 1\n")), since)
    root = scene.wait_for("the running rollout", lambda: [one for one in sink.spans("rollout")
                                                          if one["attributes"]["opamp.remote_config.hash"] == hex_hash("good: 1\n")])[0]
    expect(f"is whole: {sink.tree(root['trace_id'])}", sink.tree(root["trace_id"]) == TREE)
    scene.offer("good: 2\n")
    ctl(scene, "telemetry", "sampler", "agent", "parentbased_traceidratio", "1")
    expect("with its number", telemetry_of(scene)["sampler"] == "parentbased_traceidratio 1")
    scene.offer("good: 3\n")
    scene.wait_for("the third", lambda: hex_hash("good: 3\n") in rollouts(sink))
    expect(f"the second was not recorded: {rollouts(sink)}", hex_hash("good: 2\n") not in rollouts(sink))
    ctl(scene, "reload")
    expect("until the next reload", telemetry_of(scene)["sampler"] == "parentbased_always_on" and telemetry_of(scene)["sampler_of_settings"])


@scenario
def sampler_that_is_none_is_refused(scene):
    begin(scene)
    refused = ctl(scene, "telemetry", "sampler", "agent", "sometimes", code=USAGE)
    expect(f"with those there are: {refused.stderr}", "'sometimes'" in refused.stderr and "rate_limited" in refused.stderr)
    ctl(scene, "telemetry", "sampler", "agent", "traceidratio", "7", code=USAGE)
    ctl(scene, "telemetry", "sampler", "other", "always_on", code=NOT_FOUND)
    expect("as it was", telemetry_of(scene)["sampler"] == "parentbased_always_on")
    done = ctl(scene, "telemetry", "sampler", "agent", "always_off")
    expect(f"it goes nowhere: {done.stderr}", "go nowhere" in done.stderr)


# --- looking -------------------------------------------------------------------------------------------------------------------

@scenario
def telemetry_is_shown_with_whose_word_it_is_and_without_secrets(scene):
    sink = scene.sink()
    begin(scene, endpoint=sink.base_url, headers={"Authorization": "Bearer hunter2"},
          logs={"endpoint": sink.url("logs") + "?token=hunter2"})
    settings = {"hash": base64.b64encode(b"one").decode(), "own_traces": {"destination_endpoint": sink.url("traces")}}
    scene.peer.order(settings=settings)
    scene.wait_for_event("own_telemetry.accepted", signal="traces")
    scene.offer("good: 1\n")
    scene.wait_for("it is sent", lambda: signals_of(scene)["traces"]["exported"] >= len(TREE) and signals_of(scene)["logs"]["exported"])
    signals = signals_of(scene)
    expect(f"whose word: {signals}", {name: one["origin"] for name, one in signals.items()}
           == {"traces": "server", "metrics": "settings", "logs": "settings"})
    expect(f"where to: {signals}", all(one["endpoint"] == sink.url(name) for name, one in signals.items()))
    text = ctl(scene, "telemetry", "agent").stdout
    expect(f"for people: {text}", text.startswith("AGENT") and sink.url("traces") in text and "parentbased_always_on" in text)
    everything = text + ctl(scene, "telemetry", "--json").stdout + ctl(scene, "telemetry").stdout
    expect("no secret", "hunter2" not in everything)
    ctl(scene, "telemetry", "other", code=NOT_FOUND)


@scenario
def what_a_receiver_does_not_take_is_shown(scene):
    sink = scene.sink()
    sink.behave(status=400, message="not like that", times=-1, signal="traces")
    begin(scene, endpoint=sink.base_url, metrics={"endpoint": f"http://127.0.0.1:{free_port()}/v1/metrics", "interval": "100ms"})
    shown = scene.wait_for("the troubles", lambda: (now := signals_of(scene))["traces"]["rejected"] and now["metrics"]["given_up"] and now)
    expect(f"a refusal: {shown}", "400: not like that" in shown["traces"]["trouble"] and shown["traces"]["failing"] and shown["traces"]["trouble_at"])
    expect(f"nobody there: {shown}", "refused" in shown["metrics"]["trouble"] and shown["metrics"]["failing"])
    text = ctl(scene, "telemetry").stdout
    expect(f"for people: {text}", "agent: traces are not taken at " in text and "agent: metrics are not taken at " in text)
    sink.behave_well()
    scene.offer("good: 1\n")
    after = scene.wait_for("it works again", lambda: (now := signals_of(scene)["traces"])["exported"] and now)
    expect(f"the last trouble is known: {after}", not after["failing"] and "not like that" in after["trouble"])
    expect("and is of the past", "agent: traces were not taken at " in ctl(scene, "telemetry").stdout)


@scenario
def without_a_receiver_there_is_nothing_to_show_but_the_sampler(scene):
    begin(scene)
    shown = telemetry_of(scene)
    expect(f"nowhere: {shown}", all(one["endpoint"] == one["origin"] == one["trouble"] == "" and one["exported"] == 0 for one in shown["signals"]))
    expect(f"the sampler: {shown}", shown["sampler"] == "parentbased_always_on" and shown["sampler_of_settings"])


if __name__ == "__main__":
    main()

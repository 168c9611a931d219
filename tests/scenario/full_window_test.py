#!/usr/bin/python3
"""A server that stops reading while there is much to say: nothing of it is the agent's trouble, and it costs no more memory."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))
import stage as stage_module  # noqa: E402, F401  (finds tests/support)
from protocol import APPLIED, S2A, is_full, is_healthy, remote_config, settings_offer, settings_status  # noqa: E402
from rig import expect  # noqa: E402
from sockets import sending_of_peer  # noqa: E402
from stage import FRUGAL, QUICK, TRANSPORTS, run  # noqa: E402
from suite import scenario, scenario_for  # noqa: E402

MIB = 1024 * 1024
LARGE = "# " + "x" * 16 * MIB + "\n"  # more than the kernel keeps of a connection


def has_all_of_it(message):
    return any(file.body == LARGE.encode() for file in message.effective_config.config_map.config_map.values())


def fill_the_window(stage, **sections):
    """The connection on which the server has stopped to read, and the effective config is under way."""
    agent = {**stage.idle(), **QUICK, "config_format": "raw"}
    fs = stage.begin(agent, FRUGAL, server={"heartbeat_interval": "100ms"}, **sections)
    connection, offer = fs.latest(), remote_config(LARGE)

    def last_answer(report):
        fs.answer = fs.acknowledge
        if connection.transport == "ws":
            connection.reads.clear()
        offer.instance_uid = report.message.instance_uid
        return offer
    fs.longest_body = MIB
    fs.answer = last_answer
    stage.wait_for("the agent runs with it", lambda: stage.config.exists() and stage.config.stat().st_size == len(LARGE))
    stage.wait_for("a window that is full", lambda: sending_of_peer(connection).probes_window)
    return connection


@scenario_for(TRANSPORTS)
def agent_is_healed_meanwhile_and_the_server_learns_of_it_when_it_reads_again(stage, scheme):
    stage.scheme = scheme
    connection = fill_the_window(stage)
    before = stage.resident()
    for _ in range(5):
        stage.heal()
    stage.memory_is_bounded(before)
    stage.wait_for("the window is full as before", lambda: sending_of_peer(connection).probes_window)
    expect("the connection stands", not stage.events("server.disconnected"))
    pid, since = stage.pid(), stage.fs.now()
    stage.fs.longest_body = None
    connection.reads.set()
    stage.wait_report("all that was under way", has_all_of_it, since)
    stage.wait_report("the last state", is_healthy, since)
    stage.everything()
    expect("one connection, and an agent that was left alone", len(stage.fs.connections) == 1 and stage.pid() == pid)


@scenario
def orders_of_the_server_still_count(stage):
    connection = fill_the_window(stage)
    starts = len(stage.starts())
    stage.fs.push(S2A(command={"type": 0}))
    stage.wait_for_starts(starts + 1)
    stage.wait_for("the window is full as before", lambda: sending_of_peer(connection).probes_window)


@scenario
def connection_that_breaks_then_is_made_again_and_all_is_said(stage):
    connection = fill_the_window(stage)
    since = stage.fs.now()
    connection.reset()
    stage.wait_report("a full report on another", lambda message: is_full(message) and has_all_of_it(message), since)


@scenario_for(TRANSPORTS)
def stop_has_an_end(stage, scheme):
    stage.scheme = scheme
    fill_the_window(stage)
    stage.stop()


@scenario
def server_can_be_left_for_another(stage):
    connection = fill_the_window(stage, capabilities={"accepts_opamp_connection_settings": True})
    new = stage.another_server()
    stage.fs.push(settings_offer(b"elsewhere", opamp={"destination_endpoint": f"ws://127.0.0.1:{new.port}/v1/opamp"}))
    stage.wait_report("APPLIED there", settings_status(APPLIED, b"elsewhere"), fs=new)
    stage.wait_report("all that was not said here", has_all_of_it, fs=new)
    expect("nothing more was read here", not connection.reads.is_set())


if __name__ == "__main__":
    run()

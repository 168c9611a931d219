#!/usr/bin/python3
"""Where the server wants the agent's own telemetry, on its way to the agent: by variables, by a file, or not at all."""

import base64
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from certificates import Authority  # noqa: E402
from ctl import asked, ctl  # noqa: E402
from peer import health_is, settings_status_is  # noqa: E402
from rig import expect, free_port, is_alive  # noqa: E402
from scene import merged  # noqa: E402
from suite import main, scenario, scenario_for  # noqa: E402

REPORTS = {"capabilities": {"reports_own_traces": True, "reports_own_metrics": True, "reports_own_logs": True}}
SECRET = "s3cret-of-the-backend"
ENDPOINT, HEADERS, CA = (f"OTEL_EXPORTER_OTLP_TRACES_{what}" for what in ("ENDPOINT", "HEADERS", "CERTIFICATE"))


def agent(scene, **more):
    """Healthy once it has written what it was told; see tests/agents/told.py."""
    return merged({"executable": scene.agent("told.py"), "args": [str(scene.service_port)], "health": scene.probe("/"), "env": {"MINE": "1"}}, more)


def begin(scene, **more):
    scene.begin(agent(scene, **more), **REPORTS)


def destination(path="/v1/traces"):
    """Where nobody listens: that is no reason to refuse it."""
    return f"http://127.0.0.1:{free_port()}{path}"


def order(scene, number, **offers):
    of = b"settings %d" % number
    scene.peer.order(settings={"hash": base64.b64encode(of).decode(), **offers})
    return of


def offer(scene, number, expected="APPLIED", **offers):
    since = scene.peer.now()
    of = order(scene, number, **offers)
    return scene.wait_for_message(expected, settings_status_is(expected, of), since)


def traces(endpoint, ca=None, **headers):
    return {"destination_endpoint": endpoint, **({"tls": {"ca_pem_contents": ca}} if ca else {}),
            "headers": {"headers": [{"key": key.replace("_", "-"), "value": value} for key, value in headers.items()]}}


def told(scene):
    return json.loads((scene.folder / "told.json").read_text())


def no_secret_is_logged(scene):
    for file in (scene.daemon_log, scene.daemon_output, scene.state / "agent" / "agent.log"):
        expect(f"no secret in {file.name}", not file.exists() or SECRET not in file.read_text(errors="replace"))


@scenario
def offers_are_variables_of_the_agent_from_the_next_start_on(scene):
    begin(scene)
    expect("nothing at first", ENDPOINT not in told(scene))
    first, second = destination(), destination()
    ca = Authority(scene.folder).pem
    offer(scene, 1, own_traces=traces(first, ca, Authorization=f"Bearer {SECRET}"))
    expect("it was restarted", len(scene.starts()) == 2)
    expect("for the endpoint", told(scene)[ENDPOINT] == first)
    expect("with headers", told(scene)[HEADERS] == f"Authorization=Bearer%20{SECRET}")
    expect("and the CA", pathlib.Path(told(scene)[CA]).read_text() == ca)
    expect("and who it is", "service.instance.id=" in told(scene)["OTEL_RESOURCE_ATTRIBUTES"])
    offer(scene, 2, own_traces=traces(second), own_logs=traces(destination("/v1/logs")))
    expect("a second offer", told(scene)[ENDPOINT] == second and HEADERS not in told(scene))
    expect("TLS settings stay where an offer has none", pathlib.Path(told(scene)[CA]).read_text() == ca)
    expect("of two signals", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT" in told(scene) and len(scene.starts()) == 3)
    offer(scene, 3, own_traces=traces(second))
    expect("nothing new is no restart", len(scene.starts()) == 3)
    no_secret_is_logged(scene)


@scenario
def agent_that_dies_of_an_offer_is_rolled_back_and_the_server_told(scene):
    begin(scene)
    first = destination()
    offer(scene, 1, own_traces=traces(first))
    since = scene.peer.now()
    failed = offer(scene, 2, "FAILED", own_traces=traces(destination("/bad"), x_key=SECRET))
    reason = failed["connection_settings_status"]["error_message"]
    expect(f"why: {reason}", "exit code 1" in reason and "no such exporter" in reason)
    scene.wait_for_message("a healthy agent", health_is(True), since)
    expect("it has what it had", told(scene)[ENDPOINT] == first)
    scene.offer("good: 1\n")
    expect("also with a config that comes later", told(scene)[ENDPOINT] == first)
    no_secret_is_logged(scene)


@scenario
def config_that_comes_later_keeps_the_variables_and_so_does_the_way_back_from_it(scene):
    begin(scene)
    first = destination()
    scene.offer("good: 1\n")
    offer(scene, 1, own_traces=traces(first, x_key=SECRET))
    expect("the config is still there", scene.config.read_text() == "good: 1\n")
    scene.offer("good: 2\n")
    expect("the variables are", told(scene)[ENDPOINT] == first)
    shown = json.dumps([asked(scene, "config", "show", "agent"), asked(scene, "config", "diff", "agent", "1", "current"), asked(scene, "config", "history", "agent")])
    expect("opampctl names them", HEADERS in shown)
    expect("and no secret", SECRET not in shown)


@scenario_for({"after a restart of opampd": (False,), "after a kill of opampd": (True,)})
def variables_are_there(scene, is_killed):
    begin(scene)
    first = destination()
    offer(scene, 1, own_traces=traces(first))
    if is_killed:
        scene.kill()
    else:
        scene.stop()
    since = scene.peer.now()
    (scene.folder / "told.json").unlink()
    scene.start()
    scene.wait_for_message("a healthy agent", health_is(True), since)
    expect("they are there", told(scene)[ENDPOINT] == first and len(scene.starts()) == 3)


@scenario
def offer_whose_trial_is_cut_short_by_a_kill_gets_its_final_answer(scene):
    begin(scene)
    first, sick = destination(), scene.folder / "sick"
    sick.touch()  # so that the trial does not come to its end
    since = scene.peer.now()
    of = order(scene, 1, own_traces=traces(first))
    scene.wait_for_starts(2)
    scene.kill()
    expect("it was under trial", not any(settings_status_is("APPLIED", of)(message) for message in scene.peer.messages(since)))
    sick.unlink()
    since = scene.peer.now()
    scene.start()
    scene.wait_for_message("a final answer", settings_status_is("APPLIED", of), since)
    expect("the agent has it", told(scene)[ENDPOINT] == first)


@scenario
def agent_that_reads_a_file_is_reloaded(scene):
    begin(scene, args=[str(scene.service_port), "own.env"], own_telemetry={"delivery": "file", "file": "own.env"}, reload={"signal": "SIGHUP"})
    pid = scene.pid()
    first = destination()
    offer(scene, 1, own_traces=traces(first, x_key="a$b"))
    scene.wait_for("it has read it", lambda: told(scene).get(ENDPOINT) == first)
    expect("the process is the same", scene.pid() == pid and is_alive(pid))
    expect("for nobody else to read", (scene.folder / "own.env").stat().st_mode & 0o777 == 0o600)


@scenario
def offers_do_not_wait_for_an_agent_that_the_operator_has_stopped(scene):
    scene.begin(agent(scene), capabilities={**REPORTS["capabilities"], "accepts_opamp_connection_settings": True})
    ctl(scene, "stop", "agent")
    scene.wait_for_phase("down")
    first, second = destination(), destination()
    since = scene.peer.now()
    scene.wait_for_message("APPLYING", settings_status_is("APPLYING", order(scene, 1, own_traces=traces(first))), since)
    of = order(scene, 2, own_traces=traces(second), opamp={"destination_endpoint": f"ws://127.0.0.1:{scene.peer.port}/v1/opamp", "heartbeat_interval_seconds": 7})
    scene.wait_for_message("the newer one", settings_status_is("APPLYING", of), since)
    ctl(scene, "start", "agent")
    scene.wait_for_message("APPLIED", settings_status_is("APPLIED", of), since)
    expect(f"it has the newer one: {told(scene)} {scene.starts()}", told(scene)[ENDPOINT] == second)


@scenario
def what_is_not_announced_any_more_is_taken_from_the_agent(scene):
    begin(scene)
    offer(scene, 1, own_traces=traces(destination()), own_logs=traces(destination("/v1/logs")))
    scene.stop()
    scene.configure(agent(scene), capabilities={"reports_own_traces": False})
    scene.start()
    scene.wait_for("traces are gone", lambda: ENDPOINT not in told(scene))
    expect("logs are not", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT" in told(scene))


@scenario
def agent_that_is_not_told_is_not_touched(scene):
    begin(scene, own_telemetry={"delivery": "none"})
    offer(scene, 1, own_traces=traces(destination("/bad")))
    expect("one start", len(scene.starts()) == 1 and ENDPOINT not in told(scene))


@scenario
def what_the_operator_says_himself_wins_and_what_opampd_has_loses(scene):
    scene.serve()
    scene.configure(agent(scene, env={"OTEL_SERVICE_NAME": "mine"}), **REPORTS)
    scene.start(OTEL_EXPORTER_OTLP_HEADERS=f"key={SECRET}", OTEL_RESOURCE_ATTRIBUTES="a=b")
    scene.wait_for_message("a healthy agent", health_is(True))
    expect("without an offer it has opampd's", told(scene)["OTEL_EXPORTER_OTLP_HEADERS"] == f"key={SECRET}")
    offer(scene, 1, own_traces=traces(destination()))
    now = told(scene)
    expect("its name", now["OTEL_SERVICE_NAME"] == "mine" and now["OTEL_RESOURCE_ATTRIBUTES"] != "a=b")
    expect("no header goes to the wrong place", HEADERS not in now and "OTEL_EXPORTER_OTLP_HEADERS" not in now)
    expect("and the others keep theirs", now["OTEL_EXPORTER_OTLP_LOGS_HEADERS"] == f"key={SECRET}")


if __name__ == "__main__":
    main()

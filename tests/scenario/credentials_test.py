#!/usr/bin/python3
"""Tokens: from a file or from a token server, and the way to that server."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))
import stage as stage_module  # noqa: E402, F401  (finds tests/support)
from http_parts import Reply, Tls  # noqa: E402
from protocol import is_healthy  # noqa: E402
from rig import expect  # noqa: E402
from scene import LONG  # noqa: E402
from stage import TRANSPORTS, run  # noqa: E402
from suite import scenario, scenario_for  # noqa: E402

ELSEWHERE = "tokens.example:443"


def token_server(stage, tls=None):
    """Gives the token "granted"."""
    body = json.dumps({"access_token": "granted", "token_type": "Bearer", "expires_in": 3600}).encode()
    return stage.another_server(tls=tls, refusal=lambda request: Reply(200, {"Content-Type": "application/json"}, body))


def oauth2(url):
    return {"auth": {"oauth2": {"token_url": url, "client_id": "me", "client_secret": "hidden-secret"}}}


def begin_elsewhere(stage, server, environment=None, **proxy_options):
    """An agent whose tokens are to be had at tokens.example, which nobody but a proxy can find: what the proxy was asked."""
    pair = stage.authority().issue("tokens", "DNS:tokens.example")
    tokens = token_server(stage, Tls(pair.cert, pair.key))
    proxy = stage.proxy(ways={ELSEWHERE: tokens.port}, **proxy_options)
    stage.serve()
    settings = {**oauth2("https://tokens.example/token"), "tls": {"ca_file": str(stage.authority().file)}}
    address = f"http://user:hidden-word@127.0.0.1:{proxy.port}"
    stage.configure(server={**settings, **server(address)})
    stage.start(**(environment(address) if environment else {}))
    return proxy


def targets(proxy):
    return {request.target for request in proxy.requests}


def nothing_secret_is_in_the_log(stage):
    log = stage.daemon_log.read_text() + stage.daemon_output.read_text()
    expect("nothing secret in the log", "hidden" not in log and "granted" not in log)


# --- the way to a token server


@scenario_for(TRANSPORTS)
def token_server_is_reached_through_the_proxy_of_the_settings(stage, scheme):
    stage.scheme = scheme
    proxy = begin_elsewhere(stage, lambda address: {"proxy": {"url": address}})
    stage.wait_report("a healthy agent", is_healthy)
    expect(f"both servers: {targets(proxy)}", targets(proxy) == {ELSEWHERE, f"127.0.0.1:{stage.fs.port}"})
    expect("with its token", {request.headers.get("authorization") for request in stage.fs.requests()} == {"Bearer granted"})
    nothing_secret_is_in_the_log(stage)


@scenario
def token_server_is_reached_through_the_proxy_of_the_environment(stage):
    proxy = begin_elsewhere(stage, lambda address: {}, lambda address: {"HTTPS_PROXY": address})
    stage.wait_report("a healthy agent", is_healthy)
    expect(f"the token server alone: {targets(proxy)}", targets(proxy) == {ELSEWHERE})
    nothing_secret_is_in_the_log(stage)


@scenario_for({"of the settings": (lambda address: {"proxy": {"url": address}}, lambda address: {"NO_PROXY": "tokens.example"}),
               "of the environment": (lambda address: {}, lambda address: {"HTTPS_PROXY": address, "NO_PROXY": ".example"})})
def token_server_in_no_proxy_is_not_reached_through_the_proxy(stage, server, environment):
    proxy = begin_elsewhere(stage, server, environment)
    failed = stage.wait_for_event("server.connect_failed")
    expect(f"it was looked for directly: {failed}", "tokens.example" in failed["error"] and "proxy" not in failed["error"])
    expect("no proxy was asked", not proxy.requests)


@scenario
def token_server_on_this_machine_is_reached_directly(stage):
    """Its secret would go to the proxy in the clear."""
    proxy, tokens = stage.proxy(), token_server(stage)
    stage.begin(server={**oauth2(f"http://127.0.0.1:{tokens.port}/token"), "proxy": {"url": f"http://127.0.0.1:{proxy.port}"}})
    expect(f"the OpAMP server alone: {targets(proxy)}", targets(proxy) == {f"127.0.0.1:{stage.fs.port}"})
    expect("it was asked", tokens.requests())


@scenario
def proxy_that_refuses_is_named(stage):
    proxy = begin_elsewhere(stage, lambda address: {"proxy": {"url": address}}, refusal=Reply(407))
    failed = stage.wait_for_event("server.connect_failed")
    expect(f"what and where: {failed}", f"127.0.0.1:{proxy.port}" in failed["error"] and "407" in failed["error"])
    nothing_secret_is_in_the_log(stage)


# --- a file


@scenario_for(TRANSPORTS)
def token_that_cannot_be_read_holds_up_reports_and_loses_none(stage, scheme):
    stage.scheme = scheme
    file = stage.folder / "token"
    file.write_text("first")
    fs = stage.begin(server={"auth": {"bearer_token_file": str(file)}, "poll_interval": LONG})
    file.write_text("")
    since = fs.now()
    if scheme == "ws":
        fs.latest().cut()
    stage.heal()
    stage.wait_for_event("server.connect_failed", 2)
    expect("nothing without a token", fs.now() == since)
    file.write_text("second")
    stage.wait_report("the last state", is_healthy, since)
    numbers = [message.sequence_num for message in fs.messages()]
    expect(f"no number is left out: {numbers}", numbers == list(range(numbers[0], numbers[0] + len(numbers))))
    expect("with the new token", fs.reports[-1].request.headers["authorization"] == "Bearer second")


if __name__ == "__main__":
    run()

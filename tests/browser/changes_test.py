"""What somebody changes on opamp-server's page, in a headless Chromium: it goes to the agent that is shown, and takes nothing else away.

changes_test.py --bin DIR [--screenshots DIR]

The agents are fakes that do what the test says; the server is started anew while the page is open.
"""

import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))
import otlp_client as otlp  # noqa: E402
from browser_test import Page, addresses, chromium, complaints, main, running  # noqa: E402
from rig import expect, free_port, request  # noqa: E402
from telemetry_test import Telling  # noqa: E402

SPACED = (b"# instrument: true, as it was\ninstrument: false\nexporter:\n  console: true\n\n# where to\n  otlp:\n    endpoint: http://a:4318\n\n"
          b"port: 1\n")
HIDING = b"instrument: false\npassword: \"[REDACTED]\"\n"


def select(page, agent):
    page.browser.get(f"{page.address}#/agents/{agent.uid}")
    page.wait("the agent is shown", lambda: page.text("#uid") == agent.uid)


def config_of(agent):
    return agent.hear("remote_config").config.config_map[""].body.decode()


def form_of_one_agent_is_not_sent_to_another(page, first, second):
    select(page, first)
    page.choose("#service-sampler", "always_off")
    select(page, second)
    page.wait("the other one's values", lambda: page.value("#service-otlp") == "http://a:4318")
    select(page, first)
    page.wait("its own again", lambda: page.value("#service-otlp") == "" and page.value("#service-sampler") == "")
    page.find("#service-on").click()
    page.find("#service-apply").click()
    config = config_of(first)
    expect(f"only what was changed: {config}", config == "instrument: true\nport: 8080\n")


def blank_lines_and_comments_belong_to_a_key(page, agent):
    select(page, agent)
    page.wait("what is commented out is not in force", lambda: page.value("#service-otlp") == "http://a:4318" and not page.find("#service-on").is_selected())
    page.find("#service-console").click()
    page.find("#service-apply").click()
    config = config_of(agent)
    expect(f"the whole key was replaced: {config}", config == "# instrument: true, as it was\ninstrument: false\nexporter:\n  console: false\n"
           '  otlp:\n    endpoint: "http://a:4318"\n\nport: 1\n')


def hidden_secret_is_not_overwritten(page, agent):
    select(page, agent)
    page.find("#service-on").click()
    page.find("#service-apply").click()
    page.wait("what is hidden is not sent", lambda: "hides a secret" in page.text("#config-note"))
    page.type_config("instrument: true\n")
    page.find("#send").click()
    config = config_of(agent)
    expect(f"a text without it is: {config}", config == "instrument: true\n")


def destinations_that_were_not_changed_stay(page, agent):
    port = int(page.address.rpartition(":")[2].strip("/"))
    parts = {"own_traces": {"destination_endpoint": "http://t/v1/traces", "headers": {"X-Tenant": "a"}, "tls": {"min_version": "1.3"}},
             "own_logs": {"destination_endpoint": "http://l/v1/logs"}}
    answer = request(port, "PUT", f"/api/agents/{agent.uid}/connection-settings", json.dumps(parts))
    expect(f"set: {answer}", answer.status == 200)
    agent.hear("connection_settings")
    select(page, agent)
    page.wait("they are shown", lambda: page.value("#own-traces") == "http://t/v1/traces")
    page.find("#own-metrics").send_keys("http://m/v1/metrics")
    page.find("#own-offer").click()
    offer = agent.hear("connection_settings")
    expect(f"one more, and the others as they were: {offer}", offer.own_metrics.destination_endpoint == "http://m/v1/metrics"
           and offer.own_traces.headers.headers[0].value == "a" and offer.own_traces.tls.min_version == "1.3"
           and offer.own_logs.destination_endpoint == "http://l/v1/logs")
    page.wait("it is on its way", lambda: "offered" in page.text("#own-status"))
    page.find("#own-offer").click()
    page.wait("the same again is no offer", lambda: page.text("#own-note") == "Nothing of it is new.")
    page.find("#own-stop").click()
    offer = agent.hear("connection_settings")
    expect(f"all are taken back: {offer}", all(offer.HasField(name) and getattr(offer, name).destination_endpoint == ""
                                               for name in ("own_traces", "own_metrics", "own_logs")))


def answer_of_a_sampler_goes_with_the_agent(page, agent):
    select(page, agent)
    page.find("#sampler button").click()
    message = agent.hear("custom_message")
    agent.say(custom_message={"capability": message.capability, "type": "sampler", "data": b"always_on"})
    page.wait("it has answered", lambda: page.text("#sampler-note").endswith(": always_on"))
    agent.client.end()
    page.wait("what it answered is not in force for ever", lambda: "disconnected" in page.text("#state") and page.text("#sampler-note") == "")


def late_records_have_their_place(page, agent):
    def tell(*events):
        otlp.export(agent.port, "logs", otlp.logs([(at * 10**9, 9, name, "", {}, b"", b"") for at, name in events], agent.uid))

    def shown():
        return [item.text for item in page.all("#events b")]
    select(page, agent)
    now = int(time.time())
    tell((now, "third"), (now - 20, "first"))
    page.wait("by their times", lambda: shown() == ["third", "first"])
    tell((now - 10, "second"))
    page.wait("one that comes late is between them", lambda: shown() == ["third", "second", "first"])


def what_came_while_the_server_was_away_is_shown(page, agent, restart):
    select(page, agent)
    restart()
    otlp.export(agent.port, "logs", otlp.logs([(time.time_ns(), 9, "meanwhile", "", {}, b"", b"")], agent.uid))
    otlp.export(agent.port, "traces", otlp.traces(b"m" * 16, [(1, 0, "meanwhile", 0, 1, {}, None)], instance=agent.uid))
    page.wait("the page is back", lambda: page.text("#live").endswith("live"))
    page.wait("and has asked for everything anew", lambda: "meanwhile" in page.text("#events") and "meanwhile" in page.text("#traces"))


def run(arguments, folder, stack):
    opamp, page_port = free_port(), free_port()
    command = [arguments.bin / "opamp-server", "--opamp-listen", f"127.0.0.1:{opamp}", "--page-listen", f"127.0.0.1:{page_port}",
               "--state", folder / "server.db"]
    server = stack.enter_context(running(*command, cwd=folder, log=folder / "server.log"))
    endpoint, address = addresses(server)

    def restart():
        server.stop()
        addresses(stack.enter_context(running(*command, cwd=folder, log=folder / "server-again.log")))
    page = Page(stack.enter_context(chromium(folder)), address, arguments.screenshots)
    agents = [Telling(endpoint, config) for config in (b"instrument: false\nport: 8080\n", SPACED, HIDING)]
    for agent in agents:
        stack.callback(agent.client.end)
    form_of_one_agent_is_not_sent_to_another(page, agents[0], agents[1])
    blank_lines_and_comments_belong_to_a_key(page, agents[1])
    hidden_secret_is_not_overwritten(page, agents[2])
    destinations_that_were_not_changed_stay(page, agents[0])
    answer_of_a_sampler_goes_with_the_agent(page, agents[1])
    late_records_have_their_place(page, agents[0])
    what_came_while_the_server_was_away_is_shown(page, agents[0], restart)
    found = [entry for entry in complaints(page.browser) if "ERR_CONNECTION_REFUSED" not in entry]
    assert found == [], found


if __name__ == "__main__":
    main(run, "What is changed on the page goes where it should.")

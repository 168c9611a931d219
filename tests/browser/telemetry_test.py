"""What opamp-server's page shows of telemetry, in a headless Chromium: trees, events, metrics, and where they are sent.

telemetry_test.py --bin DIR [--screenshots DIR]

The agent is a fake that does what the test says; its telemetry is OTLP from our proto file.
"""

import pathlib
import sys
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))
import otlp_client as otlp  # noqa: E402
import protocol  # noqa: E402
from browser_test import Keys, Page, addresses, chromium, complaints, main, running  # noqa: E402
from fake_client import FakeAgent, WsClient  # noqa: E402
from rig import expect  # noqa: E402

EVIL = "<img src=x onerror=\"window.hacked=1\"><script>window.hacked=1</script>"
TRACE = bytes(range(1, 17))
CAPABILITIES = (protocol.REPORTS_STATUS | protocol.ACCEPTS_REMOTE_CONFIG | protocol.REPORTS_REMOTE_CONFIG | protocol.REPORTS_EFFECTIVE_CONFIG
                | protocol.REPORTS_HEALTH | protocol.REPORTS_OWN_TRACES | protocol.REPORTS_OWN_METRICS | protocol.REPORTS_OWN_LOGS
                | protocol.REPORTS_SETTINGS_STATUS)
ROLLOUT = [
    (1, 0, "rollout", 0, 120, {"config.hash": "9c56cc51", "revision": "3"}, None),
    (2, 1, "compose", 2, 6, {}, None),
    (3, 1, "validate", 6, 30, {"program": "promtool"}, None),
    (4, 1, "stop agent", 32, 60, {"process.pid": "4711", "signal": "SIGTERM"}, None),
    (5, 1, "start agent", 61, 70, {"process.pid": "4712"}, None),
    (6, 1, "gate", 71, 118, {}, "the probe was not answered"),
    (7, 6, EVIL, 72, 90, {EVIL: EVIL}, None),
]


class Telling:
    """An agent on its connection."""

    def __init__(self, endpoint, config=b"instrument: false\nport: 8080\n"):
        self.port = int(endpoint.rpartition(":")[2].partition("/")[0])
        self.client, self.agent = WsClient(self.port), FakeAgent(CAPABILITIES)
        self.uid = str(uuid.UUID(bytes=self.agent.uid))
        report = self.agent.full()
        report.custom_capabilities.capabilities.append("io.opampd.telemetry")
        report.effective_config.config_map.config_map[""].body = config
        report.remote_config_status.SetInParent()
        answer = self.client.ask(report)
        expect(f"the capability is both sides': {answer}", "io.opampd.telemetry" in answer.custom_capabilities.capabilities)

    def hear(self, part):
        """The next message that has this."""
        while True:
            message = self.client.receive()
            if message.HasField(part):
                return getattr(message, part)

    def say(self, **parts):
        self.client.send(self.agent.message(**parts))


def shows_a_tree(page, agent):
    page.browser.get(f"{page.address}#/agents/{agent.uid}")
    page.wait("an agent that has told nothing", lambda: page.text("#traces") == "None yet." and page.text("#events") == "None yet.")
    otlp.export(agent.port, "traces", otlp.traces(TRACE, ROLLOUT, service="opampd", instance=agent.uid))
    page.wait("a trace appears without a reload", lambda: "rollout" in page.text("#traces") and "7 spans" in page.text("#traces"))
    page.wait("its error is marked", lambda: "1 error" in page.text("#traces"))
    page.tab_to("#traces a")
    page.press(Keys.ENTER)
    page.wait("it opens as a tree", lambda: len(page.all("#trace-rows .span-row")) == 7)
    names = [row.find_element("css selector", "b").text for row in page.all("#trace-rows .span-row")]
    expect(f"in the order of the tree: {names}", names == [span[2] for span in ROLLOUT])
    depths = [row.value_of_css_property("padding-left") for row in page.all("#trace-rows .span-name")]
    expect(f"indented: {depths}", depths == ["0px", *["14px"] * 5, "28px"])
    bars = [(bar.location["x"], bar.size["width"]) for bar in page.all("#trace-rows .span-bar")]
    expect(f"on an axis of time: {bars}", bars[0][1] > bars[3][1] > bars[1][1] and bars[5][0] > bars[3][0] > bars[0][0])
    expect("the error has its mark", page.text(".span-row.bad .bad-text") == "▲")
    page.tab_to('[data-span="0000000000000006"]')
    page.press(Keys.ENTER)
    page.wait("attributes on demand, and the reason", lambda: "the probe was not answered" in page.text(".span-details")
              and "service.instance.id" in page.text(".span-details"))
    page.shoot("trace")
    page.press(Keys.ENTER)
    page.wait("and away again", lambda: not page.all(".span-details"))
    page.tab_to('[data-span="0000000000000007"]')
    page.press(Keys.ENTER)
    page.wait("markup is text", lambda: page.text(".span-details dt") == EVIL)
    page.tab_to("#trace-back")
    page.press(Keys.ENTER)
    page.wait("back at the agent", lambda: page.find("#agent").is_displayed())


def tells_events(page, agent):
    began = time.time_ns()
    otlp.export(agent.port, "logs", otlp.logs([
        (began, 9, "agent.started", "", {"pid": "4712"}, b"", b""),
        (began + 1000000, 13, "health.failed", EVIL, {"error": EVIL}, TRACE, otlp.span_id(6)),
        (began + 2000000, 5, "probe.sent", "", {}, b"", b""),
    ], agent.uid))
    page.wait("events appear live, the newest first", lambda: [item.text for item in page.all("#events b")] == ["health.failed", "agent.started"])
    otlp.export(agent.port, "logs", otlp.logs([(began + 3000000, 17, "agent.exited", "exit code 3", {}, b"", b"")], agent.uid))
    page.wait("later ones go on top", lambda: page.all("#events b")[0].text == "agent.exited" and len(page.all("#events li")) == 3)
    for value, count in (("17", 1), ("", 4), ("9", 3)):
        page.choose("#events-severity", value)
        page.wait(f"from severity {value or 'any'} on: {count}", lambda count=count: len(page.all("#events b")) == count)
    otlp.export(agent.port, "metrics", otlp.gauges({"process.memory.usage": (5 * 2**20, "By"), EVIL: (1, "1")}, agent.uid))
    page.wait("metrics have their units", lambda: "5 MiB" in page.text("#metrics") and EVIL in page.text("#metrics"))
    for value in (6, 5.5, 7):
        otlp.export(agent.port, "metrics", otlp.gauges({"process.memory.usage": (value * 2**20, "By")}, agent.uid))
    page.wait("and a line", lambda: "7 MiB" in page.text("#metrics") and page.all("#metrics polyline"))
    page.shoot("telemetry")
    page.tab_to("#events a")
    page.press(Keys.ENTER)
    page.wait("an event leads to its span", lambda: "the probe was not answered" in page.text(".span-details"))
    expect("which tells of it", "health.failed" in page.text(".span-details") and EVIL in page.text(".span-details"))
    page.browser.back()
    page.wait("back again", lambda: page.find("#agent").is_displayed())


def changes_destinations(page, agent):
    page.tab_to("#own-here")
    page.press(Keys.ENTER)
    url = f"http://127.0.0.1:{agent.port}/v1/traces"
    page.wait("this server's own addresses", lambda: page.value("#own-traces") == url)
    page.find("#own-headers").send_keys("X-Tenant: a")
    page.tab_to("#own-offer")
    page.press(Keys.ENTER)
    offer = agent.hear("connection_settings")
    expect(f"the agent gets them: {offer}", offer.own_traces.destination_endpoint == url and offer.own_logs.destination_endpoint.endswith("/v1/logs")
           and offer.own_metrics.headers.headers[0].key == "X-Tenant")
    page.wait("on its way", lambda: "offered" in page.text("#own-status"))
    agent.say(connection_settings_status={"last_connection_settings_hash": offer.hash, "status": protocol.APPLIED})
    page.wait("it is APPLIED", lambda: "APPLIED" in page.text("#own-status"))
    page.wait("the values of headers are not shown", lambda: "X-Tenant" in page.text("#own-headers-hint") and page.value("#own-headers") == "")
    page.find("#own-traces").clear()
    page.find("#own-traces").send_keys("ftp://nowhere/")
    page.find("#own-offer").click()
    page.wait("what is wrong is said", lambda: "own_traces" in page.text("#own-note"))
    page.find("#own-traces").clear()
    page.find("#own-traces").send_keys("http://127.0.0.1:9/v1/traces")
    page.find("#own-offer").click()
    again = agent.hear("connection_settings")
    expect(f"another place, without a restart: {again}", again.own_traces.destination_endpoint.endswith(":9/v1/traces") and again.hash != offer.hash)
    expect("which does not get the headers of the first, and the others keep theirs",
           not again.own_traces.HasField("headers") and again.own_metrics.headers.headers[0].key == "X-Tenant")

    page.choose("#sampler-kind", "parentbased_traceidratio")
    page.find("#sampler-amount").clear()
    page.find("#sampler-amount").send_keys("0.25")
    page.find("#sampler button").click()
    message = agent.hear("custom_message")
    expect(f"the sampler: {message}", (message.type, message.data) == ("sampler", b"parentbased_traceidratio 0.25"))
    agent.say(custom_message={"capability": message.capability, "type": "sampler", "data": message.data})
    page.wait("the answer is shown", lambda: page.text("#sampler-note").startswith("Answered at ") and page.text("#sampler-note").endswith(": parentbased_traceidratio 0.25"))
    page.shoot("destinations")


def changes_a_service(page, agent):
    page.find("#service-on").click()
    page.find("#service-apply").click()
    config = agent.hear("remote_config").config.config_map[""].body.decode()
    expect(f"only what was changed: {config}", config == "instrument: true\nport: 8080\n")
    page.choose("#service-sampler", "rate_limited")
    page.find("#service-amount").clear()
    page.find("#service-amount").send_keys("5")
    page.find("#service-here").click()
    page.find("#service-apply").click()
    config = agent.hear("remote_config").config.config_map[""].body.decode()
    expect(f"keys of the config: {config}", config == "instrument: true\nport: 8080\nsampler:\n  type: rate_limited\n  per_second: 5\n"
           f'exporter:\n  console: true\n  otlp:\n    endpoint: "http://127.0.0.1:{agent.port}"\n')
    page.wait("the form goes on from there", lambda: page.value("#service-amount") == "5" and page.value("#service-sampler") == "rate_limited")
    page.choose("#service-sampler", "always_off")
    page.find("#service-console").click()
    page.find("#service-apply").click()
    config = agent.hear("remote_config").config.config_map[""].body.decode()
    expect(f"each in its place: {config}", config == "instrument: true\nport: 8080\nsampler:\n  type: always_off\n"
           f'exporter:\n  console: false\n  otlp:\n    endpoint: "http://127.0.0.1:{agent.port}"\n')


def shows_all_traces(page, agent):
    ring = [(1, 2, "ring one", 0, 2, {}, None), (2, 1, "ring two", 0, 1, {}, None), (3, 9, "orphan", 1, 2, {}, None)]
    otlp.export(agent.port, "traces", otlp.traces(b"r" * 16, ring, service=EVIL))
    deep = [(number, number - 1, f"level {number}", number, 400, {}, None) for number in range(1, 301)]
    otlp.export(agent.port, "traces", otlp.traces(b"d" * 16, deep, service="demo-service"))
    page.find('nav a[href="#/traces"]').click()
    page.wait("traces of services that are no agents", lambda: "level 1" in page.text("#all-traces-list") and "ring" in page.text("#all-traces-list")
              and EVIL in page.text("#all-traces-list"))
    page.shoot("traces")
    page.browser.get(f"{page.address}#/traces/{(b'r' * 16).hex()}")
    page.wait("parents in a ring, and one that has not come", lambda: len(page.all("#trace-rows .span-row")) == 3)
    page.browser.get(f"{page.address}#/traces/{(b'd' * 16).hex()}")
    page.wait("three hundred levels", lambda: len(page.all("#trace-rows .span-row")) == 300)
    page.browser.get(f"{page.address}#/traces/{'9' * 32}")
    page.wait("one that is not kept", lambda: "no span of the trace" in page.text("#trace-error"))


def run(arguments, folder, stack):
    command = [arguments.bin / "opamp-server", "--opamp-listen", "127.0.0.1:0", "--page-listen", "127.0.0.1:0", "--state", ":memory:"]
    endpoint, address = addresses(stack.enter_context(running(*command, cwd=folder, log=folder / "server.log")))
    page = Page(stack.enter_context(chromium(folder)), address, arguments.screenshots)
    agent = Telling(endpoint)
    stack.callback(agent.client.end)
    shows_a_tree(page, agent)
    tells_events(page, agent)
    changes_destinations(page, agent)
    changes_a_service(page, agent)
    shows_all_traces(page, agent)
    expect("nothing of it ran", page.browser.execute_script("return window.hacked") is None)
    found = [entry for entry in complaints(page.browser) if not any(status in entry for status in ("400 (Bad Request)", "404 (Not Found)"))]
    assert found == [], found


if __name__ == "__main__":
    main(run, "What the page shows of telemetry holds.")

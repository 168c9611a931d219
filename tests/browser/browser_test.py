"""The page of opamp-server in a headless Chromium: its main path, by keyboard, and how it looks.

browser_test.py --bin DIR [--screenshots DIR]

The agent is the real opampd around demo-service.
"""

import argparse
import contextlib
import json
import pathlib
import re
import shutil
import sys
import tempfile

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from rig import Program, eventually  # noqa: E402

LIMIT = 20


@contextlib.contextmanager
def running(*command, cwd, log):
    """A program that has ended with the block."""
    program = Program(command, cwd=cwd, log=log)
    try:
        yield program
    finally:
        program.end()


@contextlib.contextmanager
def chromium(folder):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server",
                 f"--user-data-dir={folder}/profile", "--window-size=1280,900"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    try:
        yield browser
    finally:
        browser.quit()


class Page:
    """What a person sees and does."""

    def __init__(self, browser, address, shots):
        self.browser = browser
        self.address = address
        self.shots = shots

    def open(self):
        self.browser.get(self.address)

    def wait(self, what, condition):
        wait = WebDriverWait(self.browser, LIMIT, poll_frequency=0.02, ignored_exceptions=[StaleElementReferenceException])
        wait.until(lambda _: condition(), message=f"{what}\nThe page says:\n{self.text('body')}")
        print(f"ok: {what}", flush=True)

    def find(self, css):
        return self.browser.find_element(By.CSS_SELECTOR, css)

    def all(self, css):
        return self.browser.find_elements(By.CSS_SELECTOR, css)

    def text(self, css):
        return self.find(css).text

    def value(self, css):
        return self.find(css).get_attribute("value")

    def choose(self, css, value):
        Select(self.find(css)).select_by_value(value)

    def press(self, *keys):
        ActionChains(self.browser).send_keys(*keys).perform()

    def chord(self, *keys):
        chain = ActionChains(self.browser)
        for key in keys[:-1]:
            chain.key_down(key)
        chain.send_keys(keys[-1])
        for key in keys[:-1]:
            chain.key_up(key)
        chain.perform()

    def tab_to(self, css):
        """Reaches an element as a person without a mouse does."""
        for _ in range(60):
            if self.browser.switch_to.active_element == self.find(css):
                return
            self.press(Keys.TAB)
        raise AssertionError(f"{css} cannot be reached with the Tab key")

    def type_config(self, text):
        self.tab_to(".file-body")
        self.chord(Keys.CONTROL, "a")
        self.press(text)

    def shoot(self, name):
        """The whole page, light, dark and narrow, as pictures."""
        if self.shots is None:
            return
        for look, width in (("light", 1280), ("dark", 1280), ("light-narrow", 400), ("dark-narrow", 400)):
            self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
                {"name": "prefers-color-scheme", "value": look.split("-")[0]}]})
            self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
                "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False})
            height = self.browser.execute_script("return document.documentElement.scrollHeight")
            overflow = self.browser.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert overflow <= 0, f"{name}, {width} px wide: the page is {overflow} px too wide"
            self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
                "width": width, "height": max(800, height), "deviceScaleFactor": 1, "mobile": False})
            self.browser.save_screenshot(str(self.shots / f"{name}-{look}.png"))
        self.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def addresses(server):
    """Where the server listens, from the line that it logs."""
    line = r"event=server.started opamp=(\S+) page=(\S+)"
    return eventually("the server has started", lambda: server.runs() and re.search(line, server.text())).groups()


def start_agent(stack, arguments, folder, endpoint):
    shutil.copy(arguments.bin / "demo-service", folder)
    settings = {"server": {"endpoint": endpoint}, "storage": {"directory": str(folder / "state")},
                "agent": {"executable": "./demo-service", "args": ["--config", "effective.yaml", "--port", "0"]}}
    (folder / "supervisor.yaml").write_text(json.dumps(settings))  # JSON is YAML
    return stack.enter_context(running(arguments.bin / "opampd", "--config", "supervisor.yaml", cwd=folder, log=folder / "agent.log"))


def main_path(page, start):
    page.open()
    page.wait("without an agent, the page says how to start one", lambda: "opampd --config supervisor.yaml" in page.text("#first-command"))
    page.wait("it is connected to the server", lambda: page.text("#live").endswith("live"))
    page.shoot("empty")

    agent = start()
    page.wait("the agent appears without a reload", lambda: "demo-service" in page.text("#agents"))
    page.tab_to("#agents a")
    page.press(Keys.ENTER)
    page.wait("it opens by keyboard", lambda: page.text("#name") == "demo-service")
    page.wait("its health is shown", lambda: "healthy" in page.text("#state"))
    page.wait("the editor begins with something", lambda: page.find(".file-body").get_attribute("value") != "")

    page.type_config("instrument: true\nport: 8080\n")
    page.wait("changes that were not sent are said to be so", lambda: page.text("#dirty") == "Unsent changes")
    page.chord(Keys.CONTROL, Keys.ENTER)
    page.wait("the config is on its way", lambda: "APPLYING" in page.text("#config-status") or "APPLIED" in page.text("#config-status"))
    page.wait("the config is APPLIED", lambda: "APPLIED" in page.text("#config-status"))
    page.wait("every step has its time", lambda: page.text("#steps").count("+") >= 3)
    page.wait("it is in effect", lambda: "instrument: true" in page.text("#effective"))
    page.wait("nothing is unsent", lambda: page.text("#dirty") == "")
    page.wait("the cursor is still in the editor", lambda: page.browser.switch_to.active_element == page.find(".file-body"))
    page.shoot("applied")

    page.tab_to("#restart")
    page.press(Keys.ENTER)
    page.wait("the restart is confirmed", lambda: page.text("#action-note").startswith("Restarted at"))
    return agent


def failing_path(page):
    page.type_config("broken: [\n")
    page.tab_to("#send")
    page.press(Keys.ENTER)
    page.wait("the config FAILED", lambda: "FAILED" in page.text("#config-status"))
    page.wait("the agent's reason is shown", lambda: len(page.text("#config-error")) > 5)
    page.wait("the config in effect is the one before", lambda: "instrument: true" in page.text("#effective"))
    page.shoot("failed")


def trace_of_rollout(page):
    """Its line, if it is there; not that of own_telemetry.rollout."""
    return next((line for line in page.all("#traces a") if line.find_element(By.TAG_NAME, "b").text == "rollout"), None)


def watches_itself(page):
    """The daemon's own telemetry, of which the server on the page is the backend."""
    page.find("#own-here").click()
    page.find("#own-offer").click()
    page.wait("the destinations are APPLIED", lambda: "APPLIED" in page.text("#own-status"))
    page.choose("#sampler-kind", "always_on")
    page.find("#sampler button").click()
    page.wait("the sampler is in force", lambda: page.text("#sampler-note").endswith(": always_on"))
    page.type_config("instrument: true\nport: 8081\n")
    page.chord(Keys.CONTROL, Keys.ENTER)
    page.wait("the rollout is a trace", lambda: trace_of_rollout(page))
    page.wait("and its end an event", lambda: "config.applied" in page.text("#events"))
    page.shoot("observed")
    page.wait("it can be followed", lambda: trace_of_rollout(page).click() is None)
    page.wait("its steps are a tree", lambda: {"config.compose", "config.report"} <= {row.text for row in page.all("#trace-rows b")})
    page.shoot("rollout")
    page.find("#trace-back").click()
    page.wait("back at the agent", lambda: page.find("#agent").is_displayed())
    page.type_config("broken: [\n")
    page.chord(Keys.CONTROL, Keys.ENTER)
    page.wait("a rollout that fails is marked", lambda: "error" in page.text("#traces"))


def drafts(page):
    page.type_config("instrument: false\n")
    page.wait("there is a draft", lambda: page.text("#dirty") == "Unsent changes")
    page.find(".brand").click()
    page.wait("the list is there", lambda: page.find("#none").is_displayed())
    page.wait("the list tells of the draft", lambda: "unsent" in page.text("#agents"))
    page.shoot("list")
    page.find("#agents a").click()
    page.wait("the draft is kept", lambda: page.find(".file-body").get_attribute("value") == "instrument: false\n")
    page.tab_to("#discard")
    page.press(Keys.ENTER)
    page.wait("until it is discarded", lambda: page.find(".file-body").get_attribute("value") == "broken: [\n")


def comings_and_goings(page, agent):
    agent.stop()
    page.wait("an agent that left is shown as disconnected", lambda: "disconnected" in page.text("#state"))
    page.tab_to("#forget")
    page.press(Keys.ENTER)
    page.wait("it can be forgotten", lambda: page.find("#empty").is_displayed())


def complaints(browser):
    """What the browser found wrong, such as a breach of the policy. A server that is away is not."""
    return [entry["message"] for entry in browser.get_log("browser")
            if entry["level"] == "SEVERE" and "/api/live" not in entry["message"]]


def run(arguments, folder, stack):
    command = [arguments.bin / "opamp-server", "--opamp-listen", "127.0.0.1:0", "--page-listen", "127.0.0.1:0", "--state", ":memory:"]
    endpoint, address = addresses(stack.enter_context(running(*command, cwd=folder, log=folder / "server.log")))
    browser = stack.enter_context(chromium(folder))
    page = Page(browser, address, arguments.screenshots)
    agent = main_path(page, lambda: start_agent(stack, arguments, folder, endpoint))
    failing_path(page)
    watches_itself(page)
    drafts(page)
    comings_and_goings(page, agent)
    found = complaints(browser)
    assert found == [], found


def main(play=run, end="The page's main path holds."):
    parser = argparse.ArgumentParser(description="The page of opamp-server in a headless Chromium.")
    parser.add_argument("--bin", type=lambda text: pathlib.Path(text).resolve(), required=True, help="where the programs are")
    parser.add_argument("--screenshots", type=lambda text: pathlib.Path(text).resolve(), help="where to put pictures")
    arguments = parser.parse_args()
    if arguments.screenshots:
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="opamp-browser-") as name, contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        try:
            play(arguments, folder, stack)
        except BaseException:
            for log in folder.glob("*.log"):
                print(f"--- {log.name}\n{log.read_text()}", file=sys.stderr)
            raise
    print(end)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""Agents of a kind: a preset of one's own, and a real Prometheus under the preset of that name."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import error_message, health_is  # noqa: E402
from rig import expect, is_alive, request  # noqa: E402
from suite import main, scenario  # noqa: E402


def scrapes_every(interval):
    return f"global: {{scrape_interval: {interval}, evaluation_interval: 1h}}\n"


def own_presets(scene, **presets):
    """Its folder, with these in it: nothing that this machine has counts."""
    folder = scene.folder / "presets"
    folder.mkdir()
    for name, yaml in presets.items():
        (folder / f"{name}.yaml").write_text(yaml)
    return {"presets": {"directory": str(folder)}}


def prometheus(scene):
    """The preset, its address, and what makes it quick; the usual time limit is not the preset's."""
    return {"preset": "prometheus", "parameters": {"address": f"127.0.0.1:{scene.service_port}"}, "health": {"interval": "100ms"},
            "config_apply_timeout": None}


def runs_with(scene):
    """The config that Prometheus says it has."""
    return json.loads(request(scene.service_port, "GET", "/api/v1/status/config").text)["data"]["yaml"]


# --- presets of one's own ------------------------------------------------------------------------------------------------


@scenario
def preset_of_ones_own_is_all_that_an_agent_needs(scene):
    presets = own_presets(scene, idler=f"executable: {scene.agent('idle.sh')}\nconfig_path: idler.yaml\n")
    scene.begin({"preset": "idler"}, **presets)
    scene.offer("a: 1\n")
    expect("its config", (scene.folder / "idler.yaml").read_text() == "a: 1\n")


@scenario
def changed_preset_counts_at_the_next_start(scene):
    presets = own_presets(scene, idler=f"executable: {scene.agent('idle.sh')}\nconfig_path: old.yaml\n")
    scene.begin({"preset": "idler"}, **presets)
    scene.stop()
    preset = scene.folder / "presets" / "idler.yaml"
    preset.write_text(preset.read_text().replace("old.yaml", "new.yaml"))
    since = scene.peer.now()
    scene.start()
    scene.wait_for_message("a healthy agent", health_is(True), since)
    scene.offer("a: 1\n")
    expect("its config", (scene.folder / "new.yaml").read_text() == "a: 1\n")


@scenario
def mistake_in_a_preset_is_told_with_its_file_and_line(scene):
    presets = own_presets(scene, idler=f"executable: {scene.agent('idle.sh')}\nstop_timeout: 3\n")
    scene.configure({"preset": "idler"}, **presets)
    ended = scene.run("--config", "supervisor.yaml")
    place = f"{scene.folder}/presets/idler.yaml:2: stop_timeout: "
    expect(f"exit code {ended.returncode}", ended.returncode == 2)
    expect(f"what is wrong: {ended.stderr}", ended.stderr.startswith(place) and ended.stderr.count("\n") == 1)


# --- Prometheus ----------------------------------------------------------------------------------------------------------


@scenario
def check_shows_what_the_preset_gives(scene):
    scene.configure(prometheus(scene), **own_presets(scene))
    shown = scene.run("--config", "supervisor.yaml", "--check")
    expect(f"good: {shown.stderr}", shown.returncode == 0)
    expect(f"the preset: {shown.stdout}", "  preset    prometheus (built in)" in shown.stdout)
    expect(f"its parameter: {shown.stdout}", f'"--web.listen-address=127.0.0.1:{scene.service_port}"\n' in shown.stdout)


def begin_prometheus(scene):
    """With the config of its operator."""
    (scene.folder / "prometheus.yml").write_text(scrapes_every("59s"))
    scene.begin(prometheus(scene), **own_presets(scene))


@scenario
def prometheus_takes_a_config_that_promtool_likes(scene):
    begin_prometheus(scene)
    expect(f"its own before: {runs_with(scene)}", "scrape_interval: 59s" in runs_with(scene))
    scene.offer(scrapes_every("7s"))
    expect(f"it has it: {runs_with(scene)}", "scrape_interval: 7s" in runs_with(scene))
    expect("in its file", (scene.folder / "prometheus.yml").read_text() == scrapes_every("7s"))


@scenario
def prometheus_never_sees_a_config_that_promtool_refuses(scene):
    begin_prometheus(scene)
    scene.offer(scrapes_every("7s"))
    pid = scene.pid()
    failed = error_message(scene.offer("global: {scrape_intervall: 3s}\n", "FAILED"))
    expect(f"promtool's words: {failed!r}", failed.startswith("config check: ") and "field scrape_intervall not found" in failed)
    expect("the same process", scene.pid() == pid and is_alive(pid))
    expect(f"with the config from before: {runs_with(scene)}", "scrape_interval: 7s" in runs_with(scene))


@scenario
def prometheus_takes_a_change_without_a_restart(scene):
    begin_prometheus(scene)
    scene.offer(scrapes_every("7s"))
    pid, starts = scene.pid(), len(scene.starts())
    scene.offer(scrapes_every("8s"))
    expect("the same process", is_alive(pid) and len(scene.starts()) == starts)
    expect(f"with the new config: {runs_with(scene)}", "scrape_interval: 8s" in runs_with(scene))


@scenario
def prometheus_without_any_config_starts_with_the_first_offer(scene):
    scene.serve()
    scene.configure(prometheus(scene), **own_presets(scene))
    scene.start()
    scene.wait_for_event("agent.exited", 2)
    scene.offer(scrapes_every("7s"))
    expect(f"it has it: {runs_with(scene)}", "scrape_interval: 7s" in runs_with(scene))


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""Whatever happened to a file of the state folder while opampd was not running: it starts, says so, and the agent runs."""

import atexit
import functools
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import health_is, text_file  # noqa: E402
from rig import expect  # noqa: E402
from suite import main, scenario, scenario_for  # noqa: E402

FIRST = {"": text_file("number: 1\n"), "beside.txt": text_file("one\n", "text/plain")}
SECOND = {"": text_file("number: 2\n"), "beside.txt": text_file("two\n", "text/plain")}


def truncated(path):
    path.write_bytes(path.read_bytes()[:-5])


def emptied(path):
    path.write_bytes(b"")


def garbage(path):
    path.write_bytes(b"\xff\x00 not what was here\n" * 100)


def a_folder(path):
    path.unlink()
    path.mkdir()


def removed(path):
    path.unlink()


def leading_nowhere(link):
    link.unlink()
    link.symlink_to("revisions/99-deadbeef")


FILES = ("lock", "agent/instance_uid", "agent/remote_config_status", "agent/agent.log", "agent/revisions/1-*/meta",
         *(f"agent/revisions/{number}-*/{name}" for number in (2, 3) for name in ("meta", "effective", "remote", "beside/beside.txt")))
LINKS = ("agent/current", "agent/last-good")
CONTENT_DOES_NOT_MATTER = ("lock", "agent/agent.log")


def cases():
    for name in FILES:
        for damage in (truncated, emptied, garbage, a_folder, removed):
            yield f"{name}, {damage.__name__.replace('_', ' ')}", (name, damage)
    for name in LINKS:
        for damage in (garbage_instead, a_folder, removed, leading_nowhere):
            yield f"{name}, {damage.__name__.replace('_', ' ')}", (name, damage)


def garbage_instead(link):
    link.unlink()
    garbage(link)


@functools.cache
def kept():
    """Where the first scenario leaves its state for the others."""
    folder = tempfile.TemporaryDirectory(prefix="opampd-state-")
    atexit.register(folder.cleanup)
    return pathlib.Path(folder.name)


def run_once(scene):
    """Leaves the state of a daemon that has had two offers: always the same, so it is made once."""
    if not (kept() / "state").exists():
        scene.begin()
        scene.offer_files(FIRST)
        scene.offer_files(SECOND)
        scene.stop()
        scene.stop_serving()
        for file in ("effective.yaml", "beside.txt"):
            shutil.copy2(scene.folder / file, kept() / file)
        shutil.copytree(scene.state, kept() / "state", symlinks=True)
        return
    shutil.copytree(kept(), scene.folder, symlinks=True, dirs_exist_ok=True)
    scene.configure()


@scenario_for(dict(cases()))
def agent_runs_all_the_same(scene, name, damage):
    run_once(scene)
    healthy = len(scene.events("agent.healthy"))
    path, = scene.state.glob(name)
    damage(path)
    scene.start()
    scene.wait_until_healthy(healthy + 1)
    scene.stop()
    scene.start()
    scene.wait_until_healthy(healthy + 2)
    if is_read(name) and damage is not removed or damage is a_folder and name in CONTENT_DOES_NOT_MATTER:
        told = [event for event in scene.events() if event["event"] in ("state.set_aside", "config.not_composed_again")]
        expect(f"it says what it could not use: {told}", told and all(event["level"] == "warning" for event in told))


def is_read(name):
    """Older revisions than the one that runs are only listed at the start, by their meta."""
    return name not in CONTENT_DOES_NOT_MATTER and (not name.startswith("agent/revisions/2-") or name.endswith("meta"))


@scenario
def damaged_current_config_gives_way_to_one_that_is_whole(scene):
    run_once(scene)
    link = scene.state / "agent" / "current"
    (link.resolve() / "effective").write_text("number: broken\n")
    healthy = len(scene.events("agent.healthy"))
    scene.start()
    scene.wait_until_healthy(healthy + 1)
    expect("not the damaged one", "broken" not in scene.config.read_text() if scene.config.exists() else True)


@scenario
def after_any_damage_the_servers_offer_is_taken(scene):
    run_once(scene)
    for entry in (scene.state / "agent").iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
        entry.write_bytes(b"garbage")
    peer = scene.serve()
    scene.start()
    scene.wait_for_message("a healthy agent", health_is(True))
    scene.offer_files({"": text_file("number: 3\n")})
    expect("the file", scene.config.read_text() == "number: 3\n")
    expect("there is one identity", len({message["instance_uid"] for message in peer.messages()}) == 1)


@scenario
def removed_state_folder_is_made_again_with_a_new_identity(scene):
    run_once(scene)
    before = (scene.state / "agent" / "instance_uid").read_text()
    shutil.rmtree(scene.state)
    healthy = len(scene.events("agent.healthy"))
    scene.start()
    scene.wait_until_healthy(healthy + 1)
    expect("new", (scene.state / "agent" / "instance_uid").read_text() != before)


@scenario
def state_is_private(scene):
    run_once(scene)
    for path in (scene.state, *scene.state.rglob("*")):
        expect(f"{path} is for its owner alone", path.is_symlink() or path.stat().st_mode & 0o077 == 0)
    expect("and so is the agent's config", scene.config.stat().st_mode & 0o077 == 0)


if __name__ == "__main__":
    main()

"""opampctl, as the scenarios run it."""

import json

from rig import expect

DONE, FAILED, USAGE, NOT_FOUND, NOT_REACHABLE, REFUSED = range(6)


def socket_of(scene):
    return scene.state / "control.sock"


def ctl(scene, *arguments, code=DONE, before=(), path=None):
    """A run with this exit code."""
    done = scene.run("--socket", str(path or socket_of(scene)), *arguments, program="opampctl", before=before)
    expect(f"opampctl {' '.join(arguments)} ends with {code}: {done}", done.returncode == code)
    return done


def asked(scene, *arguments, code=DONE, **options):
    """The document that programs get."""
    return json.loads(ctl(scene, *arguments, "--json", code=code, **options).stdout)


def the_agent(scene):
    agent, = asked(scene, "status")["agents"]
    return agent


def revisions(scene):
    return asked(scene, "config", "history", "agent")["revisions"]


def await_answers(scene, path=None):
    """The socket is there a moment before anybody listens."""
    path = str(path or socket_of(scene))
    scene.wait_for("an answer", lambda: scene.run("--socket", path, "status", program="opampctl").returncode == DONE)


def begin(scene):
    peer = scene.begin(scene.probed())
    await_answers(scene)
    return peer

"""The bundled server, by its REST interface."""

import json

from rig import Program, eventually, expect, free_port, request


def bundled_server(scene):
    """Started; its page's port."""
    page = free_port()
    server = scene.also(Program([scene.programs.bin / "opamp-server", "--opamp-listen", f"127.0.0.1:{scene.port}", "--page-listen", f"127.0.0.1:{page}",
                                 "--state", scene.folder / "server.db"], log=scene.folder / "server.log", cwd=scene.folder))
    eventually("the server answers", lambda: server.runs() and request(page, "GET", "/api/agents").status == 200)
    return page


def known(page):
    """A line an agent."""
    return json.loads(request(page, "GET", "/api/agents").text)["agents"]


def set_config(page, uid, yaml):
    """Of one file."""
    answer = request(page, "POST", f"/api/agents/{uid}/config", yaml, {"Content-Type": "text/yaml"})
    expect(f"the server takes the config: {answer}", answer.status == 200)

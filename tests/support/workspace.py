"""A folder in which opampd supervises the demo service, by the smallest settings file that works."""

import json
import os
import re

from rig import Failed, Program, request

USUAL_SERVICE_PORT = 8080


class Workspace:
    def __init__(self, bin_folder, folder, opamp_port, service_port):
        self.bin, self.folder, self.service_port = bin_folder, folder, service_port
        self.state = folder / "state"
        self.config = folder / "effective.yaml"
        self.daemon = None
        (folder / "supervisor.yaml").write_text(
            f"server:\n  endpoint: ws://127.0.0.1:{opamp_port}/v1/opamp\nagent:\n  executable: ./demo-service\n")
        service = folder / "demo-service"
        if service_port == USUAL_SERVICE_PORT:
            service.symlink_to(bin_folder / "demo-service")
        else:  # the settings stay the smallest: another port is the agent's own business
            service.write_text(f"#!/bin/sh\nexec '{bin_folder}/demo-service' --port {service_port} \"$@\"\n")
            service.chmod(0o755)

    def start_daemon(self, **output):
        """opampd; its log goes to opampd.log unless `output` says otherwise."""
        self.daemon = Program([self.bin / "opampd", "--config", "supervisor.yaml"], cwd=self.folder,
                              log=None if output else self.folder / "opampd.log",
                              env={**os.environ, "STATE_DIRECTORY": str(self.state)}, **output)

    def ask_service(self, headers=None):
        return request(self.service_port, "GET", "/", headers=headers)

    def service_pid(self):
        """OSError while the service does not answer."""
        return int(re.search(r"^pid: (\d+)$", self.ask_service().text, re.MULTILINE)[1])

    def new_service_pid(self, before):
        """For `eventually`: the pid of a service that is not the one before."""
        if self.daemon:
            self.daemon.runs()
        pid = self.service_pid()
        return pid if pid != before else None

    def agent_log(self):
        found = list(self.state.rglob("agent.log"))
        if len(found) != 1:
            raise Failed(f"one agent.log in {self.state}, not {len(found)}")
        return found[0]

    def spans(self):
        lines = self.agent_log().read_text(errors="replace").splitlines()
        return [json.loads(line) for line in lines if line.startswith('{"name":')]


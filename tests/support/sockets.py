"""What the kernel knows of the connections of this machine."""

import pathlib
from typing import NamedTuple


class Sending(NamedTuple):
    unacknowledged: int = 0  # bytes
    probes_window: bool = False  # the other end takes nothing


def sending_of_peer(connection):
    """How the other end of this connection of ours fares with what it sends."""
    port = connection.socket.getpeername()[1]
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, _, queues, timer = line.split()[:6]
        if int(local.partition(":")[2], 16) == port:
            return Sending(int(queues.partition(":")[0], 16), timer.startswith("04:"))
    return Sending()

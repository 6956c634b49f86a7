"""Connections within the number of files that this process may open."""

import resource
import select
import socket
from pathlib import Path
from typing import Any

from gunicorn.workers.gthread import TConn

from api.server.parser import StrictParser
from api.server.sockets import PatientSocket

# Files kept for requests (temporary files, the database, pipes), at most half of what is left.
RESERVE = 200
# Bytes that wait to be sent. The kernel would keep megabytes and say that there is room again only
# when a third of them is gone, so that a client that is slow seems to have stopped.
UNSENT_BYTES = 131_072


def affordable(most: int) -> int:
    """Return how many connections may be open, `most` at most, so that requests can open files."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY:
        return most
    left = limit - sum(1 for _ in Path("/dev/fd").iterdir())
    return max(1, min(most, left - min(left // 2, RESERVE)))


class Connection(TConn):
    """A client's connection that is read patiently and strictly, and waits without a file."""

    data_ready: bool

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        super().__init__(cfg, PatientSocket(fileno=sock.detach()), client, server)
        self.parser = StrictParser(cfg, self.sock, client)

    def wait_for_data(self, timeout: float) -> bool:
        """Return whether data has come in time; gunicorn would open an epoll file to see it."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        self.data_ready = self.data_ready or bool(poll.poll(1000 * timeout))
        return self.data_ready

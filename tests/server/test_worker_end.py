"""A worker that is told to end before it has begun."""

import logging
import selectors
import socket

import pytest
from gunicorn.config import Config
from gunicorn.sock import TCPSocket

from api.server.worker import PatientWorker


@pytest.fixture
def worker() -> PatientWorker:
    """A worker with a port of its own, as it is when TERM came while it loaded its models."""
    one = object.__new__(PatientWorker)
    one.cfg = Config()
    one.alive, one._accepting, one.nr_conns, one._most = False, False, 0, 1000
    one.keepalived_conns, one.pending_conns = [], []
    one.sockets = [TCPSocket(("127.0.0.1", 0), one.cfg, logging.getLogger())]
    one.poller = selectors.DefaultSelector()
    return one


def test_closes_its_port_once(worker: PatientWorker) -> None:
    """gunicorn opens and closes it all the same; whoever comes now is refused, nothing crashes."""
    address = worker.sockets[0].getsockname()
    worker.set_accept_enabled(True)
    worker.set_accept_enabled(False)
    worker.poller.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)

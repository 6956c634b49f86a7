"""A limit to the time of all that a session of requests does.

The limits of requests and urllib3 are between two bytes: a head or a TLS greeting that comes at a
byte a second would hold a thread for days.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection


class Watch:
    """Cuts the connection in use when its time is over, in whatever state it is."""

    def __init__(self) -> None:
        self.is_over = False
        self._lock = threading.Lock()
        self._line: socket.socket | None = None

    def use(self, line: socket.socket) -> None:
        """Keep a second handle of this connection, for TLS takes the first one for itself.

        Raises:
            TimeoutError: the time is over already.
        """
        with self._lock:
            self._end()
            if self.is_over:
                line.close()
                raise TimeoutError
            self._line = line.dup()

    def cut(self) -> None:
        """The time is over: whoever waits for the connection is told that it has ended."""
        with self._lock:
            self.is_over = True
            self._end()

    def close(self) -> None:
        """All is done."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._line:
            with suppress(OSError):  # ended already
                self._line.shutdown(socket.SHUT_RDWR)
            self._line.close()
            self._line = None


@contextmanager
def limited(session: Any, seconds: float) -> Iterator[Watch]:
    """Requests of this `requests.Session`, one after the other, are cut off after so long."""
    watch = Watch()
    kinds = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}
    pools = {scheme: _watched(kind, watch) for scheme, kind in kinds.items()}
    for adapter in session.adapters.values():
        adapter.poolmanager.pool_classes_by_scheme = pools
    timer = threading.Timer(seconds, watch.cut)
    timer.daemon = True
    timer.start()
    try:
        yield watch
    finally:
        timer.cancel()
        watch.close()


def _watched(pool: type[HTTPConnectionPool], watch: Watch) -> type[HTTPConnectionPool]:
    """Such a pool, whose connections the watch knows from before their TLS greeting."""
    plain: Any = pool.ConnectionCls

    def connect(self: HTTPConnection) -> socket.socket:
        line: socket.socket = plain._new_conn(self)  # the one place between TCP and TLS
        watch.use(line)
        return line

    connection = type(plain.__name__, (plain,), {"_new_conn": connect})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})

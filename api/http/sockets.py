"""The sockets of clients: a limit on how long a client may take, and an end that it can read."""

import contextlib
import errno
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

STALL_SECONDS = 20.0
GRACE_SECONDS = 20.0
LEAST_BYTES_PER_SECOND = 2000
# How long a client that was refused may go on sending before it is cut off, and how long we
# wait for one that says nothing at all.
LINGER_SECONDS = 10.0
SILENCE_SECONDS = 2.0
RESET = struct.pack("ii", 1, 0)


class TooSlow(ConnectionResetError):
    """The client keeps us waiting. A kind of reset, which gunicorn ends without a fuss."""

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, "the client is too slow")


@contextlib.contextmanager
def patience() -> Iterator[None]:
    """Turns a time-out into TooSlow."""
    try:
        yield
    except TimeoutError:
        raise TooSlow from None


class PatientSocket(socket.socket):
    """A socket whose peer must keep sending and taking, and send not too slowly on average."""

    def begin_request(self) -> None:
        """Count from here."""
        self.started = time.monotonic()
        self.received = 0

    def setblocking(self, flag: bool) -> None:
        """Blocking means: for as long as a stall may last."""
        self.settimeout(STALL_SECONDS if flag else 0.0)

    def recv(self, size: int, flags: int = 0) -> bytes:
        """The next bytes.

        Raises:
            TooSlow: they do not come, or too slowly all in all.
        """
        with patience():
            data = super().recv(size, flags)
        self.received += len(data)
        spent = time.monotonic() - self.started
        if spent > GRACE_SECONDS and self.received / spent < LEAST_BYTES_PER_SECOND:
            raise TooSlow
        return data

    def sendall(self, data: Any, flags: int = 0) -> None:
        """All of the data.

        Raises:
            TooSlow: the client does not take it.
        """
        with patience():
            super().sendall(data, flags)

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """The file's bytes.

        Raises:
            TooSlow: the client does not take them.
        """
        with patience():
            return super().sendfile(file, offset, count)

    def part(self) -> None:
        """Say goodbye, and wait for the client's.

        Many clients send the whole body before they read the answer, so it has to be taken
        from them. gunicorn would give up after 64 kB, and wait in its main loop, where it
        serves nobody else meanwhile; after this it has nothing to wait for.
        """
        with contextlib.suppress(OSError):
            self.shutdown(socket.SHUT_WR)
            self._discard()
        with contextlib.suppress(OSError):
            self.shutdown(socket.SHUT_RD)

    def _discard(self) -> None:
        self.settimeout(SILENCE_SECONDS)
        until = time.monotonic() + LINGER_SECONDS
        while super().recv(65536):
            if time.monotonic() > until:
                self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                break

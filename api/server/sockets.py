"""The sockets of clients: a limit on how long a client may take, and an end that it can read."""

import contextlib
import logging
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

from api.http.serving import TooSlow

STALL_SECONDS = 20.0
# How long a client may take nothing of its answer. Its buffers make a slow reader take much at
# once, and seldom: curl with a limit on its rate rests for 20 seconds and more.
REST_SECONDS = 60.0
GRACE_SECONDS = 20.0
LEAST_BYTES_PER_SECOND = 2000
# How long a client that was refused may go on sending before it is cut off, and how long we
# wait for one that says nothing at all.
LINGER_SECONDS = 10.0
SILENCE_SECONDS = 2.0
RESET = struct.pack("ii", 1, 0)
PIECE_BYTES = 65_536
log = logging.getLogger("percept.connections")


@contextlib.contextmanager
def patience() -> Iterator[None]:
    """Turns a time-out into TooSlow."""
    try:
        yield
    except TimeoutError:
        raise TooSlow from None


def too_slow(count: int, seconds: float, grace: float) -> bool:
    """Whether so many bytes in so many seconds are too few."""
    return seconds > grace and count / seconds < LEAST_BYTES_PER_SECOND


class PatientSocket(socket.socket):
    """A socket whose peer must keep sending and taking, and not too slowly on average."""

    def begin_request(self) -> None:
        """Count from here."""
        self.started = time.monotonic()
        self.received = 0
        self.sent = 0
        self.sending_seconds = 0.0

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
        if too_slow(self.received, time.monotonic() - self.started, GRACE_SECONDS):
            raise TooSlow
        return data

    def sendall(self, data: Any, flags: int = 0) -> None:
        """All of the data, however long that takes a client that keeps taking it.

        Raises:
            TooSlow: the client stops taking it, or takes it too slowly all in all.
        """
        usual = self.gettimeout()
        self.settimeout(REST_SECONDS)
        left = memoryview(data).cast("B")
        try:
            while left:
                left = left[self._send_piece(left[:PIECE_BYTES], flags) :]
        finally:
            self.settimeout(usual)

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """The file's bytes, with the same limits.

        Raises:
            TooSlow: the client does not take them.
        """
        file.seek(offset)
        sent = 0
        while piece := file.read(PIECE_BYTES if count is None else min(PIECE_BYTES, count - sent)):
            self.sendall(piece)
            sent += len(piece)
        return sent

    def _send_piece(self, piece: memoryview, flags: int) -> int:
        """Send what fits; only time spent waiting for the client counts, none of ours."""
        began = time.monotonic()
        try:
            with patience():
                sent = super().send(piece, flags)
            self.sending_seconds += time.monotonic() - began
            self.sent += sent
            if too_slow(self.sent, self.sending_seconds, REST_SECONDS):
                raise TooSlow
        except TooSlow:
            log.info("client takes its answer too slowly", extra={"fields": {"sent": self.sent}})
            raise
        return sent

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

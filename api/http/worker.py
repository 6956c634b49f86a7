"""The gunicorn worker: threads, with a limit on how long a client may take to send a request."""

import contextlib
import errno
import json
import mmap
import select
import signal
import socket
import struct
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import uuid_utils
from gunicorn.workers.gthread import TConn, ThreadWorker

STALL_SECONDS = 20.0
GRACE_SECONDS = 20.0
LEAST_BYTES_PER_SECOND = 2000
# How long a client that was refused may go on sending before it is cut off, and how long we
# wait for one that says nothing at all.
LINGER_SECONDS = 10.0
SILENCE_SECONDS = 2.0
RESET = struct.pack("ii", 1, 0)
# Set once this worker is to end, by TERM or a reload: answers that have no end must end now.
draining = threading.Event()


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


class Overheard:
    """Stands in for a client while gunicorn says what is wrong; keeps only the status."""

    status = 500

    def gettimeout(self) -> float:
        """Nothing is ever waited for."""
        return 0.0

    def sendall(self, data: bytes) -> None:
        """Hear the status line."""
        self.status = int(data.split(b" ", 2)[1])


def refusal(status: int) -> bytes:
    """A whole answer to what cannot be read, in the shape of all refusals and in English."""
    title, request_id = HTTPStatus(status).phrase, str(uuid_utils.uuid7())
    code = "malformed" if status == HTTPStatus.BAD_REQUEST else title.lower().replace(" ", "_")
    problem = {
        "type": f"urn:percept:problem:{code}",
        "title": title,
        "status": status,
        "detail": "The request could not be read.",
        "code": code,
        "request_id": request_id,
    }
    body = json.dumps(problem)
    head = (
        f"HTTP/1.1 {status} {title}\r\n"
        "Connection: close\r\n"
        "Content-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        f"X-Request-Id: {request_id}\r\n\r\n"
    )
    return (head + body).encode()


def _has_visitor(listener: socket.socket) -> bool:
    """Whether somebody waits to be accepted; the other workers may be quicker all the same."""
    return bool(select.select([listener], [], [], 0)[0])


class PatientWorker(ThreadWorker):
    """gunicorn's threads; slow senders lose theirs instead of keeping it for good."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._shared = mmap.mmap(-1, 1)  # with the master, which makes this before it forks

    @property
    def serves(self) -> bool:
        """Whether the worker has begun to answer; the master knows it too."""
        return self._shared[0] == 1

    def run(self) -> None:
        """Answer requests until the end."""
        self._shared[0] = 1
        super().run()

    @property
    def worker_connections(self) -> int:
        """How many may be open: as many as have a thread each, beside those that rest.

        The next one is left to another worker; here it would wait behind slow clients.
        """
        resting = len(self.keepalived_conns) + len(self.pending_conns)
        return min(resting + int(self.cfg.threads), int(self.cfg.worker_connections))

    @worker_connections.setter
    def worker_connections(self, _: int) -> None:
        """gunicorn would set it once and for all."""

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections or not; in the end, whoever comes too late is refused at once.

        gunicorn would keep the port open, and let them wait for a worker that is none any more.
        """
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                while self.nr_conns < self.worker_connections and _has_visitor(listener):
                    self.accept(listener)
                listener.close()

    def is_parent_alive(self) -> bool:
        """Whether the master is there; without it this worker ends as it would by TERM."""
        alive: bool = super().is_parent_alive()
        if not alive:
            self.handle_exit(signal.SIGTERM, None)
        return alive

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Begin to end; the signal handler itself must not touch a lock."""
        self.method_queue.defer(draining.set)
        super().handle_exit(sig, frame)

    def handle(self, conn: TConn) -> Any:
        """Answer one request of a connection."""
        if not isinstance(conn.sock, PatientSocket):
            conn.sock = PatientSocket(fileno=conn.sock.detach())
        conn.sock.begin_request()
        keep = super().handle(conn)
        if not keep:
            conn.sock.part()
        return keep

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Log and answer what never reached the application."""
        heard = Overheard()
        super().handle_error(req, heard, addr, exc)
        with contextlib.suppress(OSError):
            client.sendall(refusal(heard.status))

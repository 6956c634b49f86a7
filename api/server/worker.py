"""The gunicorn worker: threads, with a limit on how long a client may take to send a request."""

import contextlib
import json
import mmap
import select
import signal
import socket
import time
from http import HTTPStatus
from typing import Any

import uuid_utils
from gunicorn.workers.gthread import ThreadWorker

from api.errors import OUT_OF_FILES
from api.http.serving import draining
from api.server.connections import Connection, affordable

OUT_OF_FILES_SECONDS = 0.05


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

    max_keepalived: int

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._most = int(self.cfg.worker_connections)
        self._shared = mmap.mmap(-1, 1)  # with the master, which makes this before it forks

    @property
    def serves(self) -> bool:
        """Whether the worker has begun to answer; the master knows it too."""
        return self._shared[0] == 1

    def run(self) -> None:
        """Answer requests until the end."""
        self._shared[0] = 1
        self._most = affordable(self._most)
        self.max_keepalived = min(self.max_keepalived, self._most // 2)
        super().run()

    @property
    def worker_connections(self) -> int:
        """How many may be open: as many as have a thread each, beside those that rest.

        The next one is left to another worker; here it would wait behind slow clients.
        """
        resting = len(self.keepalived_conns) + len(self.pending_conns)
        return min(resting + int(self.cfg.threads), self._most)

    @worker_connections.setter
    def worker_connections(self, _: int) -> None:
        """gunicorn would set it once and for all."""

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection; out of files, leave it waiting for a moment instead of dying."""
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            if error.errno not in OUT_OF_FILES:
                raise
            self.log.warning("Out of file descriptors: a connection has to wait.")
            time.sleep(OUT_OF_FILES_SECONDS)
            return
        self.nr_conns += 1
        self.enqueue_req(Connection(self.cfg, client, address, listener.getsockname()))

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
            self.sockets.clear()  # gunicorn calls this once more

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

    def handle(self, conn: Connection) -> Any:
        """Answer one request of a connection."""
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

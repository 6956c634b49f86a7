"""Servers of clients, which webhooks go to, and a network in which they have names."""

import base64
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
PUBLIC = "44.0.0.1"  # leads to the receiver wherever `Names` are in force


class Receiver(ThreadingHTTPServer):
    """Keeps what it is sent; answers by the path: /500, /308?target, else 204."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def port(self) -> int:
        return self.server_port

    @property
    def paths(self) -> list[str]:
        return [path for path, _, _ in self.got]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((self.path, dict(self.headers), body))
        status, _, target = self.path[1:].partition("?")
        self.send_response(int(status) if status.isdigit() else 204)
        if target:
            self.send_header("Location", target)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.server.got.append(("GET " + self.path, {}, b""))
        self.send_error(405)

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver that runs until the end of the block."""
    with Receiver() as receiver:
        if tls:
            receiver.socket = tls.wrap_socket(receiver.socket, server_side=True)
        thread = threading.Thread(target=receiver.serve_forever, args=(0.01,))
        thread.start()
        yield receiver
        receiver.shutdown()
        thread.join()


@contextmanager
def talking(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that talks as it likes with whoever connects; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_accept, args=(listener, talk))
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _accept(listener: socket.socket, talk: Callable[[socket.socket], None]) -> None:
    while True:
        try:
            line, _ = listener.accept()
        except OSError:
            return
        with line:
            try:
                talk(line)
            except OSError:
                continue


class Names:
    """Stands in for `socket.getaddrinfo`: names have the addresses of a table, one a question."""

    def __init__(self, port: int, table: dict[str, list[str]]):
        self.asked: list[str] = []
        self._port, self._table, self._real = port, table, socket.getaddrinfo

    def __call__(self, host: str, port: int, *rest: Any, **more: Any) -> list[Any]:
        self.asked.append(host)
        if host == PUBLIC:
            return self._real("127.0.0.1", self._port, *rest, **more)
        known = self._table.get(host, [host])
        return self._real(known.pop(0) if len(known) > 1 else known[0], port, *rest, **more)

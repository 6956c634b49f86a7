"""Serves /metrics for a process that serves nothing else, such as `percept worker`."""

import socket
import threading
from http.server import ThreadingHTTPServer
from socketserver import TCPServer

from prometheus_client import MetricsHandler


class MetricsServer(ThreadingHTTPServer):
    """prometheus-client's own server would look up the name of this machine when it starts."""

    daemon_threads = True

    def __init__(self, host: str, port: int):
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), MetricsHandler)

    def server_bind(self) -> None:
        """Take the address, and look up no name for it."""
        TCPServer.server_bind(self)


def serve_metrics(host: str, port: int) -> None:
    """Serve them in a thread of this process until it ends."""
    server = MetricsServer(host, port)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()

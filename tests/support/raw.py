"""Requests byte by byte, and who answers them."""

import http.client
import re
from collections.abc import Callable

from servers import Server

WORKER = re.compile(r'percept_process_resident_memory_bytes\{pid="(\d+)",role="worker"\} (\S+)')
Say = Callable[..., http.client.HTTPResponse]


def workers(server: Server) -> dict[str, float]:
    """The memory of each worker, by its process id."""
    return {pid: float(size) for pid, size in WORKER.findall(server.get("/metrics").text)}


def head(method: bytes, path: bytes, *lines: bytes) -> bytes:
    return b"\r\n".join((method + b" " + path + b" HTTP/1.1", b"Host: x", *lines, b"", b""))

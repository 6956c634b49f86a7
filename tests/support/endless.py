"""A WSGI application whose answers have no end until the worker is told to end."""

from collections.abc import Callable, Iterator
from typing import Any

from api.http.serving import draining


def app(_: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    """Dots, and a farewell."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    while not draining.wait(0.02):
        yield b"."
    yield b"bye"

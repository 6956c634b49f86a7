"""gunicorn's parser of requests: says honestly whether a connection can be used again."""

import contextlib
import re
import socket
import time
from typing import Any

from gunicorn.http.body import Body
from gunicorn.http.errors import InvalidHeader, ParseException
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser
from gunicorn.http.unreader import Unreader

# How long an answer waits for the short rest of a body that nobody read; gunicorn reads 64 kB.
REST_SECONDS = 0.1
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
# The authority of RFC 3986 without user information; may be empty.
HOST = re.compile(r"[\w.~!$&'()*+,;=%:\[\]-]*", re.ASCII)


class AwaitedBody(Body):
    """The body of a client that waits for 100 Continue, which is sent when somebody reads."""

    def __init__(self, reader: Any, client: socket.socket):
        super().__init__(reader)
        self._client = client
        self.asked_for = False

    def _read_reader(self, size: int) -> bytes:
        if not self.asked_for:
            self.asked_for = True
            self._client.sendall(CONTINUE)
        data: bytes = super()._read_reader(size)
        return data


class StrictRequest(Request):
    """A request whose answer ends the connection unless its body was read to the end."""

    parser: "StrictParser"
    body: Any
    _expected_100_continue: bool
    _body_was_read: bool | None = None

    def __init__(self, cfg: Any, unreader: Unreader, *more: Any) -> None:
        _skip_empty_line(unreader)
        super().__init__(cfg, unreader, *more)
        hosts = [value for name, value in self.headers if name == "HOST"]
        if (self.version >= (1, 1) and not hosts) or not all(map(HOST.fullmatch, hosts)):
            raise InvalidHeader("HOST", req=self)
        if self._expected_100_continue:
            self._expected_100_continue = False  # gunicorn would ask for the body of any request
            if getattr(self.body.reader, "length", None) != 0:
                self.body = AwaitedBody(self.body.reader, self.unreader.sock)

    def should_close(self) -> bool:
        """Return whether the connection ends with the answer; the first result stays."""
        if super().should_close() or "close" in self._connection_options():
            return True
        if self._body_was_read is None:
            self._body_was_read = self._reads_rest()
        return not self._body_was_read

    def _connection_options(self) -> list[str]:
        values = ",".join(value for name, value in self.headers if name == "CONNECTION")
        return [option.strip().lower() for option in values.split(",")]

    def _reads_rest(self) -> bool:
        """Read what is left of the body if it is short and here; return whether that is all."""
        if isinstance(self.body, AwaitedBody) and not self.body.asked_for:
            return False  # the client may send it or not
        with contextlib.suppress(OSError, ParseException):
            return bool(self.parser.finish_body(deadline=time.monotonic() + REST_SECONDS))
        return False


def _skip_empty_line(unreader: Unreader) -> None:
    """Skip the CR LF that some clients send after a body (RFC 9112, section 2.2)."""
    data: bytes = unreader.read()
    unreader.unread(data.removeprefix(b"\r\n"))


class StrictParser(RequestParser):
    """Parses the requests of one connection."""

    mesg_class = StrictRequest

    def __next__(self) -> StrictRequest:
        """Return the next request.

        Raises:
            StopIteration: there is none, or the connection cannot be used again.
        """
        request: StrictRequest = super().__next__()
        request.parser = self
        return request

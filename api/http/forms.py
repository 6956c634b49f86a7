"""Forms, read strictly and left tidy, where Werkzeug forgives and leaves the tidying to chance."""

from contextlib import ExitStack
from functools import cached_property
from typing import IO, Any

from flask import Flask, Request
from werkzeug.exceptions import BadRequest
from werkzeug.formparser import FormDataParser

LONGEST_BOUNDARY = 200  # RFC 2046 says 70, to which some clients do not quite keep


class StrictParser(FormDataParser):
    """Refuses a form that it cannot read; Werkzeug's would take it for an empty one."""

    def parse(
        self, stream: IO[bytes], mimetype: str, length: int | None, options: Any = None
    ) -> Any:
        """The stream, the fields and the files."""
        self.silent = False
        if len((options or {}).get("boundary", "")) > LONGEST_BOUNDARY:
            raise BadRequest
        try:
            return super().parse(stream, mimetype, length, options)
        except ValueError:
            raise BadRequest from None


class TidyRequest(Request):
    """Closes its temporary files in any case, not only those of forms that came whole."""

    form_data_parser_class = StrictParser

    @cached_property
    def _opened(self) -> ExitStack:
        return ExitStack()

    def _get_file_stream(self, *args: Any, **kwargs: Any) -> IO[bytes]:
        stream = super()._get_file_stream(*args, **kwargs)
        self._opened.callback(stream.close)
        return stream

    def close(self) -> None:
        """Called by Flask when the request is over."""
        self._opened.close()


def init_app(app: Flask) -> None:
    """Makes requests of this kind."""
    app.request_class = TidyRequest

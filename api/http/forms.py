"""Forms, read strictly and left tidy, where Werkzeug forgives and leaves the tidying to chance."""

from contextlib import ExitStack
from functools import cached_property
from typing import IO, Any

from flask import Flask, Request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import BadRequest
from werkzeug.formparser import FormDataParser, MultiPartParser
from werkzeug.sansio.multipart import File

from api.errors import Malformed, TooLarge

LONGEST_BOUNDARY = 200  # RFC 2046 says 70, to which some clients do not quite keep
LONGEST_HEAD = 16 * 1024


class StrictMultipart(MultiPartParser):
    """Refuses parts with a large head; Werkzeug would keep it for as long as the file."""

    def get_part_charset(self, headers: Headers) -> str:
        """Return the encoding of a text field."""
        _check_head(headers)
        return super().get_part_charset(headers)

    def start_file_streaming(self, event: File, total_content_length: int | None) -> IO[bytes]:
        """Open a temporary file for a part."""
        _check_head(event.headers)
        return super().start_file_streaming(event, total_content_length)


def _check_head(headers: Headers) -> None:
    if sum(len(name) + len(value) for name, value in headers) > LONGEST_HEAD:
        raise TooLarge(
            "The headers of a form field are larger than %(limit)s bytes.", limit=LONGEST_HEAD
        )


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
            stream, form, files = super().parse(stream, mimetype, length, options)
        except ValueError:
            raise BadRequest from None
        if None in form or None in files:  # a part without a name
            raise BadRequest
        return stream, form, files

    def _parse_multipart(
        self, stream: IO[bytes], _: str, length: int | None, options: dict[str, str]
    ) -> Any:
        parser = StrictMultipart(
            self.stream_factory,
            self.max_form_memory_size,
            self.cls,
            max_form_parts=self.max_form_parts,
        )
        boundary = options.get("boundary", "").encode("ascii")
        if not boundary:
            raise Malformed(
                "The Content-Type of the form has no boundary. Let the HTTP client set this header."
            )
        return stream, *parser.parse(stream, boundary, length)


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

"""Which media type a route answers with, by what the client accepts."""

import pytest
from flask import Flask, Response
from werkzeug.exceptions import NotAcceptable

from api.http.negotiation import heeds_accept, or_octets, preferred

OFFERED = ("application/json", "text/plain", "text/html", "application/pdf")


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
        ("application/*", "application/json"),
        ("text/plain", "text/plain"),
        ("text/*", "text/plain"),
        ("TEXT/HTML", "text/html"),
        ("text/plain; charset=utf-8", "text/plain"),
        ("text/html;q=0.5, application/pdf", "application/pdf"),
        ("text/html;q=0.5, application/pdf;q=0.4, */*;q=0.1", "text/html"),
        ("application/json;q=0, */*", "text/plain"),
        ("application/*;q=0.1, application/pdf", "application/pdf"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("image/png, */*;q=0.01", "application/json"),
        ("application/problem+json", "application/json"),
        ("application/problem+json, text/html", "text/html"),
        ("application/x-pdf", "application/pdf"),
    ],
)
def test_the_one_that_the_client_likes_best(accept: str | None, expected: str) -> None:
    """By its weights; what comes first here where it has no preference."""
    headers = {} if accept is None else {"Accept": accept}
    with Flask("x").test_request_context(headers=headers):
        assert preferred(*OFFERED) == expected


@pytest.mark.parametrize(
    "accept", ["image/png", "application/xml", "text/html;q=0", "*/*;q=0", "application/hal+json"]
)
def test_none_that_it_accepts(accept: str) -> None:
    """Then there is no answer."""
    with Flask("x").test_request_context(headers={"Accept": accept}), pytest.raises(NotAcceptable):
        preferred(*OFFERED)


FORMATS = {"wav": "audio/wav", "mp3": "audio/mpeg", "opus": "audio/ogg"}


@pytest.mark.parametrize(
    ("given", "accept", "expected"),
    [
        (None, None, "wav"),
        (None, "*/*", "wav"),
        (None, "audio/mpeg", "mp3"),
        (None, "audio/mp3", "mp3"),
        (None, "audio/ogg;q=0.9, audio/mpeg;q=0.1", "opus"),
        (None, "application/json", "wav"),
        (None, "application/problem+json", "wav"),
        ("mp3", "audio/ogg", "mp3"),
        ("", "audio/ogg", "opus"),
    ],
)
def test_the_format_by_accept(given: str | None, accept: str | None, expected: str) -> None:
    """By Accept where none is given; the default where that allows none: nothing is refused."""
    view = heeds_accept("options", FORMATS)(lambda options: options["format"])
    headers = {} if accept is None else {"Accept": accept}
    with Flask("x").test_request_context(headers=headers):
        assert view(options={"format": given}) == expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "audio/wav"),
        ("*/*", "audio/wav"),
        ("audio/wav, application/octet-stream", "audio/wav"),
        ("application/octet-stream", "application/octet-stream"),
        ("application/octet-stream, audio/wav;q=0.5", "application/octet-stream"),
        ("application/json", "audio/wav"),
    ],
)
def test_octets(accept: str | None, expected: str) -> None:
    """Clients that only know bytes get them under that name."""
    view = or_octets("audio/wav")(lambda: Response(b"RIFF", content_type="audio/wav"))
    with Flask("x").test_request_context(headers={} if accept is None else {"Accept": accept}):
        assert view().content_type == expected

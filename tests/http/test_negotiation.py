"""Which media type a route answers with, by what the client accepts."""

import pytest
from flask import Flask
from werkzeug.exceptions import NotAcceptable

from api.http.negotiation import preferred

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

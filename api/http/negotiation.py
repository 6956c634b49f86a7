"""Which of its media types a route answers with, by the Accept header."""

import functools
from collections.abc import Callable
from typing import Any

from flask import Response, request
from flask_restx import Namespace
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import NotAcceptable

from api.http.refusals import NO_FORMAT, refusal
from api.media import registered

OCTETS = "application/octet-stream"
PROBLEM = "application/problem+json"
View = Callable[..., Any]


def negotiates(ns: Namespace, *offered: str) -> Callable[[View], View]:
    """Hands the view the `media_type` that the client likes best; documents the refusal."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def choosing(*args: Any, **kwargs: Any) -> Any:
            return view(*args, media_type=preferred(*offered), **kwargs)

        return refusal(ns, 406, "The `Accept` header allows none of the formats", NO_FORMAT)(
            choosing
        )

    return decorate


def heeds_accept(given_in: str, formats: dict[str, str]) -> Callable[[View], View]:
    """Fills in the `format` of the options or the body by the Accept header if it is not given.

    `formats` has the media types; the first format is the default, also if Accept allows none.
    """
    by_type = {media_type: name for name, media_type in formats.items()}

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def choosing(*args: Any, **kwargs: Any) -> Any:
            asked = kwargs[given_in]
            form = asked.get("format") or by_type[_best(*by_type) or next(iter(by_type))]
            return view(*args, **{**kwargs, given_in: {**asked, "format": form}})

        return choosing

    return decorate


def or_octets(*types: str) -> Callable[[View], View]:
    """Calls a file of these types application/octet-stream for clients that like that better."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def answering(*args: Any, **kwargs: Any) -> Any:
            answer = view(*args, **kwargs)
            if isinstance(answer, Response) and _best(*types, OCTETS) == OCTETS:
                answer.content_type = OCTETS
            return answer

        return answering

    return decorate


def preferred(*offered: str) -> str:
    """The media type that the client likes best; the first one where it does not mind.

    Raises:
        NotAcceptable: it accepts none of them.
    """
    best = _best(*offered)
    # Generated clients may name the type of refusals only, though they want an answer.
    if best is None and _best(PROBLEM) is None:
        raise NotAcceptable
    return best or offered[0]


def _best(*offered: str) -> str | None:
    """Return the media type that the client likes best, or None if it accepts none of them."""
    if not request.accept_mimetypes:
        return offered[0]
    # Many clients add a charset, which Werkzeug would have to be offered too.
    wishes = ((wish.partition(";")[0].strip(), q) for wish, q in request.accept_mimetypes)
    plain = [(registered(wish), q) for wish, q in wishes]
    return MIMEAccept(plain).best_match(offered)

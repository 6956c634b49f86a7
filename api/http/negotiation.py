"""Which of its media types a route answers with, by the Accept header."""

import functools
from collections.abc import Callable
from typing import Any

from flask import request
from flask_restx import Namespace
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import NotAcceptable

View = Callable[..., Any]


def negotiates(ns: Namespace, *offered: str) -> Callable[[View], View]:
    """Hands the view the `media_type` that the client likes best; documents the refusal."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def choosing(*args: Any, **kwargs: Any) -> Any:
            return view(*args, media_type=preferred(*offered), **kwargs)

        return ns.response(406, "The `Accept` header allows none of the formats")(choosing)  # type: ignore[no-any-return]

    return decorate


def preferred(*offered: str) -> str:
    """The media type that the client likes best; the first one where it does not mind.

    Raises:
        NotAcceptable: it accepts none of them.
    """
    if not request.accept_mimetypes:
        return offered[0]
    # Many clients add a charset, which Werkzeug would have to be offered too.
    plain = [(wish.partition(";")[0].strip(), q) for wish, q in request.accept_mimetypes]
    best = MIMEAccept(plain).best_match(offered)
    if best is None:
        raise NotAcceptable
    return best

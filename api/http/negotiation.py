"""Which of its media types a route answers with, by the Accept header."""

from flask import request
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import NotAcceptable


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

"""The one place where an exception becomes a status and a problem+json body (RFC 9457)."""

import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Flask, Response, current_app, g, request
from flask_babel import gettext, lazy_gettext
from gunicorn.http.errors import ParseException
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import ClientDisconnected, HTTPException, NotFound
from werkzeug.routing import RequestRedirect

from api import errors
from api.errors import N_, PerceptError
from api.http import faults
from api.http.jobs import running
from api.http.proxies import public
from api.http.ratelimit import RateLimited
from api.http.serving import TooSlow

log = logging.getLogger(__name__)

STATUS: dict[type[PerceptError], int] = {
    errors.Malformed: 400,
    errors.NotSignedIn: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.WrongMediaType: 415,
    errors.Invalid: 422,
    errors.Unusable: 422,
    errors.Overloaded: 503,
    errors.NotReady: 503,
    RateLimited: 429,
}
TITLES = {
    308: lazy_gettext("Redirect"),
    400: lazy_gettext("Bad request"),
    401: lazy_gettext("Not authenticated"),
    403: lazy_gettext("Forbidden"),
    404: lazy_gettext("Not found"),
    405: lazy_gettext("Method not allowed"),
    406: lazy_gettext("Not acceptable"),
    408: lazy_gettext("Request timeout"),
    409: lazy_gettext("Conflict"),
    413: lazy_gettext("Content too large"),
    415: lazy_gettext("Unsupported media type"),
    416: lazy_gettext("Range not satisfiable"),
    417: lazy_gettext("Expectation failed"),
    422: lazy_gettext("Invalid request"),
    429: lazy_gettext("Too many requests"),
    500: lazy_gettext("Internal server error"),
    503: lazy_gettext("Service unavailable"),
}
DETAILS = {
    308: lazy_gettext("The correct URL is in the Location header."),
    400: lazy_gettext("The request could not be read."),
    404: lazy_gettext("There is nothing at this URL."),
    405: lazy_gettext(
        "This URL does not support the method. The Allow header lists the supported methods."
    ),
    406: lazy_gettext("This URL has no response in a media type that the Accept header allows."),
    408: lazy_gettext("The request arrived too slowly."),
    413: lazy_gettext("The request is larger than this server accepts."),
    415: lazy_gettext("This URL does not accept this media type."),
    416: lazy_gettext("The file does not have this byte range."),
    500: lazy_gettext("An internal error occurred. Search the server's logs for the request_id."),
}
CODES = {
    308: "moved",
    400: "malformed",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "request_timeout",
    413: "too_large",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    500: "internal_error",
}
RETRY_SECONDS = "2"
LATER = N_("Jobs have a higher limit: send the header Prefer: respond-async.")


def problem_body(status: int, code: str, detail: str, **more: Any) -> dict[str, Any]:
    """The members of a problem object; `more` holds extensions such as `errors`."""
    return {
        "type": f"urn:percept:problem:{code}",
        "title": str(TITLES.get(status, TITLES[400])),
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": g.get("request_id", ""),
        **more,
    }


def problem(
    status: int, code: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """A problem+json answer."""
    return _answer(problem_body(status, code, detail, **more), headers or {})


def _answer(body: dict[str, Any], headers: Mapping[str, str]) -> Response:
    answer = Response(json.dumps(body), body["status"], mimetype="application/problem+json")
    answer.headers.update(headers)
    return answer


def translated(template: str, values: Mapping[str, object]) -> str:
    """The template in the caller's language, with its values."""
    return str(gettext(template, **values)) if values else str(gettext(template))


def described(error: PerceptError) -> dict[str, Any]:
    """The problem object of anything that was refused in domain words."""
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    more: dict[str, Any] = dict(error.members)
    if isinstance(error, errors.Invalid):
        more["errors"] = [
            {"field": e.field, "message": translated(e.message, e.values)} for e in error.errors
        ]
    detail = translated(error.message, error.values)
    if isinstance(error, errors.TooMuchAtOnce) and not running():
        detail = f"{detail} {gettext(LATER)}"
    return problem_body(status, error.code, detail, **more)


def percept_error(error: PerceptError) -> Response:
    """The answer to anything that was refused in domain words."""
    body = described(error)
    headers = dict(getattr(error, "headers", {}))
    if body["status"] == 401:
        headers.setdefault("WWW-Authenticate", _challenge(error.code))
    if body["status"] == 503 or isinstance(error, errors.InProgress):
        headers.setdefault("Retry-After", RETRY_SECONDS)
    return _answer(body, headers)


def _challenge(code: str) -> str:
    # RFC 6750: no error code where no credentials were sent at all.
    if code == "not_signed_in":
        return 'Bearer realm="percept"'
    return f'Bearer realm="percept", error="invalid_token", error_description="{code}"'


def http_error(error: HTTPException) -> Response:
    """The answer to what Flask and Werkzeug refuse by themselves."""
    status = error.code or 500
    kept = {"Allow", "Retry-After", "Accept", "Content-Range"}
    headers = {k: v for k, v in error.get_headers(request.environ) if k in kept}
    detail = str(DETAILS.get(status, DETAILS[400]))
    return problem(status, CODES.get(status, "malformed"), detail, headers)


def moved() -> Response | None:
    """To the address without the slash too much, if there is something at it."""
    error, path = request.routing_exception, request.path.rstrip("/")
    if isinstance(error, NotFound) and path != request.path and _is_known(path):
        place = quote(public(path))
    elif isinstance(error, RequestRedirect):
        place = urlsplit(error.new_url).path
    else:
        return None
    query = request.query_string.decode("latin-1")
    headers = {"Location": f"{place}?{query}" if query else place}
    return problem(308, CODES[308], str(DETAILS[308]), headers)


def _is_known(path: str) -> bool:
    return bool(current_app.url_map.bind("").allowed_methods(path))


def bad_framing(_: ParseException) -> Response:
    """The answer to a body whose chunks make no sense."""
    return problem(400, CODES[400], str(DETAILS[400]))


def broken_off(error: ClientDisconnected) -> Response:
    """The answer to a body that does not come to its end."""
    # Werkzeug makes this one error of whatever goes wrong with the connection.
    status = 408 if isinstance(error.__context__, TooSlow) else 400
    return problem(status, CODES[status], str(DETAILS[status]))


def fault(error: Exception) -> Response:
    """Return the answer to a fault of the disk, the database or the system; else it is a bug."""
    known = faults.known(error)
    if known is None:
        return crash(error)
    log.error("%s: %s", known.code, type(error).__name__)
    return percept_error(known)


def crash(error: Exception) -> Response:
    """The answer to a bug: tells nothing of the inside."""
    log.error("unhandled", exc_info=error)
    return problem(500, "internal_error", str(DETAILS[500]))


def init_app(app: Flask) -> None:
    """Handlers go on the app, not on the flask-restx Api, which would swallow them."""
    app.before_request(moved)  # Flask lets no error handler see its redirects
    app.register_error_handler(PerceptError, percept_error)
    app.register_error_handler(HTTPException, http_error)
    for kind in (DBAPIError, PoolTimeout, OSError):
        app.register_error_handler(kind, fault)
    app.register_error_handler(ClientDisconnected, broken_off)
    app.register_error_handler(ParseException, bad_framing)
    app.register_error_handler(Exception, crash)

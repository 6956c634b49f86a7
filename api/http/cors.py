"""Which web pages may call this server: one setting, exact origins."""

import logging
import re

from flask import Flask, Response, request

from api.config import Settings
from api.extensions import cors

ALLOWED = "Access-Control-Allow-Origin"
MOST_TOLD = 20  # origins in the log; anybody can make up more
EXPOSED = (
    "Accept-Ranges",
    "Allow",
    "Content-Disposition",
    "Content-Language",
    "Content-Location",
    "Content-Range",
    "ETag",
    "Language-Confidence",
    "Link",
    "Location",
    "Preference-Applied",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-Id",
)

log = logging.getLogger(__name__)


def init_app(app: Flask, settings: Settings) -> None:
    """Answers preflights before anybody is asked to sign in; no cookies, so no credentials."""
    _tell_of_refused(app, settings)  # before flask-cors, because Flask calls the first one last
    if not settings.cors_origins:
        return
    everyone = "*" in settings.cors_origins
    # Patterns, because flask-cors takes no heed of case in plain words.
    exact = [re.compile(re.escape(origin) + r"\Z") for origin in settings.cors_origins]
    cors.init_app(
        app,
        origins="*" if everyone else exact,
        send_wildcard=everyone,
        expose_headers=list(EXPOSED),
        max_age=600,
        supports_credentials=False,
        always_send=False,
        vary_header=False,
    )
    if not everyone:
        app.after_request(_vary)


def _vary(response: Response) -> Response:
    # On refusals too: a cache must not hand one origin's answer to another.
    response.vary.add("Origin")
    return response


def _tell_of_refused(app: Flask, settings: Settings) -> None:
    """Log each origin that is refused, once: a browser tells only its user."""
    told: set[str] = set()

    @app.after_request
    def tell(response: Response) -> Response:
        origin = request.headers.get("Origin", "")
        if not origin or ALLOWED in response.headers or origin in told or len(told) >= MOST_TOLD:
            return response
        if not _is_own(origin, settings):
            told.add(origin)
            log.warning(
                "Pages of %.200s can't read the answers of this server. To allow them, add this "
                "origin to PERCEPT_CORS_ORIGINS.",
                origin,
            )
        return response


def _is_own(origin: str, settings: Settings) -> bool:
    """Return whether it is that of this server's own pages."""
    return f"{origin}/" == request.host_url or f"{settings.public_url}/".startswith(f"{origin}/")

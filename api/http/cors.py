"""Which web pages may call this server: one setting, exact origins."""

import re

from flask import Flask, Response

from api.config import Settings
from api.extensions import cors

EXPOSED = (
    "Accept-Ranges",
    "Allow",
    "Content-Disposition",
    "Content-Location",
    "Content-Range",
    "ETag",
    "Link",
    "Location",
    "Preference-Applied",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-Id",
)


def init_app(app: Flask, settings: Settings) -> None:
    """Answers preflights before anybody is asked to sign in; no cookies, so no credentials."""
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

"""Which web pages may call this server: one setting, exact origins."""

from flask import Flask

from api.config import Settings
from api.extensions import cors

EXPOSED = (
    "Content-Location",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-Id",
)


def init_app(app: Flask, settings: Settings) -> None:
    """Answers preflights before anybody is asked to sign in; no cookies, so no credentials."""
    if settings.cors_origins:
        everyone = settings.cors_origins == ("*",)
        cors.init_app(
            app,
            origins="*" if everyone else list(settings.cors_origins),
            expose_headers=list(EXPOSED),
            max_age=600,
            supports_credentials=False,
            always_send=False,
        )

"""Which language to answer in."""

from flask import Flask, has_request_context, request

from api.config import ROOT
from api.extensions import babel

LANGUAGES = ("en", "es")


def preferred() -> str:
    """The best of our languages by Accept-Language; English otherwise."""
    if not has_request_context():
        return LANGUAGES[0]
    wanted = (tag.partition("-")[0].lower() for tag, q in request.accept_languages if q)
    return next((language for language in wanted if language in LANGUAGES), LANGUAGES[0])


def init_app(app: Flask) -> None:
    """Binds Flask-Babel to the catalogues in api/translations."""
    babel.init_app(
        app,
        locale_selector=preferred,
        default_translation_directories=str(ROOT / "api" / "translations"),
    )

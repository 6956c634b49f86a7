"""Puts the application together, in reading order."""

from dataclasses import dataclass
from importlib.metadata import version

from flask import Flask

from api import accounts, services
from api.config import Settings, load_settings
from api.db import database
from api.http import (
    capacity,
    cors,
    deletions,
    docs,
    errors,
    forms,
    health,
    history,
    inference,
    job_metrics,
    listing,
    locale,
    logs,
    metrics,
    proxies,
    ratelimit,
    security,
    tokens,
)
from api.http.restx import Api
from api.jobs import queue
from api.offer import offered

PREFIX = "/api/v1"
DESCRIPTION = (
    "Self-hosted image classification, OCR, text to speech and speech to text. Register, sign "
    "in, select Authorize and paste the access token."
)


@dataclass(frozen=True)
class Percept:
    """What this process offers."""

    offered: frozenset[str]


def create_app(settings: Settings | None = None) -> Flask:
    """The application: settings, extensions, errors, accounts, services, docs, in this order."""
    settings = settings or load_settings()
    app = Flask(__name__, static_folder=None)
    configure(app, settings)
    proxies.init_app(app, settings)
    logs.init_app(app, settings)
    forms.init_app(app)
    metrics.init_app(app)
    cors.init_app(app, settings)
    security.init_app(app)
    locale.init_app(app)
    errors.init_app(app)
    database.init_app(app, settings)
    tokens.init_app(app, settings)
    ratelimit.init_app(app, settings)
    capacity.init_app(app, settings)
    history.init_app(app, settings)
    inference.init_app(app, settings)
    queue.init_app(app, settings)
    app.register_blueprint(health.health)
    docs.init_app(app)
    add_namespaces(app, offered(settings))
    return app


def configure(app: Flask, settings: Settings) -> None:
    """Flask's own settings; all limits are set, none is left to a default."""
    app.config.update(
        SETTINGS=settings,
        MAX_CONTENT_LENGTH=settings.max_upload_mb * 1_000_000,
        MAX_FORM_MEMORY_SIZE=500_000,
        MAX_FORM_PARTS=100,
        PROPAGATE_EXCEPTIONS=False,
        RESTX_MASK_HEADER="",
        RESTX_MASK_SWAGGER=False,
        ERROR_INCLUDE_MESSAGE=False,
        RESTX_JSON={"ensure_ascii": False},
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # labels are Spanish too
    app.json.sort_keys = False  # type: ignore[attr-defined]  # documents have a reading order


def add_namespaces(app: Flask, wanted: frozenset[str]) -> None:
    """The routes of the wanted accounts and services, and of the models list."""
    app.extensions["percept"] = Percept(wanted)
    api = Api(
        prefix=PREFIX,
        title="Percept",
        version=version("percept"),
        description=DESCRIPTION,
        doc=False,
        authorizations={
            "bearer": {"type": "apiKey", "in": "header", "name": "Authorization"},
            "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        },
    )
    # Without its own swagger.json; the constructor does not heed this.
    api.init_app(app, add_specs=False)
    app.extensions["api"] = api
    if "jobs" in wanted:
        job_metrics.init_app(app)
    if "history" in wanted:
        deletions.init_app(app)
    for namespace in accounts.found(set(wanted)):
        api.add_namespace(namespace)
    for service in services.found(set(wanted)):
        inference.add_pool(app, service.name, service.engines)
        api.add_namespace(service.namespace)
    api.add_namespace(listing.namespace)

"""What every inference route shares: admission, an engine on loan, timings, the common answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Flask, current_app
from flask_restx import fields

from api.config import Settings
from api.enginekit.installed import InstalledModels
from api.enginekit.pool import EnginePool, Loaded
from api.enginekit.stopwatch import Stopwatch
from api.http import metrics
from api.http.capacity import admitted
from api.models import new_id, now


@dataclass
class Run:
    """One inference: the model on loan, the watch that times its stages, its id."""

    service: str
    loaded: Loaded
    watch: Stopwatch = field(default_factory=Stopwatch)
    id: UUID = field(default_factory=new_id)
    started_at: datetime = field(default_factory=now)

    def answer(self, **result: Any) -> dict[str, Any]:
        """The result with the members that every inference answer has."""
        return {
            "id": str(self.id),
            "model": self.loaded.model,
            "created_at": rfc3339(self.started_at),
            "timing_ms": self.watch.milliseconds(),
            **result,
        }


ANSWER_FIELDS = {
    "id": fields.String(required=True, description="Id of this inference (UUIDv7)."),
    "model": fields.String(required=True, description="The model that answered."),
    "created_at": fields.String(required=True, description="RFC 3339, UTC."),
    "timing_ms": fields.Raw(required=True, description="Milliseconds by stage, and `total`."),
}


def rfc3339(time: datetime) -> str:
    """The time as the API writes it: UTC with Z."""
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def init_app(app: Flask, settings: Settings) -> None:
    """Makes the models store and room for each service's pool."""
    app.extensions["models"] = InstalledModels(settings.models_dir)
    app.extensions["pools"] = {}


def add_pool(app: Flask, service: str, engines: Any) -> None:
    """Gives a service its pool; `engines` is the module with its ENGINES table and `choose`."""
    settings: Settings = app.config["SETTINGS"]

    def on_load(loaded: Loaded, seconds: float) -> None:
        metrics.model_loaded(service, loaded.model, loaded.engine_name, seconds)

    app.extensions["pools"][service] = EnginePool(
        service, engines.ENGINES, engines.chooser(settings), store(app), on_load
    )


def pools(app: Flask | None = None) -> dict[str, EnginePool]:
    """The pool of each service that this process offers."""
    return (app or current_app).extensions["pools"]  # type: ignore[no-any-return]


def store(app: Flask | None = None) -> InstalledModels:
    """The models store."""
    return (app or current_app).extensions["models"]  # type: ignore[no-any-return]


@contextmanager
def inference(service: str, model: str | None) -> Iterator[Run]:
    """Lets a request in, lends it its model, and counts what it took.

    Raises:
        Overloaded, NotReady, Unusable: there is no place, or no such model.
    """
    with admitted():
        loaded = pools()[service].get(model)
        run = Run(service, loaded)
        try:
            yield run
        finally:
            for stage, seconds in run.watch.seconds.items():
                metrics.inference_stage(service, loaded.model, stage, seconds)

"""What every inference route shares: admission, models on loan, timings, answer, history."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Flask, current_app
from flask_restx import fields

from api.config import Settings
from api.db.database import refuse_if_full
from api.enginekit import guests
from api.enginekit.catalogue import Entry
from api.enginekit.installed import InstalledModels
from api.enginekit.pool import EnginePool, Loaded
from api.enginekit.stopwatch import Stopwatch
from api.http import history, metrics
from api.http.auth import caller
from api.http.capacity import admitted
from api.http.jobs import running
from api.http.restx import Id, Milliseconds, Time
from api.http.times import rfc3339
from api.models import new_id, now
from api.storage import File


@dataclass
class Run:
    """One inference: where its models come from, the watch that times its stages, its id.

    `input` and `output` are the files that the history keeps, once the route knows them.
    """

    service: str
    pool: EnginePool
    options: dict[str, Any]
    watch: Stopwatch = field(default_factory=Stopwatch)
    id: UUID = field(default_factory=new_id)
    started_at: datetime = field(default_factory=now)
    loaded: Loaded | None = None
    input: File | None = None
    output: File | None = None

    def lend(self, model: str | None = None) -> Loaded:
        """The model of this name, or the default one; the latest one lent is the answer's.

        Raises:
            Unusable, NotReady: there is no such model, or it cannot be loaded.
        """
        self.loaded = self.pool.get(model)
        return self.loaded

    @property
    def model(self) -> str:
        """The name of the model that answers."""
        return self.loaded.model if self.loaded else ""

    def answer(self, language: str | None = None, /, **result: Any) -> dict[str, Any]:
        """The result with the members that every inference answer has; written to the history.

        Raises:
            NotReady, NotSignedIn: it cannot be written; then nothing is stored.
        """
        timing = self.watch.milliseconds()
        history.write(
            self.id,
            caller().user_id,
            {"input": self.input, "output": self.output},
            created_at=self.started_at,
            service=self.service,
            model=self.model,
            language=language,
            options={k: v for k, v in self.options.items() if v is not None},
            duration_ms=timing["total"],
            result=result,
        )
        return {
            "id": str(self.id),
            "model": self.model,
            "created_at": rfc3339(self.started_at),
            "timing_ms": timing,
            **result,
        }


ANSWER_FIELDS = {
    "id": Id(required=True, description="Id of the history entry."),
    "model": fields.String(
        required=True, example="mobilenet_v2", description="Model that was used."
    ),
    "created_at": Time(required=True),
    "timing_ms": Milliseconds(
        required=True,
        example={"decode": 16.96, "infer": 38.61, "total": 55.57},
        description="Milliseconds of each stage, and `total`.",
    ),
}


def init_app(app: Flask, settings: Settings) -> None:
    """Makes the models store, room for each service's pool, and says how many guests there are."""
    app.extensions["models"] = InstalledModels(settings.models_dir)
    app.extensions["pools"] = {}
    app.extensions["voices"] = {}
    guests.configure(settings.guests, settings.guest_memory_mb, metrics.guest_lost)


def add_pool(app: Flask, service: str, engines: Any) -> None:
    """Gives a service its pool; `engines` is the module with its ENGINES table and `chooser`."""
    settings: Settings = app.config["SETTINGS"]
    guest = f"{engines.__name__.rpartition('.')[0]}.guest"
    if importlib.util.find_spec(guest):
        guests.preload(guest)

    def on_change(loaded: Loaded, seconds: float | None) -> None:
        metrics.model_changed(service, loaded.model, loaded.engine_name, seconds)

    if hasattr(engines, "voices"):
        app.extensions["voices"][service] = engines.voices
    app.extensions["pools"][service] = EnginePool(
        service, engines.ENGINES, engines.chooser(settings), store(app), on_change
    )


def pools(app: Flask | None = None) -> dict[str, EnginePool]:
    """The pool of each service that this process offers."""
    return (app or current_app).extensions["pools"]  # type: ignore[no-any-return]


def voices(entry: Entry) -> list[str]:
    """The voices of an installed model that speaks; none of any other."""
    voices_of = current_app.extensions["voices"].get(entry.task)
    folder = store().installed(entry.name)
    return [voice.id for voice in voices_of(folder, entry)] if voices_of and folder else []


def store(app: Flask | None = None) -> InstalledModels:
    """The models store."""
    return (app or current_app).extensions["models"]  # type: ignore[no-any-return]


@contextmanager
def inference(service: str, options: dict[str, Any]) -> Iterator[Run]:
    """Lets a request in, and counts what it took; `options` are what the history keeps.

    A job takes nobody's place: there are only so many at a time.

    Raises:
        Overloaded: there is no place.
        NotReady: the disk is full.
    """
    job = running()
    refuse_if_full()
    with nullcontext() if job else admitted():
        run = Run(service, pools()[service], options)
        if job:
            run.id, run.watch = job.claim.id, Stopwatch(job.report)
        try:
            yield run
        finally:
            engine = run.loaded.engine_name if run.loaded else ""
            for stage, seconds in run.watch.seconds.items():
                metrics.inference_stage(service, run.model, engine, stage, seconds)

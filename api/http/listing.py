"""GET /models: every model in the catalogue, and its state here."""

from dataclasses import asdict
from typing import Any

from flask_restx import Namespace, Resource, fields

from api.enginekit.catalogue import Entry
from api.enginekit.installed import left_out
from api.http import paging
from api.http.auth import signed_in
from api.http.inference import pools, store, voices
from api.http.options import Option, takes_options
from api.http.restx import Cursor, model

namespace = Namespace("models", description="List the available and the installed models.")

entry_schema = model(
    namespace,
    "Entry",
    name=fields.String(required=True, example="mobilenet_v2"),
    title=fields.String(required=True, example="MobileNetV2, 1000 ImageNet classes"),
    task=fields.String(required=True, example="classify"),
    languages=fields.List(fields.String, required=True, example=["en", "es"]),
    engines=fields.List(
        fields.String,
        required=True,
        example=["litert"],
        description="Engines that can run it on this server.",
    ),
    voices=fields.List(
        fields.String, required=True, example=[], description="Voices of a text-to-speech model."
    ),
    size=fields.Integer(required=True, example=14_614_539, description="Size in bytes."),
    licence=fields.String(required=True, example="Apache-2.0"),
    accuracy=fields.Raw(
        required=True,
        description="Published or measured accuracy, with its source.",
        example={
            "top1": 71.3,
            "dataset": "ImageNet validation set",
            "source": "https://keras.io/api/applications/",
            "top5": 90.1,
        },
    ),
    missing_packages=fields.List(
        fields.String,
        required=True,
        example=[],
        description="Python packages that it needs and that this server is installed without.",
    ),
    installed=fields.Boolean(required=True),
    default=fields.Boolean(required=True),
    loaded=fields.Boolean(
        required=True, description="Whether the worker that sends this response has it in memory."
    ),
)
list_schema = model(
    namespace,
    "List",
    items=fields.List(fields.Nested(entry_schema), required=True),
    next_cursor=Cursor(required=True),
)
TASK = Option("task", "Only models for this task, such as `classify`.")


@namespace.route("")
class Models(Resource):
    """The catalogue."""

    @namespace.doc("list_models")
    @signed_in(namespace)
    @takes_options(namespace, TASK, *paging.OPTIONS)
    @namespace.response(200, "The models", list_schema)
    def get(self, options: dict[str, Any]) -> paging.Page:
        """List all models of the catalogue."""
        entries = store().entries(options["task"])
        after = [entry for entry in entries if entry.name > (options["cursor"] or "")]
        return paging.answer(after, options["limit"], lambda entry: entry.name, _shown)


def _shown(entry: Entry) -> dict[str, Any]:
    pool = pools().get(entry.task)
    return {
        "name": entry.name,
        "title": entry.title,
        "task": entry.task,
        "languages": list(entry.languages),
        "engines": sorted(entry.engines),
        "voices": voices(entry),
        "size": store().size(entry.name),
        "licence": entry.licence,
        "accuracy": asdict(entry.accuracy) if entry.accuracy else {},
        "missing_packages": left_out(entry),
        "installed": store().installed(entry.name) is not None,
        "default": store().default(entry.task) == entry.name,
        "loaded": pool is not None and entry.name in pool.loaded(),
    }

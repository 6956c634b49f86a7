"""/classify: one picture, or many in one request."""

from dataclasses import asdict
from typing import Any

from flask import current_app
from flask_restx import Resource

from api.enginekit.image import MEDIA_TYPES
from api.http.auth import signed_in
from api.http.deferral import CALLBACK, respond_async
from api.http.errors import described
from api.http.history import stores_files
from api.http.idempotency import idempotent
from api.http.inference import inference
from api.http.options import takes_options
from api.http.refusals import busy, refusal
from api.http.uploads import takes_file, takes_files
from api.services.classify import schemas, service
from api.services.classify.schemas import namespace
from api.storage import File


def _options(given: dict[str, Any]) -> service.Options:
    max_pixels = current_app.config["SETTINGS"].max_megapixels * 1_000_000
    return service.Options(given["top_k"], given["language"], max_pixels, stores_files())


@namespace.route("")
class Classify(Resource):
    """One picture."""

    @namespace.doc("classify")
    @signed_in(namespace, "classify")
    @takes_file(namespace, "image", MEDIA_TYPES)
    @takes_options(namespace, *schemas.OPTIONS, CALLBACK)
    @idempotent(namespace)
    @respond_async(namespace)
    @namespace.response(200, "The classes, most likely first", schemas.answer)
    @refusal(namespace, 503, "The server is at capacity, or has no model", busy())
    def post(self, image: File, options: dict[str, Any]) -> dict[str, Any]:
        """Classify an image (JPEG, PNG, WebP, GIF, TIFF, BMP, HEIC or AVIF)."""
        with inference("classify", options) as run:
            model = run.lend(options["model"])
            found, run.input = service.classify(model, image.content, _options(options), run.watch)
            predictions = [asdict(prediction) for prediction in found]
            return run.answer(options["language"], predictions=predictions)


@namespace.route("/batch")
class ClassifyBatch(Resource):
    """Many pictures."""

    @namespace.doc("classify_batch")
    @signed_in(namespace, "classify")
    @takes_files(namespace, "image", schemas.MOST_FILES)
    @takes_options(namespace, *schemas.OPTIONS, CALLBACK)
    @idempotent(namespace)
    @respond_async(namespace)
    @namespace.response(200, "A result for each image, in order", schemas.batch_answer)
    @refusal(namespace, 503, "The server is at capacity, or has no model", busy())
    def post(self, images: list[File], options: dict[str, Any]) -> dict[str, Any]:
        """Classify up to 32 images; an invalid file does not affect the others."""
        with inference("classify", options) as run:
            model = run.lend(options["model"])
            found, run.input = service.classify_many(
                model, [image.content for image in images], _options(options), run.watch
            )
            results = [_shown(result) for result in found]
            return run.answer(options["language"], results=results)


def _shown(result: list[service.Prediction] | service.Bad) -> Any:
    if isinstance(result, service.Bad):
        return described(result)
    return [asdict(prediction) for prediction in result]

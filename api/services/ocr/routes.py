"""/ocr: a picture or document becomes text, with places or in the format that is asked for."""

from typing import Any

from flask import current_app
from flask_restx import Resource

from api.enginekit.pages import Line, Word
from api.errors import WrongMediaType
from api.http.auth import signed_in
from api.http.deferral import CALLBACK, respond_async
from api.http.history import stores_files
from api.http.idempotency import idempotent
from api.http.inference import inference
from api.http.jobs import most
from api.http.negotiation import negotiates
from api.http.options import takes_options
from api.http.refusals import busy, refusal
from api.http.restx import answers_with
from api.http.streaming import located
from api.http.uploads import takes_file
from api.services.ocr import schemas, service
from api.services.ocr.schemas import HTML, JSON, PDF, TEXT, namespace
from api.storage import File


@namespace.route("")
class OpticalCharacterRecognition(Resource):
    """One picture or document."""

    @namespace.doc("ocr")
    @signed_in(namespace, "ocr")
    @takes_file(namespace, "image", schemas.MEDIA_TYPES)
    @takes_options(namespace, *schemas.OPTIONS, CALLBACK)
    @negotiates(namespace, JSON, TEXT, HTML, PDF)
    @idempotent(namespace)
    @respond_async(namespace)
    @answers_with(
        namespace,
        "The text with positions (JSON), plain text, hOCR, or a searchable PDF",
        schemas.answer,
        JSON,
        TEXT,
        HTML,
        PDF,
        shown=schemas.SHOWN,
    )
    @refusal(namespace, 503, "The server is at capacity, or has no model", busy())
    def post(self, image: File, options: dict[str, Any], media_type: str) -> Any:
        """Read the text of an image (JPEG, PNG, WebP, GIF, TIFF, BMP, HEIC or AVIF) or a PDF.

        TIFF and PDF files may have many pages. The text layer of a PDF page is used where it has
        one, with form values, comments and stamps; OCR reads images without text over them. Set
        `force_ocr` to read whole pages. The `Accept` header selects the format of the response.
        """
        limits = _limits(options)
        with inference("ocr", options) as run:
            _check_type(image)
            engine = options["engine"] or current_app.config["SETTINGS"].ocr_engine
            readers = service.readers(run.pool.store, run.lend, engine, options["language"])
            found = service.read(image.content, limits, readers, run.watch)
            run.loaded = readers.of(found.engine)
            if stores_files():
                run.input = service.copy(image.content, len(found.pages))
            if media_type != JSON:
                run.output = _written(found, image.content, media_type)
            answer = run.answer(found.language, **_result(found))
        return located(run, run.output.content, run.output.media_type) if run.output else answer


def _limits(options: dict[str, Any]) -> service.Limits:
    settings = current_app.config["SETTINGS"]
    pixels = settings.max_megapixels * 1_000_000
    return service.Limits(pixels, most("pages"), options["force_ocr"])


def _check_type(file: File) -> None:
    """Refuses a PDF file that is said to be a picture: somebody is being misled."""
    if file.media_type.startswith("image/") and service.is_pdf(file.content):
        raise WrongMediaType(
            "The file is a PDF, but its Content-Type is %(type)s.", type=file.media_type
        )


def _result(found: service.Document) -> dict[str, Any]:
    return {
        "text": found.text,
        "language": found.language,
        "pages": [
            {
                "number": page.number,
                "width": page.width,
                "height": page.height,
                "rotation": page.rotation,
                "engine": page.engine,
                "lines": [
                    {**_shown(line), "words": list(map(_shown, line.words))} for line in page.lines
                ],
            }
            for page in found.pages
        ],
    }


def _shown(part: Line | Word) -> dict[str, Any]:
    """Show a line without its words, or a word; `asdict` would copy each point of hundreds of
    thousands."""
    return {"text": part.text, "confidence": part.confidence, "polygon": part.polygon}


def _written(found: service.Document, data: bytes, media_type: str) -> File:
    if media_type == PDF:
        return File(service.searchable(data, found), PDF)
    text = service.hocr(found) if media_type == HTML else f"{found.text}\n"
    return File(text.encode(), f"{media_type}; charset=utf-8")

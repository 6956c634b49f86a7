"""What OCR looks like on the wire."""

from flask_restx import Namespace, fields

from api.enginekit.image import MEDIA_TYPES as PICTURES
from api.http.inference import ANSWER_FIELDS
from api.http.options import Option
from api.http.restx import model
from api.services.ocr.service import CHOICES

namespace = Namespace("ocr", description="What is written in pictures and documents.")

JSON, TEXT, HTML, PDF = "application/json", "text/plain", "text/html", "application/pdf"
MEDIA_TYPES = (*PICTURES, PDF)

LANGUAGE = Option(
    "language",
    "The language to read: a code such as `en` or `es`. Without it, the engine goes by the "
    "languages that it knows. Which ones there are depends on the installed models; see "
    "`GET /models`.",
)
ENGINE = Option(
    "engine",
    "Who reads: `auto` takes, page by page, the installed engine that suits the page. The "
    "default is the setting `PERCEPT_OCR_ENGINE`, which is `auto` unless it was changed.",
    choices=CHOICES,
)
FORCE = Option(
    "force_ocr",
    "Whether to read pages of PDF files by sight that have a text layer.",
    bool,
    default=False,
)
OPTIONS = (LANGUAGE, ENGINE, FORCE)


def _confidence() -> fields.Float:
    return fields.Float(required=True, min=0, max=1, example=0.98, description="How sure, 0 to 1.")


def _polygon(example: list[list[float]]) -> fields.List:
    return fields.List(
        fields.List(fields.Float, min_items=2, max_items=2),
        required=True,
        min_items=4,
        max_items=4,
        example=example,
        description="Four corners `[x, y]` in pixels of the page as it was sent, clockwise from "
        "the one where the text begins.",
    )


word = model(
    namespace,
    "Word",
    text=fields.String(required=True, example="Total"),
    confidence=_confidence(),
    polygon=_polygon([[102.0, 640.0], [171.5, 640.0], [171.5, 662.0], [102.0, 662.0]]),
)
line = model(
    namespace,
    "Line",
    text=fields.String(required=True, example="Total 7.00"),
    confidence=_confidence(),
    polygon=_polygon([[102.0, 640.0], [260.0, 640.0], [260.0, 662.0], [102.0, 662.0]]),
    words=fields.List(fields.Nested(word), required=True),
)
page = model(
    namespace,
    "Page",
    number=fields.Integer(required=True, min=1, example=1),
    width=fields.Integer(
        required=True,
        min=1,
        example=1654,
        description="Pixels of the picture as its EXIF orientation shows it; of a page of a PDF "
        "file, at 200 dots per inch or, if it is larger than A3, fewer.",
    ),
    height=fields.Integer(required=True, min=1, example=2339),
    rotation=fields.Integer(
        required=True,
        enum=[0, 90, 180, 270],
        example=0,
        description="Degrees to turn the page clockwise so that its text is upright.",
    ),
    engine=fields.String(
        required=True,
        example="rapidocr",
        description="Who has read it; `text_layer` where the text was in the PDF file.",
    ),
    lines=fields.List(fields.Nested(line), required=True, description="In reading order."),
)
answer = model(
    namespace,
    "Answer",
    **ANSWER_FIELDS,
    text=fields.String(
        required=True,
        example="Total 7.00",
        description="Lines with a line feed, pages with a form feed between them.",
    ),
    language=fields.String(
        required=True,
        example="en",
        description="The language that was asked for, else `en` or `es` where the text is in "
        "one of them, else `und`.",
    ),
    pages=fields.List(fields.Nested(page), required=True),
)

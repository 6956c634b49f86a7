"""What OCR looks like on the wire."""

from flask_restx import Namespace, fields

from api.enginekit.image import MEDIA_TYPES as PICTURES
from api.http.inference import ANSWER_FIELDS
from api.http.options import Option
from api.http.restx import model
from api.services.ocr.service import CHOICES

namespace = Namespace("ocr", description="Read the text of images and documents (OCR).")

JSON, TEXT, HTML, PDF = "application/json", "text/plain", "text/html", "application/pdf"
MEDIA_TYPES = (*PICTURES, PDF)
SHOWN = {
    TEXT: "Total 7.00\n",
    HTML: '<span class="ocr_line" title="bbox 102 640 260 662">Total 7.00</span>',
}

LANGUAGE = Option(
    "language",
    "Language of the text, such as `en` or `es`. Without it, the engine uses all languages that "
    "it knows. They depend on the installed models; see `GET /models`.",
)
ENGINE = Option(
    "engine",
    "OCR engine. `auto` selects an installed engine for each page. The default is the setting "
    "`PERCEPT_OCR_ENGINE`, normally `auto`.",
    choices=CHOICES,
)
FORCE = Option(
    "force_ocr",
    "`true`: read PDF pages as images, even if they have a text layer.",
    bool,
    default=False,
)
OPTIONS = (LANGUAGE, ENGINE, FORCE)


def _confidence() -> fields.Float:
    return fields.Float(
        required=True, min=0, max=1, example=0.98, description="Confidence, from 0 to 1."
    )


def _polygon(example: list[list[float]]) -> fields.List:
    return fields.List(
        fields.List(fields.Float, min_items=2, max_items=2),
        required=True,
        min_items=4,
        max_items=4,
        example=example,
        description="Four corners `[x, y]` in pixels of the original page, clockwise from the "
        "start of the text.",
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
        description="Pixels of the image, after EXIF orientation. PDF pages are rendered at 200 "
        "dots per inch, or fewer if larger than A3.",
    ),
    height=fields.Integer(required=True, min=1, example=2339),
    rotation=fields.Integer(
        required=True,
        enum=[0, 90, 180, 270],
        example=0,
        description="Clockwise rotation, in degrees, that makes most of the text upright.",
    ),
    engine=fields.String(
        required=True,
        example="rapidocr",
        description="Engine that read the page, or the part of it that is not in the PDF's text "
        "layer; `text_layer` if all text is from there.",
    ),
    lines=fields.List(
        fields.Nested(line),
        required=True,
        description="In reading order. Lines in other directions, such as a note at the margin, "
        "follow the others.",
    ),
)
answer = model(
    namespace,
    "Answer",
    **ANSWER_FIELDS,
    text=fields.String(
        required=True,
        example="Total 7.00",
        description="The whole text. Line feeds separate lines, form feeds separate pages.",
    ),
    language=fields.String(
        required=True,
        example="en",
        description="The requested language. Otherwise that of the text, or `und` if that is "
        "doubtful.",
    ),
    pages=fields.List(fields.Nested(page), required=True),
)

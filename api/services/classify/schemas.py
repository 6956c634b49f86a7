"""What classification looks like on the wire."""

from flask_restx import Namespace, fields

from api.http.inference import ANSWER_FIELDS
from api.http.options import Option
from api.http.restx import ListOrProblem, model
from api.services.classify.service import LANGUAGES

namespace = Namespace("classify", description="Find out what an image shows.")

TOP_K = Option("top_k", "Number of classes to return.", int, 5, 1, 20)
MODEL = Option("model", "Name of an installed model; see `GET /models`.")
LANGUAGE = Option("language", "Language of the labels.", str, "en", choices=LANGUAGES)
OPTIONS = (TOP_K, MODEL, LANGUAGE)
MOST_FILES = 32

prediction = model(
    namespace,
    "Prediction",
    class_id=fields.String(
        required=True, example="n02123045", description="WordNet id for ImageNet models."
    ),
    label=fields.String(required=True, example="tabby"),
    probability=fields.Float(required=True, min=0, max=1, example=0.93),
)
answer = model(
    namespace,
    "Answer",
    **ANSWER_FIELDS,
    predictions=fields.List(fields.Nested(prediction), required=True),
)
batch_answer = model(
    namespace,
    "BatchAnswer",
    **ANSWER_FIELDS,
    results=fields.List(
        ListOrProblem(
            prediction,
            example=[{"class_id": "n02123045", "label": "tabby", "probability": 0.93}],
        ),
        required=True,
        description="One result for each file, in order: a list of predictions, or a problem "
        "object.",
    ),
)

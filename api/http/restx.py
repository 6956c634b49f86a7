"""flask-restx with Flask's own error handling left alone; the kinds of fields that we use."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import flask_restx
from flask_restx import Model, Namespace, fields

from api.errors import PerceptError
from api.http.bodies import JSON_LIMIT, is_empty, json_body, refusals_of
from api.http.refusals import refusal

WHY_REFUSED = {
    400: "The body cannot be parsed",
    413: "The body is too large",
    415: "The body has the wrong media type",
    422: "The body is invalid; `errors` lists the fields",
}
View = Callable[..., Any]
PROBLEM_REF = "#/definitions/Problem"


class Api(flask_restx.Api):
    """Leaves every error to the handlers on the app.

    flask-restx would answer a bare 500 for refused tokens outside of tests, add a `message` key
    and list other routes in its 404s.
    """

    def error_router(self, original_handler: Callable[..., Any], e: Exception) -> Any:
        """Hand the error back to Flask."""
        return original_handler(e)


class Id(fields.String):
    """A UUIDv7."""

    __schema_example__ = "01a1fbed-c317-7722-907f-f02a73331a68"


class Time(fields.String):
    """A time in RFC 3339, UTC."""

    __schema_format__ = "date-time"
    __schema_example__ = "2026-11-21T02:27:05.623Z"


class NullableString(fields.String):
    """A string that may be null."""

    __schema_type__ = ("string", "null")


class TypedString(fields.String):
    """A string that people type; the rules hold for what `as_kept` makes of it."""

    def __init__(self, as_kept: Callable[[str], str], **rules: Any):
        super().__init__(**rules)
        self.as_kept = as_kept


class NullableTypedString(TypedString, NullableString):
    """The same, or null."""


class Anything(fields.Raw):
    """A value of no single type; the description says which ones."""

    __schema_type__ = None


class Binary(fields.Raw):
    """The bytes of a file."""

    __schema_type__ = "string"
    __schema_format__ = "binary"


class NullableTime(fields.String):
    """An RFC 3339 time that may be null."""

    __schema_type__ = ("string", "null")
    __schema_format__ = "date-time"
    __schema_example__ = Time.__schema_example__


class Cursor(NullableString):
    """Where the next page of a list begins; null on the last one."""

    __schema_example__ = Id.__schema_example__


class Milliseconds(fields.Raw):
    """Durations by name."""

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return {**super().schema(), "additionalProperties": {"type": "number"}}


class Email(TypedString):
    """An e-mail address."""

    __schema_format__ = "email"


class ProblemObject(fields.Raw):
    """A problem object."""

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema: what is said of all problems, beside the description."""
        return {"description": self.description, "allOf": [{"$ref": PROBLEM_REF}]}


class ListOrProblem(fields.Raw):
    """A list of what a model describes, or a problem object."""

    def __init__(self, of: Model, **more: Any):
        super().__init__(**more)
        self.of = of

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema; Swagger 2.0 cannot say it, so it is for the converter."""
        items = {"$ref": f"#/definitions/{self.of.name}"}
        either = [{"type": "array", "items": items}, {"$ref": PROBLEM_REF}]
        return {**super().schema(), "type": None, "x-one-of": either}


class ShownModel(Model):
    """A model with an example of the whole, where those of its fields would not go together."""

    shown: dict[str, Any] | None = None

    @property
    def _schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = super()._schema
        return schema | ({"example": self.shown} if self.shown else {})


def model(
    ns: Namespace, model_name: str, /, shown: dict[str, Any] | None = None, **columns: Any
) -> Model:
    """A strict model, named after its namespace because names are global in flask-restx."""
    made = ShownModel(f"{ns.name}.{model_name}", columns, strict=True)
    made.shown = shown
    ns.add_model(made.name, made)
    return made


def answers_with(
    ns: Namespace,
    description: str,
    schema: Model | Binary,
    *media_types: str,
    shown: Mapping[str, str] | None = None,
) -> Callable[[View], View]:
    """Documents a 200 that comes in one of these media types; the schema is that of the JSON.

    `shown` has an example for each of those that are text.
    """

    def decorate(view: View) -> View:
        vendor = {"x-shown": dict(shown or {})}
        documented = ns.doc(produces=list(media_types), vendor=vendor)(view)
        return ns.response(200, description, schema)(documented)  # type: ignore[no-any-return]

    return decorate


def takes(ns: Namespace, schema: Model, optional: bool = False) -> Callable[[View], View]:
    """Checks a JSON body against the schema and hands it to the view as `body`.

    An `optional` body that is left out is an empty object.
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def reading(*args: Any, **kwargs: Any) -> Any:
            left_out = optional and is_empty(JSON_LIMIT)
            body = {} if left_out else json_body(schema)
            return view(*args, body=body, **kwargs)

        documented = ns.expect(schema, validate=False)(reading)
        if optional:
            documented = ns.doc(vendor={"x-optional-body": True})(documented)
        return refuses_bodies(ns, documented, refusals_of(schema))

    return decorate


def refuses_bodies(ns: Namespace, view: View, examples: dict[int, PerceptError]) -> View:
    """Documents the ways in which a request's body can be refused."""
    for status, why in WHY_REFUSED.items():
        view = refusal(ns, status, why, examples[status])(view)
    return view

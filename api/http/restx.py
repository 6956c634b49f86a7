"""flask-restx with Flask's own error handling left alone; the kinds of fields that we use."""

import functools
from collections.abc import Callable
from typing import Any

import flask_restx
from flask import request
from flask_restx import Model, Namespace, fields

from api.http.bodies import json_body

BODY_REFUSALS = {
    400: "The body cannot be parsed",
    413: "The body is too large",
    415: "The body has the wrong media type",
    422: "The body is invalid; `errors` lists the fields",
}
View = Callable[..., Any]


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

    __schema_type__ = "file"


class NullableTime(fields.String):
    """An RFC 3339 time that may be null."""

    __schema_type__ = ("string", "null")
    __schema_format__ = "date-time"
    __schema_example__ = Time.__schema_example__


class Cursor(NullableString):
    """Where the next page of a list begins; null on the last one."""

    __schema_example__ = Id.__schema_example__


def model(ns: Namespace, model_name: str, /, **columns: Any) -> Model:
    """A strict model, named after its namespace because names are global in flask-restx."""
    made = Model(f"{ns.name}.{model_name}", columns, strict=True)
    ns.add_model(made.name, made)
    return made


def answers_with(
    ns: Namespace, description: str, schema: Model | Binary, *media_types: str
) -> Callable[[View], View]:
    """Documents a 200 that comes in one of these media types; the schema is that of the JSON."""

    def decorate(view: View) -> View:
        documented = ns.doc(produces=list(media_types))(view)
        return ns.response(200, description, schema)(documented)  # type: ignore[no-any-return]

    return decorate


def takes(ns: Namespace, schema: Model, optional: bool = False) -> Callable[[View], View]:
    """Checks a JSON body against the schema and hands it to the view as `body`.

    An `optional` body that is left out is an empty object.
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def reading(*args: Any, **kwargs: Any) -> Any:
            sent = request.content_length or request.headers.get("Transfer-Encoding")
            body = json_body(schema) if sent or not optional else {}
            return view(*args, body=body, **kwargs)

        documented = ns.expect(schema, validate=False)(reading)
        if optional:
            documented = ns.doc(vendor={"x-optional-body": True})(documented)
        return refuses_bodies(ns, documented)

    return decorate


def refuses_bodies(ns: Namespace, view: View) -> View:
    """Documents the ways in which a request's body can be refused."""
    for status, why in BODY_REFUSALS.items():
        view = ns.response(status, why)(view)
    return view

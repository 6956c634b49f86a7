"""Options: query parameters or form fields, equally; checked, and told all at once."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.errors import Invalid
from api.http.options import Option, read_options

Refused = Callable[..., dict[str, Any]]
OPTIONS = (
    Option("top_k", "How many.", int, 5, 1, 20),
    Option("language", "Which.", str, "en", choices=("en", "es")),
    Option("model", "Any."),
    Option("sharp", "Or not.", bool, False),
)
DEFAULTS = {"top_k": 5, "language": "en", "model": None, "sharp": False}


def read(app: Flask, query: dict[str, Any], form: dict[str, Any]) -> dict[str, Any]:
    with app.test_request_context("/", method="POST", query_string=query, data=form):
        return read_options(OPTIONS)


@pytest.mark.parametrize(
    ("given", "read_as"),
    [
        ({}, {}),
        ({"top_k": "1"}, {"top_k": 1}),
        ({"top_k": "", "model": ""}, {}),
        ({"top_k": "20", "language": "es"}, {"top_k": 20, "language": "es"}),
        ({"model": "mobilenet_v2"}, {"model": "mobilenet_v2"}),
        ({"sharp": "TRUE"}, {"sharp": True}),
        ({"sharp": "0"}, {"sharp": False}),
        ({"sharp": "on"}, {"sharp": True}),
        ({"sharp": "Yes"}, {"sharp": True}),
        ({"sharp": "OFF"}, {"sharp": False}),
    ],
)
def test_query_and_form_alike(
    app: Flask, given: dict[str, str], read_as: dict[str, object]
) -> None:
    """The same option means the same in the query and in the form."""
    assert read(app, given, {}) == read(app, {}, given) == {**DEFAULTS, **read_as}


WRONG: list[tuple[dict[str, Any], str]] = [
    *[({"top_k": bad}, "top_k") for bad in ("0", "21", "-1", "x", "1.0", "1e3", " 1", "٣")],
    ({"top_k": "9" * 5000}, "top_k"),
    ({"top_k": ["1", "2"]}, "top_k"),
    ({"language": "fr"}, "language"),
    ({"language": "EN"}, "language"),
    ({"model": "a\0b"}, "model"),
    ({"model": "x" * 201}, "model"),
    ({"sharp": "maybe"}, "sharp"),
    ({"topk": "1"}, "topk"),
    ({"a\nb": "1"}, "?"),
    ({"x" * 500: "1"}, "x" * 64),
]


def test_refused(app: Flask) -> None:
    """Out of limits, not a number, repeated or unknown: the field is named, in query and form."""
    for given, field in WRONG:
        for query, form in ((given, {}), ({}, given)):
            with pytest.raises(Invalid) as caught:
                read(app, query, form)
            assert [error.field for error in caught.value.errors] == [field]


def test_given_in_both_places(app: Flask) -> None:
    """An option in the query and in the form is given twice."""
    with pytest.raises(Invalid):
        read(app, {"top_k": "1"}, {"top_k": "1"})


def test_all_at_once(client: FlaskClient, refused: Refused, ada: dict[str, Any]) -> None:
    """Every wrong option is told in one answer."""
    answer = client.get("/api/v1/models?limit=0&cursor=%00&colour=red", headers=ada["headers"])
    errors = refused(answer, 422, "validation_failed")["errors"]
    assert {error["field"] for error in errors} == {"limit", "cursor", "colour"}


def test_only_exact_names_count(client: FlaskClient, ada: dict[str, Any]) -> None:
    """`limit[]`, repetitions and bytes that are no UTF-8 never get past as something else."""
    for query, status in (
        ("?limit=5", 200),
        ("?limit[]=5", 422),
        ("?limit=5&limit=6", 422),
        ("?limit=%ff", 422),
    ):
        answer = client.get(f"/api/v1/models{query}", headers=ada["headers"])
        assert answer.status_code == status, query

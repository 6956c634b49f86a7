"""Everything that is said to people is said in Spanish too."""

import ast
import io
import re
from inspect import signature

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask.testing import FlaskClient

from api import errors
from api.config import ROOT

FOLDER = ROOT / "api" / "translations" / "es" / "LC_MESSAGES"
SPANISH = {"Accept-Language": "es-MX, es;q=0.9, en;q=0.5"}
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
# Which argument of each call is the message.
POSITIONS = {
    name: 0
    for name, kind in vars(errors).items()
    if isinstance(kind, type)
    and issubclass(kind, errors.PerceptError)
    and "message" in signature(kind).parameters
} | {"FieldError": 1, "invalid": 1, "_wrong": 0, "N_": 0, "lazy_gettext": 0}


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    return read_po(io.BytesIO((FOLDER / "messages.po").read_bytes()), locale="es")


def messages_in_code() -> set[str]:
    """What `make translations` finds."""
    methods, options = parse_mapping_cfg(io.StringIO((ROOT / "babel.cfg").read_text()))
    found = extract_from_dir(ROOT, methods, options)
    return {row[2] if isinstance(row[2], str) else row[2][0] for row in found}


def calls(code: ast.AST) -> list[tuple[str, ast.expr]]:
    """The message argument of each call that takes one."""
    found = []
    for node in ast.walk(code):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in POSITIONS and len(node.args) > POSITIONS[name]:
                found.append((name, node.args[POSITIONS[name]]))
    return found


def values(code: ast.AST, name: str) -> list[object]:
    """The plain literals that a name of this file is given."""
    return [
        node.value.value
        for node in ast.walk(code)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and name in [getattr(target, "id", "") for target in node.targets]
    ]


def test_every_message_is_found_by_babel():
    """A message is a plain literal or marked with N_, and Babel's settings find each of them."""
    known, problems = messages_in_code(), []
    for file in (ROOT / "api").rglob("*.py"):
        if file.name in ("conversion.py", "exporting.py"):  # for operators, in English
            continue
        code = ast.parse(file.read_text())
        for name, argument in calls(code):
            literal = isinstance(argument, ast.Constant)
            messages = [argument.value] if literal else values(code, getattr(argument, "id", ""))
            for message in set(messages) - known:
                problems.append(f"{file.name}: {message!r} is not extracted")
            if not literal and not isinstance(argument, ast.Name | ast.Attribute):
                problems.append(f"{file.name}:{argument.lineno}: {name} takes no plain message")
    assert len(known) > 100
    assert not problems


def test_every_message_is_translated(catalogue: Catalog):
    """The catalogue holds each message of the code, and no other, with a Spanish text."""
    translated = {message.id for message in catalogue if message.id and message.string}
    assert translated == messages_in_code()
    assert not [message.id for message in catalogue if message.fuzzy and message.id]


def test_placeholders_survive_translation(catalogue: Catalog):
    """A Spanish text has the values of the English one, neither more nor fewer."""
    for message in catalogue:
        if message.id:
            wanted = sorted(set(PLACEHOLDER.findall(message.id)))
            assert sorted(set(PLACEHOLDER.findall(message.string))) == wanted, message.id


def test_compiled_catalogue_is_current(catalogue: Catalog):
    """messages.mo is what messages.po compiles to (`make translations`)."""
    fresh = io.BytesIO()
    write_mo(fresh, catalogue)
    assert (FOLDER / "messages.mo").read_bytes() == fresh.getvalue()


@pytest.mark.parametrize(
    ("request_", "title", "detail"),
    [
        (
            {"path": "/nothing"},
            "No encontrado",
            "No hay nada en esta URL.",
        ),
        (
            {"path": "/api/v1/users/me"},
            "No autenticado",
            "Se requiere autenticación: envíe un token de acceso o una clave de API.",
        ),
        (
            {
                "path": "/api/v1/auth/login",
                "method": "POST",
                "json": {"email": "ada@example.com", "password": "not the password"},
            },
            "No autenticado",
            "El correo electrónico o la contraseña no son correctos.",
        ),
        (
            {"path": "/api/v1/auth/register", "method": "POST", "data": b"{"},
            "Tipo de contenido no admitido",
            "El cuerpo debe ser JSON, con Content-Type: application/json.",
        ),
    ],
)
def test_problems_speak_spanish(client: FlaskClient, request_: dict, title: str, detail: str):
    """A client that prefers Spanish reads it, from the framework's refusals to our own."""
    answer = client.open(headers=SPANISH, **request_).get_json()
    assert (answer["title"], answer["detail"]) == (title, detail)
    english = client.open(**request_).get_json()
    assert english["code"] == answer["code"]
    assert english["title"] != answer["title"]


def test_fields_speak_spanish_with_their_values(client: FlaskClient):
    """Messages of fields are translated too, and their values are filled in."""
    body = {"email": "ada@example.com", "password": "short", "colour": "red"}
    answer = client.post("/api/v1/auth/register", json=body, headers=SPANISH).get_json()
    assert {e["field"]: e["message"] for e in answer["errors"]} == {
        "password": "Debe tener al menos 12 caracteres.",
        "colour": "Campo desconocido.",
    }


@pytest.mark.parametrize("accepted", ["fr", "", "*", "en-GB, es;q=0.5", "xx;;q=,"])
def test_english_is_spoken_otherwise(client: FlaskClient, accepted: str):
    """Any other wish, or a senseless one, gets English."""
    answer = client.get("/nothing", headers={"Accept-Language": accepted}).get_json()
    assert answer["title"] == "Not found"

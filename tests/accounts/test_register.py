"""Registration: what is accepted, what is refused, and that a refusal leaves nothing behind."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from api.config import Settings
from api.extensions import db

URL = "/api/v1/auth/register"
JSON = "application/json"
PASSWORD = "ten thousand small lamps"
NEW = {"email": "new@example.com", "password": PASSWORD}
SHOWN = {
    "id", "email", "email_verified", "name", "locale", "roles", "active", "created_at",
    "last_login_at",
}  # fmt: skip


@pytest.fixture
def refuse(house: Any, refused: Callable[..., Any], unchanged: Any) -> Callable[..., Any]:
    """Sends a body that must be refused, and sees that nothing of it is stored."""

    def send(status: int, code: str = "", field: str = "", **request: Any) -> Any:
        if "json" in request:  # the test client's own JSON cannot hold a lone surrogate
            request |= {"data": json.dumps(request.pop("json")), "content_type": JSON}
        with unchanged(house.app):
            answer = house.client.post(URL, **request)
        return refused(answer, status, code, field)

    return send


def test_a_new_account(client: FlaskClient) -> None:
    """201 with the user of the contract, and nothing but that."""
    answer = client.post(URL, json={**NEW, "name": "Añé O'Neill", "locale": "es"})
    assert answer.status_code == 201
    user = answer.get_json()
    assert set(user) == SHOWN
    assert user["email"] == "new@example.com"
    assert user["name"] == "Añé O'Neill"
    assert (user["locale"], user["roles"], user["active"]) == ("es", ["user"], True)
    assert (user["email_verified"], user["last_login_at"]) == (False, None)
    assert user["id"][14] == "7"
    assert user["created_at"].endswith("Z")
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_name_is_optional(client: FlaskClient) -> None:
    """Without a name, or with null, there is none; the language is English."""
    user = client.post(URL, json={**NEW, "name": None}).get_json()
    assert (user["name"], user["locale"]) == (None, "en")


@pytest.fixture
def sign_in_at() -> Callable[..., Any]:
    """Signs somebody in with the usual password."""

    def send(house: Any, email: str) -> Any:
        body = {"email": email, "password": PASSWORD}
        return house.client.post("/api/v1/auth/login", json=body)

    return send


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("ada@x.example", "ada@x.example"),
        ("ada@x.example", "ADA@X.example"),
        ("ada@x.example", "\uff21\uff24\uff21@x.example"),
        ("ada@x.example", "ada@\uff58.example"),
        ("ada@x.example", "ada@x\u3002example"),
        ("file@x.example", "\ufb01le@x.example"),
        ("sam@x.example", "\u017fam@x.example"),
        ("jos\u00e9@x.example", "jose\u0301@x.example"),
        ("strasse@x.example", "stra\u00dfe@x.example"),
        ("\u03bf\u03b4\u03cc\u03c2@x.example", "\u039f\u0394\u038c\u03a3@x.example"),
        ("ada@b\u00fccher.example", "ada@xn--bcher-kva.example"),
        ("ada@b\u00fccher.example", "ada@B\u00dcCHER.example"),
    ],
)
def test_one_address_one_account(house: Any, refuse: Any, first: str, second: str) -> None:
    """Case, width, ligatures, composition and punycode make no second account."""
    answer = house.client.post(URL, json={**NEW, "email": first})
    assert answer.status_code == 201 or answer.get_json()["code"] == "email_taken"
    refuse(409, "email_taken", json={**NEW, "email": second})
    refuse(409, "email_taken", json={**NEW, "email": first})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (" ", ""), ("", " "), ("\t", "\r\n"), ("", "\u00a0"), ("\u202f", "\u3000"),
        ("\ufeff", "\u200b"), ("\u202a", "\u202c"), ("\u2068", "\u2069"), (" " * 300, ""),
    ],
    ids=ascii,
)  # fmt: skip
def test_white_space_around_an_address(
    house: Any, refuse: Any, sign_in_at: Any, before: str, after: str
) -> None:
    """What keyboards, forms and copying add is ignored, wherever an address is typed."""
    plain = "ada.lovelace@example.com"
    refuse(409, "email_taken", json={**NEW, "email": f"{before}{plain}{after}"})
    body = {**NEW, "email": f"{before}{plain}{after}"}
    made = house.client.post("/api/v1/users", json=body, headers=house.root["headers"])
    assert made.get_json()["code"] == "email_taken"
    assert sign_in_at(house, f"{before}{plain}{after}").status_code == 200


def test_white_space_is_not_kept(client: FlaskClient) -> None:
    """The account has the address without it."""
    body = {**NEW, "email": "\u00a0new@example.com "}
    assert client.post(URL, json=body).get_json()["email"] == "new@example.com"


@pytest.mark.parametrize(
    "email",
    [
        "", "a", "ada", "@x.io", "ada@", "ada@x", "ada@@x.io", "a b@x.io", "ada @x.io", "ada@ x.io",
        "a\u00a0da@x.io", " ", "\u200b", "ada@x..io", "ada@-x.io", "ada@x.io,bob@x.io",
        "Ada <ada@x.io>", '"a b"@x.io',
        "ada@[127.0.0.1]", "ada@127.0.0.1", "a\u200bda@x.io", "a\u202eda@x.io", "a\u0000da@x.io",
        "a\u0007da@x.io", "a\ud800da@x.io", "ada@\U0001f98a.io", "ada@xn--a.io",
        "<script>@x.io", "' OR 1=1 --@x.io", "a" * 250 + "@x.io", "a@" + "b" * 64 + ".io",
        "\ufdfa" * 60 + "@x.io", "a" * 10_000, 7, None, True, [], {}, ["ada@x.io"],
    ],
    ids=lambda e: repr(e)[:24],
)  # fmt: skip
def test_what_is_no_address(refuse: Any, email: Any) -> None:
    """422 that names the field, for anything that could not be written to."""
    refuse(422, "validation_failed", "email", json={**NEW, "email": email})


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "Ada ", " Ada", "\u00a0Ada", "\u3000Ada", "A\u200bda", "\u200d", "\ufeffAda",
        "\u3164", "\u2800\u200c", "A\u2069da", "\U0001f3f4\U000e0067", "A\U000e0041da",
        "A\ufdd0da", "A\U0001ffffda", "A\u00adda", "\u0301",
        "A\u202eda", "A\u2066da", "A\u0007da", "A\nda", "A\tda", "A\u2028da", "A\u0085da",
        "admin\u0000", "../x", "..\\x", "<script>", "<b>Ada</b>", '"Ada"', "`id`", "A\ud800da",
        "A\ue000da", "x" * 101, "x" * 10_240, "\u0958" * 100, 7, True, [], {},
    ],
    ids=lambda n: repr(n)[:24],
)  # fmt: skip
def test_what_is_no_name(refuse: Any, name: Any) -> None:
    """Invisible, control and markup characters, blanks at an end, and too much of anything."""
    refuse(422, "validation_failed", "name", json={**NEW, "name": name})


@pytest.mark.parametrize(
    ("extra", "field"),
    [
        ({"role": "admin"}, "role"), ({"roles": ["admin"]}, "roles"), ({"role[]": "x"}, "role[]"),
        ({"is_admin": True}, "is_admin"), ({"admin": 1}, "admin"), ({"active": True}, "active"),
        ({"is_active": True}, "is_active"), ({"email_verified": True}, "email_verified"),
        ({"id": "01890000-0000-7000-8000-000000000000"}, "id"), ({"quota": 10**9}, "quota"),
        ({"created_at": "2020-01-01T00:00:00Z"}, "created_at"),
        ({"password_hash": "x"}, "password_hash"),
        ({"user": {"role": "admin"}}, "user"), ({"__proto__": {}}, "__proto__"), ({"": 1}, ""),
        ({"locale": "xx"}, "locale"), ({"locale": None}, "locale"), ({"locale": "../es"}, "locale"),
    ],
    ids=str,
)  # fmt: skip
def test_fields_that_are_not_for_everybody(refuse: Any, extra: Any, field: str) -> None:
    """Nobody gives themselves a role or anything else: unknown fields are named and refused."""
    refuse(422, "validation_failed", field, json={**NEW, **extra})


@pytest.mark.parametrize("missing", ["email", "password"])
def test_required_fields(refuse: Any, missing: str) -> None:
    """What is missing is named."""
    refuse(422, "validation_failed", missing, json={k: v for k, v in NEW.items() if k != missing})


BROKEN = [
    b"", b"{", b"nonsense", b"{}{}", b"{'email': 'x'}", b'{"email": "\xff"}',
    b'{"email": NaN}', b'{"email": Infinity}', b'{"email": -Infinity}', b'{"email": 1e400}',
    b'{"email": ' + b"9" * 5000 + b"}", b"[" * 30_000, b'{"a":' * 10_000,
    b'{"email": "a@x.io", "email": "b@x.io"}', b'{"email": {"a": 1, "a": 2}}',
    json.dumps(NEW).encode("utf-16"), b"\xef\xbb\xbf" + json.dumps(NEW).encode(),
]  # fmt: skip


@pytest.mark.parametrize("data", BROKEN, ids=lambda d: str(d[:24]))
def test_what_is_no_json(refuse: Any, data: bytes) -> None:
    """400 for what JSON does not allow: broken text, NaN, the same field twice, 30,000 brackets."""
    refuse(400, "malformed", data=data, content_type=JSON)


@pytest.mark.parametrize("depth", [*range(100, 1000, 100), *range(880, 1000, 6), 2000, 5000, 9000])
def test_deep_nesting(house: Any, refused: Any, depth: int) -> None:
    """Between what can be read and what cannot there is no depth that crashes."""
    lists = b'{"email": ' + b"[" * depth + b"]" * depth + b"}"
    objects = b'{"a":' * depth + b"1" + b"}" * depth
    for data in (lists, objects):
        answer = house.client.post(URL, data=data, content_type=JSON)
        refused(answer, 400 if answer.status_code == 400 else 422)


@pytest.mark.parametrize("data", [b"[]", b"null", b"7", b'"x"', b"true", b"[{}]"])
def test_json_that_is_no_object(refuse: Any, data: bytes) -> None:
    """422 for JSON that is well-formed and no object."""
    refuse(422, "validation_failed", "body", data=data, content_type=JSON)


@pytest.mark.parametrize(
    "content_type",
    [None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
     "text/json", "application/xml", "application/jsonp"],
)  # fmt: skip
def test_other_media_types(refuse: Any, content_type: str | None) -> None:
    """JSON has to be called JSON."""
    refuse(415, "unsupported_media_type", data=json.dumps(NEW), content_type=content_type)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, identity", "x"])
def test_compressed_bodies(refuse: Any, encoding: str) -> None:
    """Compressed bodies could unpack to any size."""
    headers = {"Content-Encoding": encoding}
    refuse(415, "unsupported_media_type", json=NEW, headers=headers)


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_spellings_of_json(house: Any, content_type: str) -> None:
    """Parameters and case of the media type do not matter."""
    answer = house.client.post(URL, data="{}", content_type=content_type)
    assert answer.status_code == 422


def test_too_large(refuse: Any) -> None:
    """A JSON body of a megabyte is not read."""
    refuse(413, "too_large", json={**NEW, "name": "x" * 1_000_000})


def test_registration_can_be_closed(tmp_path: Path, refused: Any, rows: Any) -> None:
    """With the setting off nobody gets in, and nothing is stored."""
    app = create_app(Settings(data_dir=tmp_path, registration=False, log_level="error"))
    with app.app_context():
        db.create_all()
    refused(app.test_client().post(URL, json=NEW), 403, "registration_closed")
    assert rows(app)["users"] == []
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({**NEW, "email": "ada.lovelace@example.com"}, 409),
        ({**NEW, "email": "ada"}, 422),
        ({**NEW, "password": "short"}, 422),
        ({**NEW, "password": "password1234"}, 422),
        ({**NEW, "name": "<script>"}, 422),
        ({**NEW, "role": "admin"}, 422),
        ([], 422),
    ],
    ids=str,
)
def test_both_languages(house: Any, refused: Any, body: Any, status: int) -> None:
    """The code and the fields are the same in every language; only the words differ."""
    english, spanish, unknown = (
        refused(house.client.post(URL, json=body, headers={"Accept-Language": tag}), status)
        for tag in ("en", "es-MX, en;q=0.5", "tlh")
    )
    names = [[error["field"] for error in b.get("errors", [])] for b in (english, spanish)]
    assert english["code"] == spanish["code"] == unknown["code"]
    assert names[0] == names[1]
    assert english["detail"] == unknown["detail"]


def test_only_post(house: Any, refused: Any) -> None:
    """Other methods get 405 and are told which will do."""
    for method in ("get", "put", "patch", "delete"):
        answer = getattr(house.client, method)(URL)
        refused(answer, 405, "method_not_allowed")
        assert "POST" in answer.headers["Allow"]

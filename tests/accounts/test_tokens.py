"""Tokens: what a good one says, every forgery, every header that is not quite right."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import jwt as pyjwt
import pytest
from flask.testing import FlaskClient
from pydantic import ValidationError

from api.config import BadSetting, Settings, load_settings
from api.http import tokens

ME = "/api/v1/users/me"
GOOD_HEADER = {"alg": "HS256", "typ": "JWT"}
LATER = 4_000_000_000  # the year 2096
# What is written in the place of a claim; "raw:" stands for JSON that no library would write.
CLAIMS: list[tuple[str, Any]] = [
    ("exp", "9999999999"), ("exp", "raw:1e400"), ("exp", "raw:-1e400"), ("exp", 2**63),
    ("exp", 2**64), ("exp", 1e300), ("exp", "raw:NaN"), ("exp", None), ("gen", True),
    ("exp", [9999999999]), ("exp", {}), ("exp", 9999999999.5), ("exp", "raw:" + "9" * 5000),
    ("iat", LATER), ("iat", "now"), ("iat", None), ("iat", -1), ("iat", "raw:1e400"),
    ("nbf", LATER), ("nbf", "soon"), ("nbf", "raw:1e400"), ("nbf", "raw:NaN"), ("nbf", []),
    ("aud", "other"), ("aud", ""), ("aud", "per"), ("aud", None), ("aud", 7), ("aud", []),
    ("aud", ["other"]), ("aud", ["percept", "other"]), ("aud", {"percept": 1}),
    ("iss", "other"), ("iss", ""), ("iss", "per"), ("iss", None), ("iss", ["percept"]), ("iss", 1),
    ("sub", "1 OR 1=1"), ("sub", ""), ("sub", 1), ("sub", None), ("sub", "../root"),
    ("sid", "x"), ("sid", 1), ("sid", None), ("jti", 1), ("jti", None), ("gen", -1), ("gen", "0"),
    ("gen", 2**63), ("gen", None), ("gen", 0.0), ("type", "admin"), ("type", ""), ("type", None),
    ("type", ["access"]), ("type", "Access"),
]  # fmt: skip
HEADERS: list[dict[str, Any]] = [
    {"kid": "../../dev/null"}, {"kid": "x' UNION SELECT 'key' --"}, {"kid": "k" * 10_000},
    {"kid": 7}, {"jku": "http://127.0.0.1:9/keys"}, {"x5u": "http://127.0.0.1:9/cert"},
    {"jwk": {"kty": "oct", "k": "AAAA"}}, {"x5c": ["AAAA"]}, {"crit": ["exp"]},
    {"crit": ["b64"], "b64": False}, {"crit": ["unknown"], "unknown": 1}, {"zip": "DEF"},
    {"cty": "JWT"}, {"alg": "none"}, {"alg": "nOnE"}, {"alg": "NONE"}, {"alg": ""}, {"alg": None},
    {"alg": ["HS256"]}, {"alg": 256}, {"alg": "hs256"}, {"alg": "HS384"}, {"alg": "RS256"},
    {"alg": "ES256"}, {"alg": "PS256"}, {"alg": "EdDSA"}, {"alg": "A" * 3000},
]  # fmt: skip
WEAK_KEYS = [
    "secret", "changeme", "change-me", "password", "percept", "jwt-secret", "your-256-bit-secret",
    "supersecret", "s3cr3t", "key", "test", "dev", "admin", "123456", "super-secret", "secretkey",
    "mysecret", "flask-insecure", "x" * 64, "changeme" * 4, "supersecret" * 4, "0123456" * 8,
]  # fmt: skip
PUBLIC_KEY = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIa"


@pytest.fixture
def key(house: Any) -> bytes:
    """The secret that the application signs with."""
    return str(house.app.config["JWT_SECRET_KEY"]).encode()


@pytest.fixture
def good(house: Any, claims_of: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """The claims of ada's access token."""
    return claims_of(house.ada["access_token"])


@pytest.fixture
def try_token(house: Any, refused: Callable[..., Any]) -> Callable[..., None]:
    """Sends a token that must be refused with 401 and the code."""

    def send(token: str, code: str = "token_invalid") -> None:
        headers = {"Authorization": f"Bearer {token}"}
        refused(house.client.get(ME, headers=headers), 401, code)

    return send


def payload(claims: dict[str, Any], **changed: Any) -> str:
    """The claims as JSON text, with some changed, also into what is no JSON."""
    return re.sub(r'"raw:([^"]*)"', r"\1", json.dumps({**claims, **changed}))


def test_what_a_token_says(house: Any, good: dict[str, Any]) -> None:
    """The claims of the contract, a life of 15 minutes, and nothing secret."""
    assert {"iss", "aud", "sub", "sid", "jti", "type", "roles", "scope"} <= set(good)
    assert good["sub"] == house.ada["id"]
    assert good["type"] == "access"
    assert good["roles"] == ["user"]
    assert set(good["scope"].split()) == set(tokens.SCOPES)
    assert good["exp"] - good["iat"] == 15 * 60
    assert house.ada["email"] not in json.dumps(good)


def test_what_a_refresh_token_says(house: Any, good: dict[str, Any], claims_of: Any) -> None:
    """It lives 30 days, in the same session, with an id of its own and no rights."""
    claims = claims_of(house.ada["refresh_token"])
    assert claims["exp"] - claims["iat"] == 30 * 24 * 3600
    assert claims["sid"] == good["sid"]
    assert claims["jti"] != good["jti"]
    assert claims["type"] == "refresh"
    assert not {"roles", "scope"} & set(claims)


def test_a_token_signed_alike_is_good(house: Any, key: bytes, good: Any, signed: Any) -> None:
    """The forgeries below are refused for what is wrong with them, not for how they are made."""
    token = signed(GOOD_HEADER, payload(good), key)
    answer = house.client.get(ME, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert pyjwt.decode(token, key.decode(), ["HS256"], audience="percept") == good


@pytest.mark.parametrize(("name", "value"), CLAIMS, ids=lambda v: str(v)[:20])
def test_odd_claims(
    name: str, value: Any, key: bytes, good: Any, signed: Any, try_token: Any
) -> None:
    """No claim is believed in another form than ours, even with our own signature."""
    try_token(signed(GOOD_HEADER, payload(good, **{name: value}), key))


@pytest.mark.parametrize("name", [*tokens.REQUIRED_TEXT, *tokens.REQUIRED_NUMBER])
def test_missing_claims(name: str, key: bytes, good: Any, signed: Any, try_token: Any) -> None:
    """Nothing is filled in for a claim that is missing."""
    rest = {k: v for k, v in good.items() if k != name}
    try_token(signed(GOOD_HEADER, rest, key))


@pytest.mark.parametrize("text", ["[]", '"x"', "null", "7", "{", "", "[" * 3000, '{"a":' * 1000])
def test_payloads_that_are_no_object(text: str, key: bytes, signed: Any, try_token: Any) -> None:
    """Whatever the payload is, it is a refusal and not a crash."""
    try_token(signed(GOOD_HEADER, text, key))


def test_an_expired_token(key: bytes, good: Any, signed: Any, try_token: Any) -> None:
    """The end of a token has no leeway: one second is enough."""
    now = int(time.time())
    past = {"iat": now - 901, "exp": now - 1}
    try_token(signed(GOOD_HEADER, payload(good, **past), key), "token_expired")


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_clocks_that_differ(
    name: str, house: Any, key: bytes, good: Any, signed: Any, try_token: Any
) -> None:
    """A token of a machine whose clock is some seconds ahead is good, one of a minute is not."""
    now = int(time.time())
    token = signed(GOOD_HEADER, payload(good, **{name: now + 20}), key)
    assert house.client.get(ME, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    try_token(signed(GOOD_HEADER, payload(good, **{name: now + 60}), key))


def test_one_kind_for_another(
    house: Any, key: bytes, good: Any, signed: Any, try_token: Any
) -> None:
    """A refresh token gives no access, not even one that differs in nothing but its type."""
    try_token(house.ada["refresh_token"], "token_wrong_type")
    try_token(signed(GOOD_HEADER, payload(good, type="refresh"), key), "token_wrong_type")


@pytest.mark.parametrize("name", ["sub", "sid"])
def test_other_people(
    name: str, house: Any, key: bytes, good: Any, signed: Any, try_token: Any, claims_of: Any
) -> None:
    """Somebody else's user or session, or one that never was, does not go with the rest."""
    others = claims_of(house.bob["access_token"])[name]
    for value in (others, "01890000-0000-7000-8000-000000000000"):
        try_token(signed(GOOD_HEADER, payload(good, **{name: value}), key), "token_revoked")


def test_claimed_roles_count_for_nothing(
    house: Any, key: bytes, good: Any, signed: Any, refused: Any
) -> None:
    """Roles are read from the database, not from the token."""
    token = signed(GOOD_HEADER, payload(good, roles=["user", "admin"]), key)
    headers = {"Authorization": f"Bearer {token}"}
    refused(house.client.get("/api/v1/users", headers=headers), 403, "role_missing")


@pytest.mark.parametrize("header", HEADERS, ids=lambda h: str(h)[:30])
def test_odd_headers(header: Any, key: bytes, good: Any, signed: Any, try_token: Any) -> None:
    """No header chooses the key or the algorithm, and no extension is half understood."""
    token = signed({**GOOD_HEADER, **header}, payload(good), key)
    try_token(token)
    try_token(token.rpartition(".")[0] + ".")


@pytest.mark.parametrize("text", ["{}", "[]", '"x"', "null", "{", "", "[" * 3000])
def test_headers_that_are_no_object(
    text: str, key: bytes, good: Any, signed: Any, try_token: Any
) -> None:
    """A header that is not a JSON object with an algorithm is refused."""
    try_token(signed(text, payload(good), key))


def test_another_algorithm_with_the_same_key(key: bytes, good: Any, try_token: Any) -> None:
    """The secret signs one algorithm only."""
    for algorithm in ("HS384", "HS512"):
        try_token(pyjwt.encode(good, key.decode() * 2, algorithm))
        try_token(pyjwt.encode(good, key.decode().ljust(64, "x"), algorithm))


@pytest.mark.parametrize("weak", ["", *WEAK_KEYS, PUBLIC_KEY], ids=lambda k: k[:12])
def test_keys_that_anybody_knows(weak: str, good: Any, signed: Any, try_token: Any) -> None:
    """A token signed with a guessable key, or with a published one, is refused."""
    try_token(signed(GOOD_HEADER, payload(good), weak.encode()))


def test_signatures(house: Any, try_token: Any) -> None:
    """Stripped, foreign, cut, doubled, or written in another way."""
    token = house.ada["access_token"]
    text, _, signature = token.rpartition(".")
    foreign = house.bob["access_token"].rpartition(".")[2]
    for other in ("", foreign, signature[:-1], signature[1:], signature * 2, "A" * 43):
        try_token(f"{text}.{other}")
    for odd in (text, f"{token}.", f"{token}.{signature}", f"{token}=", f"{text}.{signature}!"):
        try_token(odd)


def test_a_signature_is_written_in_one_way(
    house: Any, key: bytes, good: Any, signed: Any, try_token: Any
) -> None:
    """The spare bits of Base64 do not give a second token with the same signature."""
    for number in range(8):
        token = signed(GOOD_HEADER, payload(good, jti=str(number)), key)
        try_token(token[:-1] + chr(ord(token[-1]) + 1))


@pytest.mark.parametrize(
    "token", ["x", "a.b", "a.b.c", "...", "....", "null", "undefined", "é.é.é", "{}", "0" * 8000]
)
def test_garbage(token: str, try_token: Any) -> None:
    """What is no token at all is refused like a forged one."""
    try_token(token)


def test_refused_tokens_change_nothing(house: Any, unchanged: Any, refused: Any) -> None:
    """What a bad token asks for is not done."""
    with unchanged(house.app):
        for method, path in [("delete", "/api/v1/auth/sessions"), ("post", "/api/v1/auth/logout")]:
            headers = {"Authorization": f"Bearer {house.ada['access_token']}x"}
            refused(getattr(house.client, method)(path, headers=headers), 401, "token_invalid")


@pytest.mark.parametrize("secret", WEAK_KEYS)
def test_weak_secrets_stop_the_start(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that can be guessed is no secret; the message names the setting, not the value."""
    with pytest.raises(ValidationError, match="hard to guess"):
        Settings(secret=secret)
    monkeypatch.setenv("PERCEPT_SECRET", secret)
    with pytest.raises(BadSetting) as failure:
        load_settings()
    assert str(failure.value) == "PERCEPT_SECRET: needs at least 32 bytes that are hard to guess"


def test_a_token_of_another_server(client: FlaskClient, house: Any, refused: Any) -> None:
    """Two servers do not believe each other's tokens."""
    refused(client.get(ME, headers=house.ada["headers"]), 401, "token_invalid")

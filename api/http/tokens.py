"""Makes and reads the signed tokens (JWT, HS256)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid5

import jwt as pyjwt
from flask import Flask, current_app
from flask_jwt_extended import create_access_token, create_refresh_token, decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.utils import base64url_decode, base64url_encode

from api.config import Settings, signing_secret
from api.errors import NotSignedIn
from api.extensions import jwt
from api.models import now

Kind = Literal["access", "refresh"]
ACCESS_LIFE = timedelta(minutes=15)
REFRESH_LIFE = timedelta(days=30)
ISSUER = AUDIENCE = "percept"
# Two machines may differ by so much about what time it is.
SKEW_SECONDS = 30
REQUIRED_TEXT = ("iss", "aud", "sub", "sid", "jti", "type")
REQUIRED_NUMBER = ("iat", "exp", "gen")
# PyJWT lets absurd claims through to int() and json: infinity, huge numbers, deep nesting.
UNREADABLE = (
    pyjwt.PyJWTError,
    JWTExtendedException,
    ValueError,
    TypeError,
    OverflowError,
    RecursionError,
)
SCOPES = ("account", "classify", "history:read", "history:write", "ocr", "stt", "tts")
SERVICES = tuple(s for s in SCOPES if s not in ("account", "history:read", "history:write"))


@dataclass(frozen=True)
class Claims:
    """What a good token says."""

    kind: Kind
    user_id: UUID
    session_id: UUID
    generation: int


def init_app(app: Flask, settings: Settings) -> None:
    """Binds flask-jwt-extended; nothing about tokens is left to its defaults."""
    app.config.update(
        JWT_SECRET_KEY=signing_secret(settings),
        JWT_ALGORITHM="HS256",
        JWT_DECODE_ALGORITHMS=["HS256"],
        JWT_ENCODE_ISSUER=ISSUER,
        JWT_DECODE_ISSUER=ISSUER,
        JWT_ENCODE_AUDIENCE=AUDIENCE,
        JWT_DECODE_AUDIENCE=AUDIENCE,
        JWT_ENCODE_NBF=False,
        JWT_DECODE_LEEWAY=SKEW_SECONDS,  # of iat and nbf; `_checked` gives exp none
        JWT_COOKIE_CSRF_PROTECT=False,  # would put a random claim into every token
    )
    jwt.init_app(app)
    jwt.decode_key_loader(_key)


def _key(header: dict[str, Any], payload: dict[str, Any]) -> str:
    # A kid, jku, x5u, jwk or crit header is an attempt to choose the key: none is ever honoured.
    # Missing claims are refused here because flask-jwt-extended fills some in by itself.
    if set(header) - {"alg", "typ"} or set(REQUIRED_TEXT + REQUIRED_NUMBER) - set(payload):
        raise pyjwt.InvalidTokenError
    return str(current_app.config["JWT_SECRET_KEY"])


def issue(
    kind: Kind, user_id: UUID, roles: tuple[str, ...], session_id: UUID, gen: int, at: datetime
) -> str:
    """A signed token. The same arguments give the same token, so that a refresh can be repeated."""
    life = ACCESS_LIFE if kind == "access" else REFRESH_LIFE
    claims: dict[str, Any] = {
        "jti": str(uuid5(session_id, f"{kind} {gen}")),
        "sid": str(session_id),
        "gen": gen,
        "iat": int(at.timestamp()),
        "exp": int((at + life).timestamp()),
    }
    if kind == "access":
        claims |= {"roles": list(roles), "scope": " ".join(SCOPES)}
    make = create_access_token if kind == "access" else create_refresh_token
    return str(make(str(user_id), additional_claims=claims))


def read(token: str, kinds: tuple[Kind, ...]) -> Claims:
    """The claims of a token that is genuine, unexpired and of one of the kinds.

    Raises:
        NotSignedIn: with the code token_expired, token_wrong_type or token_invalid.
    """
    try:
        _spelled_one_way(token)
        claims = _checked(decode_token(token))
    except pyjwt.ExpiredSignatureError:
        raise NotSignedIn("This token has expired.", "token_expired") from None
    except UNREADABLE:
        raise NotSignedIn("This token is invalid.", "token_invalid") from None
    if claims.kind not in kinds:
        raise NotSignedIn("This type of token is not accepted here.", "token_wrong_type")
    return claims


def _spelled_one_way(token: str) -> None:
    # Base64 has spare bits and tolerates padding: one signature could be written in many ways.
    signature = token.rpartition(".")[2]
    if base64url_encode(base64url_decode(signature)).decode() != signature:
        raise ValueError


def _checked(payload: dict[str, Any]) -> Claims:
    if not all(isinstance(payload[name], str) for name in REQUIRED_TEXT):
        raise ValueError
    numbers = [payload[name] for name in REQUIRED_NUMBER]
    if not all(type(number) is int and 0 <= number < 2**40 for number in numbers):
        raise ValueError
    if payload["exp"] <= now().timestamp():
        raise pyjwt.ExpiredSignatureError
    if payload["type"] not in ("access", "refresh"):
        raise ValueError
    return Claims(payload["type"], UUID(payload["sub"]), UUID(payload["sid"]), payload["gen"])

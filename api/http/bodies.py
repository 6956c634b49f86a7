"""The body of a request, checked strictly: whole, plain, and JSON of the right form."""

import json
import math
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from flask import request
from flask_restx import Model
from jsonschema import Draft4Validator, ValidationError, validators
from werkzeug.exceptions import BadRequest

from api.errors import N_, FieldError, Invalid, Malformed, PerceptError, TooLarge, WrongMediaType

JSON_LIMIT = 64 * 1024
MOST_PROBLEMS = 50
NOT_JSON = N_("The body is not valid JSON.")


def json_body(schema: Model) -> dict[str, Any]:
    """The request's JSON object.

    Raises:
        WrongMediaType, TooLarge, Malformed, Invalid: it is not a good one.
    """
    body = _parsed(_raw_json())
    try:
        problems = _problems(schema, body)
    except RecursionError:  # Python reads deeper JSON than it can walk through
        raise Malformed(NOT_JSON) from None
    if problems:
        raise Invalid(problems[:MOST_PROBLEMS])
    return body  # type: ignore[no-any-return]  # the schema says it is an object


def _problems(schema: Model, body: Any) -> list[FieldError]:
    """Return what is wrong with the body, one problem for each field."""
    validator = Validator(schema.__schema__)
    kept = _as_kept(schema, body)
    problems = [field for e in validator.iter_errors(kept) for field in field_errors(e)]
    problems += [_unstorable(name) for name, value in _strings(body) if is_unstorable(value)]
    one_each: dict[str, FieldError] = {}
    for problem in problems:
        one_each.setdefault(problem.field, problem)
    return list(one_each.values())


def composed(text: str, longest: int) -> str:
    """Return the text in NFC: what is typed alike on all keyboards becomes alike.

    What is too long by far stays as it is, because composing takes time by the square of the
    length; no text becomes shorter than a fourth.
    """
    return unicodedata.normalize("NFC", text) if len(text) <= 4 * longest else text


def _as_kept(schema: Model, body: Any) -> Any:
    """Return the body as it would be kept, so that lengths count as documented."""
    if not isinstance(body, dict):
        return body
    kept = {name: getattr(field, "as_kept", None) for name, field in schema.items()}
    return {
        name: change(value) if (change := kept.get(name)) and isinstance(value, str) else value
        for name, value in body.items()
    }


def _pattern(_: Any, pattern: str, text: object, __: Any) -> Iterator[ValidationError]:
    """Heed a pattern as JSON Schema means it: `$` is the very end, not before a line feed."""
    if isinstance(text, str) and not re.search(re.sub(r"\$\Z", r"\\Z", pattern), text):
        yield ValidationError("does not match")


Validator = validators.extend(Draft4Validator, {"pattern": _pattern})


def refuse_encoded() -> None:
    """Refuse compressed bodies: they could unpack to any size."""
    content = request.headers.get("Content-Encoding", "identity").lower()
    transfer = request.headers.get("Transfer-Encoding", "chunked").lower()
    if content != "identity" or transfer != "chunked":
        raise WrongMediaType("Compressed request bodies are not accepted.")


def _raw_json() -> bytes:
    refuse_encoded()
    if not (request.mimetype == "application/json" or request.mimetype.endswith("+json")):
        raise _not_json_type()
    if (body := whole_body(JSON_LIMIT)) is None:
        raise _too_large()
    return body


def _too_large() -> TooLarge:
    return TooLarge("The JSON body is larger than %(limit)s bytes.", limit=JSON_LIMIT)


def _not_json_type() -> WrongMediaType:
    return WrongMediaType("The body must be JSON, with Content-Type: application/json.")


def refusals_of(schema: Model) -> dict[int, PerceptError]:
    """Return how a JSON body can be refused: one that is none, too large, of another type, empty.

    Where no field is required, it has one that is unknown.
    """
    needed = [FieldError(name, "This field is required.") for name in required(schema)]
    invalid = Invalid(needed or [FieldError("colour", "Unknown field.")])
    return {400: Malformed(NOT_JSON), 413: _too_large(), 415: _not_json_type(), 422: invalid}


def required(schema: Model) -> list[str]:
    """Return the names of the fields that a body must have."""
    return list(schema.__schema__.get("required", []))


def whole_body(limit: int) -> bytes | None:
    """The request's body, or None if it is larger than the limit.

    Raises:
        BadRequest: it breaks off.
    """
    if (request.content_length or 0) > limit:
        return None
    # One more than allowed, because Werkzeug cuts chunked bodies off at its limit in silence.
    request.max_content_length = limit + 1
    body = request.get_data()
    if len(body) < (request.content_length or 0):
        raise BadRequest
    return body if len(body) <= limit else None


def is_empty(limit: int = 0) -> bool:
    """Return whether there is no body; one sent in chunks, as proxies do, is read to find out.

    `limit` is that of `whole_body`, if a body may follow.
    """
    if "Transfer-Encoding" in request.headers:
        return whole_body(limit) == b""
    return not request.content_length


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(
            raw.decode("utf-8"),
            parse_constant=_not_json,
            parse_float=_finite,
            object_pairs_hook=_unique,
        )
    except (ValueError, RecursionError):
        raise Malformed(NOT_JSON) from None


def _not_json(_: str) -> None:
    raise ValueError


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Malformed("The body contains the same field twice.")
    return found


def _strings(node: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every string in a JSON value, keys included, with the field that it is in."""
    if isinstance(node, str):
        yield name, node
    elif isinstance(node, list):
        for item in node:
            yield from _strings(item, name)
    elif isinstance(node, dict):
        for key, value in node.items():
            yield name or "?", key
            yield from _strings(value, name or key)


def is_unstorable(text: str) -> bool:
    """Return whether the text holds a character that PostgreSQL or UTF-8 cannot hold."""
    return "\0" in text or any("\ud800" <= c <= "\udfff" for c in text)


def _unstorable(name: str) -> FieldError:
    return FieldError(_shown(name), "Contains a character that cannot be stored.")


def _shown(name: str) -> str:
    return "?" if is_unstorable(name) else name[:64]


MESSAGES = {
    "type": N_("Must be of type %(wanted)s."),
    "minLength": N_("Must have at least %(wanted)s characters."),
    "maxLength": N_("Must have at most %(wanted)s characters."),
    "minimum": N_("Must be at least %(wanted)s."),
    "maximum": N_("Must be at most %(wanted)s."),
    "enum": N_("Must be one of: %(wanted)s."),
    "minItems": N_("Must have at least %(wanted)s entries."),
    "maxItems": N_("Must have at most %(wanted)s entries."),
    "uniqueItems": N_("Must not contain duplicates."),
}


def field_errors(error: ValidationError) -> Iterator[FieldError]:
    """The domain's words for a failed JSON Schema rule, for each field that fails it."""
    if error.validator == "required":
        for name in error.validator_value:
            if name not in error.instance:
                yield FieldError(_place(error, name), "This field is required.")
    elif error.validator == "additionalProperties":
        for name in error.instance:
            if name not in error.schema.get("properties", {}):
                yield FieldError(_place(error, _shown(name)), "Unknown field.")
    else:
        wanted = error.validator_value
        shown = ", ".join(str(w) for w in wanted) if isinstance(wanted, list | tuple) else wanted
        template = MESSAGES.get(str(error.validator), N_("This value is invalid."))
        yield FieldError(_place(error) or "body", template, {"wanted": shown})


def _place(error: ValidationError, *name: str) -> str:
    return ".".join(str(part) for part in (*error.absolute_path, *name))

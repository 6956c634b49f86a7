"""Options of a request: query parameters or form fields, equally; checked and documented."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import g, request
from flask_restx import Namespace

from api.errors import FieldError, Invalid
from api.http.refusals import refusal

TYPES: dict[type, str] = {int: "integer", str: "string", bool: "boolean"}
# `on` is what browsers send for a checkbox.
BOOLEANS = dict.fromkeys(("true", "1", "yes", "on"), True)
BOOLEANS |= dict.fromkeys(("false", "0", "no", "off"), False)


@dataclass(frozen=True)
class Option:
    """One option: its type, default, limits and what it is for."""

    name: str
    help: str
    kind: type = str
    default: Any = None
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()
    longest: int = 200

    def documented(self) -> dict[str, Any]:
        """As flask-restx wants to hear it."""
        limits = {"minimum": self.minimum, "maximum": self.maximum, "default": self.default}
        limits["enum"] = list(self.choices) or None
        kept = {k: v for k, v in limits.items() if v is not None}
        return {"in": "query", "type": TYPES[self.kind], "description": self.help, **kept}

    def read(self, text: str) -> Any:
        """The value behind the text. Raises FieldProblem when there is none."""
        if self.kind is int:
            return self._integer(text)
        if self.kind is bool:
            return self._boolean(text)
        if len(text) > self.longest or not text.isprintable():
            self._wrong("This value is invalid.")
        if self.choices and text not in self.choices:
            self._wrong("Must be one of: %(wanted)s.", wanted=", ".join(self.choices))
        return text

    def _boolean(self, text: str) -> bool:
        if text.lower() not in BOOLEANS:
            self._wrong("Must be true or false.")
        return BOOLEANS[text.lower()]

    def _integer(self, text: str) -> int:
        if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) < 10):
            self._wrong("Must be a whole number.")
        number = int(text)
        if self.minimum is not None and number < self.minimum:
            self._wrong("Must be at least %(wanted)s.", wanted=self.minimum)
        if self.maximum is not None and number > self.maximum:
            self._wrong("Must be at most %(wanted)s.", wanted=self.maximum)
        return number

    def _wrong(self, message: str, **values: object) -> None:
        raise FieldProblem(FieldError(self.name, message, values))


class FieldProblem(Exception):
    """One field is wrong; collected, so that all are told at once."""

    def __init__(self, error: FieldError):
        super().__init__(error.message)
        self.error = error


def takes_options(ns: Namespace, *known: Option) -> Callable[[Callable[..., Any]], Any]:
    """Reads the known options and hands them to the view as `options`; refuses others."""

    def decorate(view: Callable[..., Any]) -> Any:
        @functools.wraps(view)
        def reading(*args: Any, **kwargs: Any) -> Any:
            return view(*args, options=read_options(known), **kwargs)

        documented = ns.doc(params={o.name: o.documented() for o in known})(reading)
        return refusal(
            ns, 422, "An option is invalid", Invalid([FieldError("colour", "Unknown field.")])
        )(documented)

    return decorate


def read_options(known: tuple[Option, ...]) -> dict[str, Any]:
    """The options of this request with their defaults.

    Raises:
        Invalid: with every option that is unknown, repeated or out of its limits.
    """
    values, problems = {o.name: o.default for o in known}, []
    by_name = {o.name: o for o in known}
    for name in dict.fromkeys([*request.args, *request.form]):
        if name in g.get("read_already", ()):  # by what hands the view its files
            continue
        given = request.args.getlist(name) + request.form.getlist(name)
        try:
            values[name] = _one(name, given, by_name)
        except FieldProblem as problem:
            problems.append(problem.error)
    if problems:
        raise Invalid(problems)
    return values


def _one(name: str, given: list[str], by_name: dict[str, Option]) -> Any:
    shown = name[:64] if name.isprintable() else "?"
    if name not in by_name:
        raise FieldProblem(FieldError(shown, "Unknown field."))
    if len(given) > 1:
        raise FieldProblem(FieldError(shown, "Must be sent only once."))
    # A form sends its empty fields too; they mean that nothing was chosen.
    return by_name[name].read(given[0]) if given[0] else by_name[name].default

"""How a route can refuse a request, for the documentation: when, and with which problem."""

from collections.abc import Callable
from typing import Any

from flask_restx import Namespace

from api.errors import Invalid, Malformed, Overloaded, PerceptError

View = Callable[..., Any]
VENDOR = "x-problems"
# As Flask's own refusals are answered.
UNREADABLE = Malformed("The request could not be read.")
NO_RANGE = PerceptError("The file does not have this byte range.", "range_not_satisfiable")
NO_FORMAT = PerceptError(
    "This URL has no response in a media type that the Accept header allows.", "not_acceptable"
)


def busy() -> Overloaded:
    """Return the refusal of more work than can be done now."""
    return Overloaded("The server is at capacity. Please try again.")


def refusal(
    ns: Namespace, status: int, description: str, error: PerceptError
) -> Callable[[View], View]:
    """Document a refusal with an example; what is already documented for the status stays.

    Decorators that are closer to the view know more, and come first.
    """

    def decorate(view: View) -> View:
        if str(status) in getattr(view, "__apidoc__", {}).get("responses", {}):
            return view
        documented = ns.response(status, description)(view)
        return ns.doc(vendor={VENDOR: {str(status): _example(error)}})(documented)  # type: ignore[no-any-return]

    return decorate


def _example(error: PerceptError) -> dict[str, Any]:
    shown: dict[str, Any] = {"code": error.code, "detail": str(error), **error.members}
    if isinstance(error, Invalid):
        shown["errors"] = [
            {"field": e.field, "message": e.message % e.values if e.values else e.message}
            for e in error.errors
        ]
    return shown

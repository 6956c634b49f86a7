"""What can go wrong, in the words of the domain. No HTTP here: `http/errors.py` gives the status.

A message is an English template; its values travel beside it, so that it can be translated:
`NotFound("There is no model named %(name)s.", name=name)`. Babel collects the templates
from these very calls (see babel.cfg); a template that stands elsewhere is marked with `N_`.
"""

import dataclasses
import errno
from collections.abc import Sequence
from dataclasses import dataclass

# No more files can be opened, by this process or by the machine: a lack that passes.
OUT_OF_FILES = (errno.EMFILE, errno.ENFILE)


def N_(message: str) -> str:  # noqa: N802  # the name that gettext's tools know
    """The template as it is; marks it for Babel where it is not written in the call itself."""
    return message


class PerceptError(Exception):
    """Anything this server refuses to do; `code` is stable, the message is for people.

    `passing` says whether the same request may well succeed a little later; `members` are further
    members of the problem object.
    """

    code = "error"
    passing = False

    def __init__(self, message: str, code: str | None = None, **values: object):
        super().__init__(message)
        self.message = message
        self.values = values
        self.code = code or type(self).code
        self.members: dict[str, object] = {}

    def __str__(self) -> str:
        return self.message % self.values if self.values else self.message


class Malformed(PerceptError):
    """The request cannot be read at all."""

    code = "malformed"


class NotSignedIn(PerceptError):
    """Who is calling could not be established; the code says why."""

    code = "not_signed_in"


class Forbidden(PerceptError):
    """The caller is known and may not do this."""

    code = "forbidden"


class NotFound(PerceptError):
    """It does not exist, or belongs to somebody else."""

    code = "not_found"


class Conflict(PerceptError):
    """It contradicts what is already there."""

    code = "conflict"


class InProgress(Conflict):
    """The same request is being done just now; waiting helps."""

    code = "in_progress"
    passing = True


class TooLarge(PerceptError):
    """More than the documented limit."""

    code = "too_large"


class TooMuchAtOnce(TooLarge):
    """More than is done while somebody waits for it; a job may do more."""


class WrongMediaType(PerceptError):
    """The body is of a kind that this route does not read."""

    code = "unsupported_media_type"


class Unusable(PerceptError):
    """Well-formed, and yet nothing can be done with it."""

    code = "unusable"


class Overloaded(PerceptError):
    """More work than can be done now; waiting helps."""

    code = "overloaded"
    passing = True


class NotReady(PerceptError):
    """Something that is needed is missing or not loaded."""

    code = "not_ready"
    passing = True


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field, as a translatable template and its values."""

    field: str
    message: str
    values: dict[str, object] = dataclasses.field(default_factory=dict)


class Invalid(PerceptError):
    """One or more fields hold values that cannot be accepted."""

    code = "validation_failed"

    def __init__(self, errors: Sequence[FieldError]):
        super().__init__("Some fields are invalid.")
        self.errors = list(errors)


def invalid(name: str, message: str, **values: object) -> Invalid:
    """The error for a single field."""
    return Invalid([FieldError(name, message, values)])

"""A multipart field, the raw body or an upload becomes a file, within limits of size and type."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

from flask import current_app, g, request
from flask_restx import Namespace
from werkzeug.datastructures import FileStorage

from api.errors import N_, FieldError, Invalid, TooLarge, WrongMediaType, invalid
from api.http import uploaded
from api.http.bodies import is_empty, refuse_encoded, whole_body
from api.http.refusals import UNREADABLE, refusal
from api.http.restx import refuses_bodies
from api.media import registered
from api.storage import File

MULTIPART = "multipart/form-data"
OCTETS = "application/octet-stream"
FORMS = (MULTIPART, "application/x-www-form-urlencoded")
UPLOAD = "upload_id"
STANDS_IN = "Id of an upload to use instead of a file. It can also be a form field."


def takes_file(ns: Namespace, field: str, types: tuple[str, ...]) -> Callable[[Any], Any]:
    """Hands the view one file, sent as a multipart field, as the raw body, or uploaded before."""

    def decorate(view: Callable[..., Any]) -> Any:
        @functools.wraps(view)
        def reading(*args: Any, **kwargs: Any) -> Any:
            return view(*args, **{field: one_file(field, types)}, **kwargs)

        parser = ns.parser()
        parser.add_argument(field, type=FileStorage, location="files")
        one = {"in": "query", "type": "string", "format": "uuid", "description": STANDS_IN}
        listed = ", ".join(f"`{name}`" for name in types)
        raw = f"The body may be the file itself, with its `Content-Type`: {listed}."
        return _documented(ns, reading, parser, one, raw)

    return decorate


def takes_files(ns: Namespace, field: str, most: int) -> Callable[[Any], Any]:
    """Hands the view up to `most` files: multipart fields of one name, or uploaded before."""

    def decorate(view: Callable[..., Any]) -> Any:
        @functools.wraps(view)
        def reading(*args: Any, **kwargs: Any) -> Any:
            return view(*args, **{f"{field}s": many_files(field, most)}, **kwargs)

        parser = ns.parser()
        parser.add_argument(field, type=FileStorage, location="files", action="append")
        ids = {"type": "array", "items": {"type": "string", "format": "uuid"}}
        ids |= {"in": "query", "collectionFormat": "multi", "description": STANDS_IN}
        return _documented(ns, reading, parser, ids)

    return decorate


def _documented(
    ns: Namespace, view: Any, parser: Any, upload: dict[str, Any], raw: str = ""
) -> Any:
    documented = ns.expect(parser, validate=False)(view)
    words = {"description": raw} if raw else {}
    documented = ns.doc(consumes=[MULTIPART], params={UPLOAD: upload}, **words)(documented)
    documented = refusal(ns, 404, "You have no such upload", uploaded.missing())(documented)
    return refuses_bodies(
        ns,
        documented,
        {
            400: UNREADABLE,
            413: _too_large(25_000_001, 25_000_000),
            415: _other_type(),
            422: Invalid([FieldError(parser.args[0].name, "This field is required.")]),
        },
    )


def _too_large(size: int, limit: int) -> TooLarge:
    return TooLarge(
        "The body has %(size)s bytes; the limit is %(limit)s (PERCEPT_MAX_UPLOAD_MB).",
        size=size,
        limit=limit,
    )


def _other_type() -> WrongMediaType:
    return WrongMediaType(
        "Send the file as multipart/form-data, or as the request body with its "
        "media type as Content-Type."
    )


def one_file(field: str, types: tuple[str, ...]) -> File:
    """The only file in the request.

    Raises:
        WrongMediaType, TooLarge, Invalid: there is not exactly one usable file.
        NotFound, Unusable, NotReady: there is no usable upload.
    """
    _refuse_early()
    if ids := _upload_ids(field):
        if len(ids) > 1:
            raise invalid(UPLOAD, "Must be sent only once.")
        return _not_empty(UPLOAD, uploaded.files(ids)[0])
    if request.mimetype == MULTIPART:
        found = _fields(field)
        if len(found) > 1:
            raise invalid(field, "Must be sent only once.")
        return _not_empty(field, _read(found[0]))
    if (kind := registered(request.mimetype)) == OCTETS or kind in types:
        return _not_empty(field, File(_raw_body(), kind))
    raise _other_type()


def many_files(field: str, most: int) -> list[File]:
    """Each file under the field, or each upload, in order; they may be empty."""
    _refuse_early()
    if ids := _upload_ids(field):
        _at_most(most, UPLOAD, ids)
        return uploaded.files(ids)
    if request.mimetype != MULTIPART:
        raise _other_type()
    found = _fields(field)
    _at_most(most, field, found)
    return [_read(file) for file in found]


def _at_most(most: int, field: str, found: Sequence[object]) -> None:
    if len(found) > most:
        raise invalid(field, "Must have at most %(wanted)s entries.", wanted=most)


def _upload_ids(field: str) -> list[str]:
    """The ids of uploads that stand in for the files of this field."""
    g.read_already = {UPLOAD}
    # To look for a form in a raw body would fix the limit of that body too early.
    is_form = request.mimetype in FORMS
    given = request.args.getlist(UPLOAD) + (request.form.getlist(UPLOAD) if is_form else [])
    ids = [one for one in given if one]  # a form sends its empty fields too
    if ids and (request.files if is_form else not is_empty()):
        raise invalid(UPLOAD, "Must not be sent together with a file.")
    if ids and is_form and request.form.getlist(field) == [""]:
        g.read_already.add(field)  # no file was chosen in the form
    return ids


def _refuse_early() -> None:
    refuse_encoded()
    limit = current_app.config["MAX_CONTENT_LENGTH"]
    if (request.content_length or 0) > limit:
        raise _too_large(request.content_length or 0, limit)


def _raw_body() -> bytes:
    if (body := whole_body(current_app.config["MAX_CONTENT_LENGTH"])) is None:
        raise TooLarge("The request is larger than this server accepts.")
    return body


def _fields(field: str) -> list[FileStorage]:
    names = (field, f"{field}[]")  # as axios and PHP write the name of a list
    others = [name for name in request.files if name not in names]
    problems = [FieldError(n[:64], "Unknown field.") for n in others if n.isprintable()]
    found = [file for name in names for file in request.files.getlist(name)]
    if not found:
        as_text = field in request.form
        message = N_("Must be sent as a file.") if as_text else N_("This field is required.")
        problems.append(FieldError(field, message))
    if problems:
        raise Invalid(problems)
    return found


def _read(file: FileStorage) -> File:
    # Large ones lie in a temporary file, which nobody else closes.
    with file.stream as stream:
        return File(stream.read(), registered(file.mimetype))


def _not_empty(field: str, file: File) -> File:
    if not file.size:
        raise invalid(field, "The file is empty.")
    return file

"""Opens a file at an HTTP(S) address or in a folder, from any byte on."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from threading import Thread
from typing import Self
from urllib.parse import unquote

import requests

from api.errors import NotFound, NotReady, PerceptError

CHUNK = 1 << 16
REASONS: tuple[tuple[type[Exception], str], ...] = (
    (requests.Timeout, "it does not answer"),
    (requests.exceptions.SSLError, "its certificate is not trusted"),
    (requests.ConnectionError, "there is no connection"),
)


@dataclass(frozen=True)
class Stream:
    """The bytes of a file from `start` on; `total` is the size of the whole file, 0 if unknown.

    To be used in a `with`, which closes the file or the connection.
    """

    chunks: Iterator[bytes]
    close: Callable[[], None]
    start: int = 0
    total: int = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_source(source: str, start: int, patience_s: float) -> Stream:
    """The file at a URL or path from byte `start` on, or from 0 where that cannot be had.

    Raises:
        NotFound: `model_file_missing`: the source has no such file.
        NotReady: `model_unreachable`: no first byte in `patience_s`. Reading the chunks raises
            it too, when the connection breaks.
    """
    if source.lower().startswith(("http://", "https://")):
        return _within(patience_s, source, lambda: _from_server(source, start, patience_s))
    is_url = source.startswith("file://")
    return _from_folder(Path(unquote(source.removeprefix("file://")) if is_url else source), start)


def _from_folder(path: Path, start: int) -> Stream:
    try:
        size = path.stat().st_size
        stream = path.open("rb")
    except OSError as error:
        raise _missing(str(path), error.strerror or "it cannot be read") from None
    start = start if start <= size else 0
    stream.seek(start)
    return Stream(iter(lambda: stream.read(CHUNK), b""), stream.close, start, size)


def _from_server(url: str, start: int, patience_s: float) -> Stream:
    # "identity": a compressed answer could neither be continued nor measured.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        answer = requests.get(url, headers=headers, stream=True, timeout=patience_s)
    except (requests.RequestException, ValueError) as error:
        raise _unreachable(url, _reason(error)) from None
    span = answer.headers.get("Content-Range", "")
    if answer.status_code == 416 and start:
        answer.close()
        whole = span == f"bytes */{start}"
        if whole:
            return Stream(iter(()), answer.close, start, start)
        return _from_server(url, 0, patience_s)
    _refuse_bad_answer(url, answer, start, span)
    begin = start if answer.status_code == 206 else 0
    length = answer.headers.get("Content-Length", "")
    total = begin + int(length) if length.isdigit() else 0
    return Stream(_body(url, answer), answer.close, begin, total)


def _refuse_bad_answer(url: str, answer: requests.Response, start: int, span: str) -> None:
    if answer.status_code not in (200, 206):
        answer.close()
    if answer.status_code in (404, 410):
        raise _missing(url, "there is no such file")
    if answer.status_code not in (200, 206):
        raise _unreachable(url, f"it answered {answer.status_code}")
    if answer.status_code == 206 and not span.startswith(f"bytes {start}-"):
        raise _unreachable(url, "it sent another part than was asked for")


def _body(url: str, answer: requests.Response) -> Iterator[bytes]:
    chunks = _watched(url, answer)
    # The first bytes are waited for here, so that the caller's patience covers them.
    return chain([next(chunks, b"")], chunks)


def _watched(url: str, answer: requests.Response) -> Iterator[bytes]:
    try:
        yield from answer.iter_content(CHUNK)
    except (requests.RequestException, OSError):
        raise _unreachable(url, "the connection broke; the next pull goes on from there") from None


def _within(seconds: float, url: str, call: Callable[[], Stream]) -> Stream:
    """Bounds the whole wait: the timeouts of `requests` do not cover looking up a name."""
    future: Future[Stream] = Future()

    def work() -> None:
        try:
            future.set_result(call())
        except (PerceptError, OSError, ValueError) as error:
            future.set_exception(error)

    Thread(target=work, daemon=True).start()
    try:
        return future.result(seconds)
    except TimeoutError:
        raise _unreachable(url, "it does not answer") from None


def _reason(error: Exception) -> str:
    return next((text for kind, text in REASONS if isinstance(error, kind)), type(error).__name__)


def _without_password(source: str) -> str:
    return re.sub(r"^(https?://)[^/]*@", r"\1", source, flags=re.IGNORECASE)


def _missing(source: str, reason: str) -> NotFound:
    return NotFound(
        "Cannot get %(source)s: %(reason)s.",
        code="model_file_missing",
        source=_without_password(source),
        reason=reason,
    )


def _unreachable(url: str, reason: str) -> NotReady:
    return NotReady(
        "Cannot connect to %(host)s: %(reason)s.",
        code="model_unreachable",
        host=_without_password(url).split("/")[2],
        reason=reason,
    )

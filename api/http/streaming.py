"""Answers in bytes, whole or sent while they are made; the history has them when they are whole."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any
from uuid import UUID

from flask import Response, stream_with_context

from api.http.ahead import Ahead
from api.http.inference import Run
from api.http.proxies import public
from api.media import extension
from api.storage import File

NDJSON = "application/x-ndjson"
# From the parts that were sent, the file and the result for the history.
Keep = Callable[[list[bytes]], tuple[File, dict[str, Any]]]


class Located(Response):
    """An answer whose bytes are the output file of this history entry."""

    entry_id: UUID


def whole(run: Run, body: bytes, media_type: str, language: str | None, keep: Keep) -> Response:
    """The bytes, which the history has before they are sent; see `streamed`."""
    run.output, result = keep([body])
    run.answer(language, **result)
    return located(run, body, media_type)


def streamed(
    run: Run,
    chunks: Iterator[bytes],
    media_type: str,
    held: ExitStack,
    language: str | None,
    keep: Keep,
) -> Response:
    """The bytes as they come; `keep` makes of all of them the file and result for the history.

    The first chunk is made before the answer begins, so that what is refused is refused with its
    own status. A fault after that breaks the connection off: an answer that ends as if it were
    whole would be a lie. The others are made ahead of the client, without the request. What `held`
    holds is let go when the last one is made, or the client is gone.
    """
    first = next(chunks, b"")
    ahead = Ahead(chunks, held.pop_all().close)

    def sending() -> Iterator[bytes]:
        with closing(ahead):
            yield first
            yield from ahead
            parts = [first, *ahead.all()]
        run.output, result = keep(parts)
        run.answer(language, **result)

    answer = located(run, stream_with_context(sending()), media_type)
    answer.call_on_close(ahead.close)
    return answer


def located(run: Run, body: bytes | Iterator[bytes], media_type: str) -> Located:
    """An answer that is no JSON, and says where its history entry is."""
    answer = Located(body, content_type=media_type)
    answer.entry_id = run.id
    answer.headers["Content-Location"] = public(f"/api/v1/history/{run.id}")
    shown = "inline" if media_type.startswith(("text/", NDJSON)) else "attachment"
    name = f"percept-{run.id}-output{extension(media_type)}"
    answer.headers.set("Content-Disposition", shown, filename=name)
    return answer

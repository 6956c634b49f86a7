"""Shortens URLs to what people read aloud of them: example.com/docs."""

import re
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from api.services.tts.service.document import Document, Span

URL = re.compile(r"\b(?:(?:https?|ftp)://|www\.|mailto:)[^\s<>\"“”«»|]+", re.IGNORECASE)
CLOSING = ".,;:!?…'’)]}*_~"  # noqa: RUF001
# Nobody reads a longer path aloud; the host has to do.
LONGEST_PATH = 60


def with_short_urls(text: str) -> Document:
    """Return a text without markup in which URLs are short."""
    document = Document(text)
    document.add(*shorten(text, [(n, n + 1) for n in range(len(text))]))
    return document


def shorten(text: str, spans: Sequence[Span]) -> tuple[str, list[Span]]:
    """Return the text with short URLs, and where each character of it stands in the source."""
    shortened, places, done = "", list[Span](), 0
    for found in URL.finditer(text):
        end = found.start() + len(_without_closing(found[0]))
        read = _read(text[found.start() : end])
        whole = spans[found.start()][0], spans[end - 1][1]
        shortened += text[done : found.start()] + read
        places += [*spans[done : found.start()], *([whole] * len(read))]
        done = end
    return shortened + text[done:], [*places, *spans[done:]]


def _without_closing(url: str) -> str:
    """Leave out the punctuation after a URL, but not a bracket that was opened within it."""
    while url[-1] in CLOSING and not (url[-1] == ")" and url.count("(") >= url.count(")")):
        url = url[:-1]
    return url


def _read(url: str) -> str:
    """Return the host and the path; without user name, password, query and fragment."""
    if url.lower().startswith("mailto:"):
        return unquote(url[7:].partition("?")[0])
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
    except ValueError:
        return url
    host = parts.netloc.rpartition("@")[2].lower().removeprefix("www.")
    path = unquote(parts.path).strip("/")
    return f"{host}/{path}" if path and len(path) <= LONGEST_PATH else host or url

"""Cuts a document into sentences, and long sentences into pieces, each spoken in one go."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape

from api.enginekit.punctuation import CLOSING, PAUSES, STOPS, WIDE_PAUSES
from api.services.tts.engines import Piece
from api.services.tts.service.boundaries import sentence_ends
from api.services.tts.service.document import Document, Span, is_speakable
from api.services.tts.service.elements import without_language
from api.services.tts.service.lines import blocks

# Some twenty seconds of speech.
LONGEST = 300
CLAUSE = re.compile(rf"[{PAUSES}{STOPS}][{CLOSING}]*\s|[{WIDE_PAUSES}]")


@dataclass(frozen=True)
class Part:
    """A piece, and for each character of its content the index in the document's text."""

    piece: Piece
    at: tuple[int, ...]


@dataclass(frozen=True)
class Sentence:
    """The sentence from `start` to `end` in the document's text, as one part or more."""

    start: int
    end: int
    parts: tuple[Part, ...]


def cut(document: Document, language: str) -> list[Sentence]:
    """Return the sentences that can be spoken, in order."""
    document.tags = [without_language(tags, language) for tags in document.tags]
    return [_sentence(document, begin, end) for begin, end in _ranges(document, language)]


def _sentence(document: Document, begin: int, end: int) -> Sentence:
    text = document.text[begin:end]
    start = begin + len(text) - len(text.lstrip())
    stop = begin + len(text.rstrip())
    if not document.is_ssml:  # the space around SSML may hold pauses
        begin, end = start, stop
    return Sentence(start, stop, tuple(_parts(document, begin, end)))


def _ranges(document: Document, language: str) -> list[Span]:
    """Each sentence with the space around it and what makes no sound; together the whole text."""
    begin, previous, ranges = 0, 0, list[Span]()
    for end in sorted({*_ends(document, language), *document.ends, len(document.text)}):
        if is_speakable(document.text[previous:end]):
            ranges.append((begin, end))
            begin = end
        previous = end
    if ranges:
        ranges[-1] = (ranges[-1][0], len(document.text))
    return ranges


def _ends(document: Document, language: str) -> Iterator[int]:
    for start, end in blocks(document.text):
        for after in sentence_ends(document.text[start:end], language):
            yield start + after


def _parts(document: Document, start: int, end: int) -> Iterator[Part]:
    while end - start > LONGEST:
        middle = start + _best_cut(document.text[start : start + LONGEST])
        ends = document.text[start:middle].rstrip().endswith(tuple(STOPS))
        yield _part(document, start, middle, ends=ends)
        start = middle
    yield _part(document, start, end, ends=True)


def _best_cut(text: str) -> int:
    """Where to cut it: after a clause in its second half, at the last space, or at its end."""
    clauses = [found.end() for found in CLAUSE.finditer(text) if found.end() > len(text) // 2]
    return (clauses or [text.rfind(" ") + 1])[-1] or len(text)


def _part(document: Document, start: int, end: int, *, ends: bool) -> Part:
    if not document.is_ssml:
        piece = Piece(document.text[start:end].replace("\n", " "), ends_sentence=ends)
        return Part(piece, tuple(range(start, end)))
    written = list(_written(document, start, end))
    content = "".join(text for text, _ in written)
    at = tuple(index for text, index in written for _ in text)
    return Part(Piece(content, is_ssml=True, ends_sentence=ends), at)


def _written(document: Document, start: int, end: int) -> Iterator[tuple[str, int]]:
    """The part as an SSML document of its own: each bit of it, and the character it stands for."""
    yield "<speak>", start
    tags: tuple[str, ...] = ()
    for index in range(start, end):
        if index in document.pauses:
            yield document.pauses[index], index
        yield _between(tags, document.tags[index]), index
        tags = document.tags[index]
        yield escape(document.text[index]), index
    yield _between(tags, ()), end - 1
    if end == len(document.text):
        yield "".join(pause for at, pause in document.pauses.items() if at >= end), end - 1
    yield "</speak>", end - 1


def _between(old: tuple[str, ...], new: tuple[str, ...]) -> str:
    """What closes the old elements that the new ones are not within, and opens the others."""
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    closing = "".join(f"</{tag[1:-1].partition(' ')[0]}>" for tag in reversed(old[same:]))
    return closing + "".join(new[same:])

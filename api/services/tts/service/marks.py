"""When each sentence and word is said."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from api.services.tts.service.document import Document, Span
from api.services.tts.service.sentences import Sentence
from api.services.tts.service.speaking import Speaking

# Chinese and Japanese have no spaces: there each character counts as a word.
WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\s—–…\u3040-\u30ff\u3400-\u9fff]+")  # noqa: RUF001


@dataclass(frozen=True)
class Mark:
    """From `time_ms` on, `value` is said, which is source[start:end]."""

    time_ms: int
    type: Literal["sentence", "word"]
    start: int
    end: int
    value: str


def marks(speaking: Speaking) -> Iterator[Mark]:
    """The marks in the order of their times; raises as `Speaking.sounds` does."""
    document, words, current = speaking.script.document, dict[int, Span](), None
    said: set[Span] = set()
    for sentence, part, sound in speaking.spoken():
        began_ms = 1000 * speaking.seconds
        if sentence is not current:
            current, words = sentence, _words(document, sentence)
            # A pause may come first.
            silent_ms = sound.words[0][0] if sound.words else 0
            place = sentence.start, sentence.end
            yield _mark(document, "sentence", began_ms + silent_ms, place)
        for after_ms, index in sound.words:
            word = words.get(part.at[min(index, len(part.at) - 1)])
            if word and _source(document, word) not in said:
                said.add(_source(document, word))
                yield _mark(document, "word", began_ms + after_ms, word)


def _mark(
    document: Document, kind: Literal["sentence", "word"], time_ms: float, place: Span
) -> Mark:
    start, end = _source(document, place)
    return Mark(round(time_ms), kind, start, end, document.source[start:end])


def _source(document: Document, place: Span) -> Span:
    return document.spans[place[0]][0], document.spans[place[1] - 1][1]


def _words(document: Document, sentence: Sentence) -> dict[int, Span]:
    """For each character of the sentence the word that it is in, without its punctuation."""
    owners: dict[int, Span] = {}
    for found in WORD.finditer(document.text, sentence.start, sentence.end):
        owners |= dict.fromkeys(range(*found.span()), _trimmed(document.text, found.span()))
    return owners


def _trimmed(text: str, place: Span) -> Span:
    inside = [at for at in range(*place) if not unicodedata.category(text[at]).startswith("P")]
    return (inside[0], inside[-1] + 1) if inside else place

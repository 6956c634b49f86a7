"""Cuts and groups what is spoken, so that the first sound is ready soon and no later one is late.

A sound that is made while somebody listens must be ready before they have heard those before it.
So the first one is short, and what is made next is at most GROWTH times as long as all before it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from api.enginekit.punctuation import PAUSES, WIDE_PAUSES
from api.services.tts.service.sentences import Part, Sentence

GROWTH = 3
BATCH = 600  # characters that are sent to the engine together
CLAUSE = re.compile(rf"[{PAUSES}](?=\s)|[{WIDE_PAUSES}]")
# Not beside digits, not after a stop, and not after a short word, which goes with the next one.
SPACE = re.compile(r"(?<=[^\W\d_]{4})(?=\s+[^\W\d_])")
Spoken = tuple[Sentence, Part]


def batches(sentences: Iterable[Sentence], quick: int) -> Iterator[list[Spoken]]:
    """Group the parts of sentences into batches for an engine.

    Args:
        sentences: what is to be spoken.
        quick: how many characters the engine speaks before anybody minds the wait.
    """
    batch: list[Spoken] = []
    limit = before = size = 0  # the first part is alone
    for sentence, part in _cut_early(sentences, quick):
        length = len(part.piece.content)
        if batch and size + length > limit:
            yield batch
            before += size
            batch, size, limit = [], 0, min(BATCH, max(quick, GROWTH * before))
        batch.append((sentence, part))
        size += length
    yield batch


def _cut_early(sentences: Iterable[Sentence], quick: int) -> Iterator[Spoken]:
    """Yield the parts, cut if they would take too long; SSML is left whole."""
    before = 0
    for sentence in sentences:
        for part in sentence.parts:
            for piece in [part] if part.piece.is_ssml else _pieces(part, quick, before):
                before += len(piece.piece.content)
                yield sentence, piece


def _pieces(part: Part, quick: int, before: int) -> Iterator[Part]:
    while at := place_to_cut(part.piece.content, max(quick, GROWTH * before)):
        first, part = _cut(part, at)
        before += at
        yield first
    yield part


def place_to_cut(text: str, most: int) -> int:
    """Return how many characters to speak first; 0 if the text is short or has no such place.

    They end with a clause, unless that is short, or else between two words.
    """
    if len(text) <= most:
        return 0
    clauses = [found.end() for found in CLAUSE.finditer(text, most // 3)]
    spaces = [found.end() for found in SPACE.finditer(text)]
    soon = [at for at in clauses if at <= most] or [at for at in spaces if at <= most]
    return soon[-1] if soon else min(clauses + spaces, default=0)


def _cut(part: Part, at: int) -> tuple[Part, Part]:
    rest = part.piece.content[at:].lstrip()
    first = replace(part.piece, content=part.piece.content[:at], ends_sentence=False)
    last = replace(part.piece, content=rest)
    return Part(first, part.at[:at]), Part(last, part.at[len(part.at) - len(rest) :])

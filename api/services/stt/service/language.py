"""Which language a recording is in: what was asked for, or what its pieces were found to be in."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from api.services.stt.engines import Heard

UNDETERMINED = "und"  # ISO 639-3
SURE = 0.5
Source = Literal["requested", "detected", "uncertain", "no_speech"]
SOURCES: tuple[Source, ...] = ("requested", "detected", "uncertain", "no_speech")


@dataclass(frozen=True)
class Language:
    """The code of a language, how it was found, and how sure the model is, 0 to 1."""

    code: str
    source: Source
    confidence: float | None = None


def language_of(heard: Iterable[Heard], requested: str | None) -> Language:
    """The requested language, or that of most of the words, if it is found out with certainty."""
    if requested:
        return Language(requested, "requested")
    total, votes = 0, defaultdict[str, float](float)
    for piece in heard:
        letters = sum(len(segment.text) for segment in piece.segments)
        votes[piece.language] += letters * piece.language_sure
        total += letters
    if not total:
        return Language(UNDETERMINED, "no_speech")
    code, sure = max(votes.items(), key=lambda vote: vote[1])
    if sure < SURE * total:
        return Language(UNDETERMINED, "uncertain")
    return Language(code, "detected", round(sure / total, 4))

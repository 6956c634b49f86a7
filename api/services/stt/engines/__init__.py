"""What a speech recogniser must do, which ones there are, and which one runs a model."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from api.config import Settings
from api.enginekit.catalogue import Entry
from api.enginekit.samples import Samples

ENGINES = {
    "moonshine": "api.services.stt.engines.moonshine:MoonshineRecognizer",
    "whisper": "api.services.stt.engines.whisper:WhisperRecognizer",
}
WITH_WORD_TIMES = frozenset({"whisper"})


@dataclass(frozen=True)
class Lengths:
    """How long the pieces of speech shall be that an engine is given, in seconds.

    A pause ends a piece once it has `least`; none is longer than `most`. `after` is kept of the
    silence that follows the speech.
    """

    least: float
    most: float
    after: float = 0.5


@dataclass(frozen=True)
class Word:
    """A word, when it is said (seconds), and how sure the engine is, 0 to 1."""

    start: float
    end: float
    word: str
    confidence: float


@dataclass(frozen=True)
class Segment:
    """What is said from `start` to `end` (seconds); `words` is None where nobody asked."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...] | None = None


@dataclass(frozen=True)
class Heard:
    """What is said in one piece of speech, and in which language; how sure the engine is, 0 to 1.

    `sure` is about the words. `language_sure` is at least a half where the language is found out.
    """

    language: str
    segments: tuple[Segment, ...]
    sure: float
    language_sure: float


class Recognizer(Protocol):
    """A recogniser in memory; made with the model's folder and its catalogue entry.

    May be used from many threads at once. Where little of a voice was heard, words count that are
    at least `certain`: other sounds become words too, but not with certainty.
    """

    lengths: Lengths
    certain: float

    def __init__(self, folder: Path, entry: Entry): ...

    def warm_up(self) -> None:
        """Recognise something, so that the first request does not pay for it."""

    def recognize(self, samples: Samples, language: str | None, *, words: bool) -> Heard:
        """What is said in the samples (n,), -1..1, 16,000 a second; times from their start.

        Args:
            samples: a piece of speech, within `lengths`.
            language: one of the model's; None to find out.
            words: whether to give the times of words, if the engine is in WITH_WORD_TIMES.
        """


def chooser(_settings: Settings) -> Callable[[Entry], str]:
    """Which engine runs a model: the only one it has files for."""
    return lambda entry: next(iter(entry.engines))

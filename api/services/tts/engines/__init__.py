"""What a synthesiser must do, which ones there are, and which one runs a model."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from api.config import Settings
from api.enginekit.catalogue import Entry

ENGINES = {
    "espeak": "api.services.tts.engines.espeak:EspeakSynthesizer",
    "piper": "api.services.tts.engines.piper:PiperSynthesizer",
}
Skill = Literal["ssml", "pitch", "marks"]


@dataclass(frozen=True)
class Voice:
    """A voice: `language` is a BCP 47 tag; `model` speaks it, which knows it as `native`."""

    id: str
    name: str
    language: str
    gender: str | None
    engine: str
    sample_rate: int
    model: str
    native: str


@dataclass(frozen=True)
class Manner:
    """How to speak: speed 0.5 to 2 and pitch 0.5 to 2, both factors, 1 as the voice has it."""

    voice: Voice
    speed: float = 1.0
    pitch: float = 1.0


@dataclass(frozen=True)
class Piece:
    """What is spoken in one go: plain text or a whole SSML document."""

    content: str
    is_ssml: bool = False
    ends_sentence: bool = True


@dataclass(frozen=True)
class Sound:
    """16-bit mono samples, little-endian; the time of each word in ms and where it stands.

    `words` pairs a time with the index of a character of the piece's content.
    """

    samples: bytes
    words: tuple[tuple[int, int], ...] = ()

    def after(self, silence_ms: int, rate: int) -> "Sound":
        """The same with silence before it; `rate` is samples a second."""
        silence = bytes(2 * (rate * silence_ms // 1000))
        words = tuple((time_ms + silence_ms, index) for time_ms, index in self.words)
        return Sound(silence + self.samples, words)


class Synthesizer(Protocol):
    """A model that speaks; made with its folder and its catalogue entry.

    May be used from many threads at once. `skills` says what it can do beside plain text,
    `lead_ms` how much silence a listener needs before the first word, `quick_characters` how
    many characters it speaks within a tenth of a second or so.
    """

    skills: frozenset[Skill]
    lead_ms: int
    quick_characters: int

    def __init__(self, folder: Path, entry: Entry): ...

    @staticmethod
    def voices(folder: Path, entry: Entry) -> tuple[Voice, ...]:
        """The voices of a model, without loading it."""

    def warm_up(self) -> None:
        """Speak once, so that the first request does not pay for it."""

    def speak(self, pieces: Sequence[Piece], manner: Manner, most_seconds: float) -> list[Sound]:
        """The sound of each piece.

        Raises:
            TooLarge: `audio_too_long`: together they are longer than that.
            NotReady: `speech_failed`: the native code hung, died or gave up.
        """


def chooser(_settings: Settings) -> Callable[[Entry], str]:
    """Which engine runs a model: each model has one."""
    return engine_of


def engine_of(entry: Entry) -> str:
    """The name of the engine that runs a model."""
    return next(iter(entry.engines))


def voices(folder: Path, entry: Entry) -> tuple[Voice, ...]:
    """The voices of an installed model."""
    module, _, kind = ENGINES[engine_of(entry)].partition(":")
    synthesizer: type[Synthesizer] = getattr(importlib.import_module(module), kind)
    return synthesizer.voices(folder, entry)

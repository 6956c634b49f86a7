"""Speaks a document sentence by sentence, so that the first is heard while others are made."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from api.enginekit.language import Guess
from api.enginekit.pool import Loaded
from api.enginekit.stopwatch import Stopwatch
from api.services.tts.engines import Manner, Sound
from api.services.tts.service.document import Document
from api.services.tts.service.pacing import batches
from api.services.tts.service.sentences import Part, Sentence

LONGEST_S = 30 * 60.0
# What takes long to say: a single "W" takes 0.45 seconds, the name of an emoji 2.
A_WORD_S, A_LETTER_S, A_CAPITAL_S, A_SIGN_S = 0.6, 0.06, 0.45, 2.1
SPELT_OUT = re.compile(r"\S{31,}")
SILENT = frozenset(".,;:!?'’\"()-–—")  # noqa: RUF001


@dataclass(frozen=True)
class Script:
    """What to speak, and how; `guess` is the language of the text if nobody named one."""

    document: Document
    sentences: list[Sentence]
    manner: Manner
    guess: Guess | None = None

    @property
    def longest_s(self) -> float:
        """How long it may take to listen to; ordinary text takes a third of that."""
        text = self.document.text
        words, letters = len(text.split()), sum(map(str.islower, text))
        capitals = sum(map(str.isupper, text)) + sum(map(len, SPELT_OUT.findall(text)))
        loud = sum(not c.isspace() and c not in SILENT for c in text)
        signs = max(0, loud - letters - sum(map(str.isupper, text)))
        spoken = A_WORD_S * words + A_LETTER_S * letters + A_CAPITAL_S * capitals
        return (spoken + A_SIGN_S * signs) / self._speed + self.document.paused_s

    @property
    def facts(self) -> dict[str, Any]:
        """What the history says of it: the voice, and how sure the guess of the language is."""
        confidence = {"language_confidence": self.guess.confidence} if self.guess else {}
        return {"voice": self.manner.voice.id, **confidence}

    @property
    def _speed(self) -> float:
        # SSML may slow down what it likes; no voice goes below half its speed.
        slowed = any("rate=" in tag for tag in chain(*set(self.document.tags)))
        return 0.5 if slowed else min(1.0, self.manner.speed)


class Speaking:
    """A script being spoken: its sounds in order, and how long they are so far."""

    def __init__(self, script: Script, model: Loaded, watch: Stopwatch):
        self.script = script
        self.rate = script.manner.voice.sample_rate
        self.samples = 0
        self._engine = model.engine
        self._watch = watch

    @property
    def seconds(self) -> float:
        """The length of what was spoken so far."""
        return self.samples / self.rate

    def sounds(self) -> Iterator[bytes]:
        """16-bit mono samples, piece by piece.

        Raises:
            TooLarge: `audio_too_long`: it would go on for more than LONGEST_S.
            NotReady: `speech_failed`.
        """
        for _, _, sound in self.spoken():
            yield sound.samples

    def spoken(self) -> Iterator[tuple[Sentence, Part, Sound]]:
        """Each part with its sound; `seconds` is then when it begins. Raises as `sounds` does."""
        for batch in batches(self.script.sentences, self._engine.quick_characters):
            with self._watch.stage("synthesise"):
                pieces = [part.piece for _, part in batch]
                left_s = LONGEST_S - self.seconds
                made = self._engine.speak(pieces, self.script.manner, left_s)
            if not self.samples:
                made[0] = made[0].after(self._engine.lead_ms, self.rate)
            for (sentence, part), sound in zip(batch, made, strict=True):
                yield sentence, part, sound
                self.samples += len(sound.samples) // 2
            self._watch.progress(batch[-1][0].end, len(self.script.document.text))

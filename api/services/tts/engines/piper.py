"""Piper: neural voices, one a model. Letters become sounds in a guest, sounds become samples here.

So the native code that reads what people write runs where it can do no harm, and the network,
which only sees numbers, is in memory once.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.enginekit import guests
from api.enginekit.catalogue import Entry
from api.errors import NotReady, TooLarge, Unusable
from api.services.tts import guest
from api.services.tts.engines import Manner, Piece, Skill, Sound, Voice
from api.services.tts.engines.languages import bcp47

READING_S = 8.0
LOUDEST = 32_767


class PiperSynthesizer:
    """One voice: `name.onnx` with `name.onnx.json` beside it."""

    skills: frozenset[Skill] = frozenset()
    lead_ms = 0  # the network makes its own

    def __init__(self, folder: Path, entry: Entry):
        from piper import PiperVoice

        self._voice = PiperVoice.load(folder / entry.engines["piper"])
        if self._voice.config.phoneme_type.value != "espeak":
            raise Unusable("This voice uses a phoneme type that is not supported.")
        (self._only,) = self.voices(folder, entry)

    @staticmethod
    def voices(folder: Path, entry: Entry) -> tuple[Voice, ...]:
        """The voice, by its configuration; Piper does not say whether it is a woman's."""
        config = folder / f"{entry.engines['piper']}.json"
        facts = _read(config, config.stat().st_mtime_ns)
        native = facts["espeak"]["voice"]
        language = bcp47(facts.get("language", {}).get("code", native))
        rate = facts["audio"]["sample_rate"]
        title = entry.title or entry.name
        return (Voice(entry.name, title, language, None, "piper", rate, entry.name, native),)

    def warm_up(self) -> None:
        """Speak a word."""
        self.speak([Piece("Hello.")], Manner(self._only), 60)

    def speak(self, pieces: Sequence[Piece], manner: Manner, most_seconds: float) -> list[Sound]:
        """The sound of each piece; see the contract."""
        read = guests.call(
            guest.phonemes,
            manner.voice.native,
            [piece.content for piece in pieces],
            seconds=READING_S,
            lost=NotReady(
                "Speech synthesis stopped unexpectedly. Please try again.", "speech_failed"
            ),
        )
        left, sounds = most_seconds * manner.voice.sample_rate, []
        for sentences in read:
            samples = [self._samples(sentence, manner.speed) for sentence in sentences if sentence]
            left -= sum(map(len, samples))
            if left < 0:
                raise TooLarge("The speech would be too long.", "audio_too_long")
            sounds.append(Sound(b"".join(one.tobytes() for one in samples)))
        return sounds

    def _samples(self, phonemes: list[str], speed: float) -> NDArray[np.int16]:
        from piper import SynthesisConfig

        config = SynthesisConfig(length_scale=self._voice.config.length_scale / speed)
        made = np.asarray(
            self._voice.phoneme_ids_to_audio(self._voice.phonemes_to_ids(phonemes), config),
            dtype=np.float32,
        )
        # As Piper does: each sentence is as loud as it can be.
        loudest = max(float(np.abs(made).max(initial=0)), 1e-8)
        return np.asarray(made / loudest * LOUDEST, dtype=np.int16)


@lru_cache(maxsize=64)
def _read(config: Path, _mtime_ns: int) -> dict[str, Any]:
    return json.loads(config.read_bytes())  # type: ignore[no-any-return]

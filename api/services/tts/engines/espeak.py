"""eSpeak NG: some 140 voices of formant synthesis, in a child process."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from api.enginekit import guests
from api.enginekit.catalogue import Entry
from api.errors import NotReady
from api.services.tts import guest
from api.services.tts.engines import Manner, Piece, Skill, Sound, Voice
from api.services.tts.engines.languages import bcp47

SAMPLE_RATE = 22_050
# Understood best by recognisers (see docs/decisions/048-voices-that-are-understood.md).
WORDS_PER_MINUTE = 145
WORD_GAP = 2  # in units of about 10 ms
# It starts to speak with the first sample, and the first word is easily missed.
LEAD_MS = 150
SLOWEST, FASTEST = 80, 450
SPEAKING_S = 8.0
TEST_VOICE = "art/xex"
# How these voices are spoken best: Spanish by the second Klatt synthesiser, and not the usual one.
SPEAKERS = {"es": "+klatt2", "es-419": "+klatt2"}
# Voices made of another one and a variant of the speaker; "en-us+f2" is the clearest we found.
VARIANTS = (("+f2", "female", ("en-us", "en-gb", "es", "es-419")),)


class EspeakSynthesizer:
    """All voices of eSpeak NG."""

    skills: frozenset[Skill] = frozenset({"ssml", "pitch", "marks"})
    lead_ms = LEAD_MS
    quick_characters = 400  # some twenty seconds of speech

    def __init__(self, folder: Path, entry: Entry):
        self._first = self.voices(folder, entry)[0]

    @staticmethod
    def voices(_folder: Path, entry: Entry) -> tuple[Voice, ...]:
        """The voices by language, and some with another speaker."""
        return _voices(entry.name)

    def warm_up(self) -> None:
        """Speak a word."""
        self.speak([Piece("Hello.")], Manner(self._first), 60)

    def speak(self, pieces: Sequence[Piece], manner: Manner, most_seconds: float) -> list[Sound]:
        """The sound of each piece; see the contract."""
        spoken = guests.call(
            guest.speak,
            _numbers(manner),
            [(piece.content, piece.is_ssml, piece.ends_sentence) for piece in pieces],
            most_seconds,
            seconds=SPEAKING_S,
            lost=_failed(),
        )
        return [Sound(samples, tuple(words)) for samples, words in spoken]


def _numbers(manner: Manner) -> tuple[str, int, int, int]:
    """The voice, words per minute, pitch (50 is normal, each 50 an octave) and word gap."""
    wanted = round(WORDS_PER_MINUTE * manner.speed)
    rate = min(max(wanted, SLOWEST), FASTEST)
    pitch = round(50 + 50 * math.log2(manner.pitch))
    # It speaks no slower than 80: longer pauses between the words make up for the rest.
    gap = WORD_GAP + int(wanted < SLOWEST)
    return manner.voice.native, rate, min(pitch, 99), gap


@cache
def _voices(model: str) -> tuple[Voice, ...]:
    found = guests.call(guest.espeak_voices, seconds=SPEAKING_S, lost=_failed())
    voices: dict[str, Voice] = {}
    for identifier, name, language in found:
        if identifier != TEST_VOICE:
            key = language.lower()
            if key in voices:
                key = language = identifier.rpartition("/")[2].lower()
            voices[key] = _voice(model, key, identifier, name.strip(), bcp47(language))
    every = [*map(_as_spoken_best, voices.values()), *_variants(voices)]
    return tuple(sorted(every, key=lambda voice: voice.id))


def _voice(model: str, key: str, native: str, name: str, language: str) -> Voice:
    return Voice(key, name, language, "male", "espeak", SAMPLE_RATE, model, native)


def _as_spoken_best(voice: Voice) -> Voice:
    return replace(voice, native=voice.native + SPEAKERS.get(voice.id, ""))


def _variants(voices: dict[str, Voice]) -> list[Voice]:
    return [
        Voice(
            f"{key}{suffix}",
            f"{voices[key].name}, {gender}",
            voices[key].language,
            gender,
            "espeak",
            SAMPLE_RATE,
            voices[key].model,
            f"{voices[key].native}{suffix}",
        )
        for suffix, gender, keys in VARIANTS
        for key in keys
    ]


def _failed() -> NotReady:
    return NotReady("Speech synthesis stopped unexpectedly. Please try again.", "speech_failed")

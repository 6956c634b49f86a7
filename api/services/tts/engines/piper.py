"""Piper's neural voices, one a model. Letters become sounds in a guest, sounds become samples here.

The guest has Piper's own code for that, with eSpeak NG (GPL). The network is an ONNX file, which
onnxruntime runs as its configuration says; it only sees numbers, and is in memory once.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from api.enginekit import guests
from api.enginekit.catalogue import Entry
from api.errors import NotReady, TooLarge, Unusable
from api.services.tts import guest
from api.services.tts.engines import Manner, Piece, Skill, Sound, Voice
from api.services.tts.engines.languages import bcp47

if TYPE_CHECKING:
    from onnxruntime import SessionOptions

READING_S = 8.0
LOUDEST = 32_767
# How long speech is by how long the network is told to make it, 1 as it is. It makes no sound
# shorter than a frame, so that half the time takes a quarter of that. Measured with a real voice.
LENGTHS = (0.483, 0.507, 0.542, 0.635, 0.752, 0.882, 1.0, 1.217, 1.733, 2.0)
SCALES = (0.125, 0.25, 0.333, 0.5, 0.667, 0.8, 1.0, 1.333, 2.0, 2.345)
# What stays of the silence after a piece that ends between two words.
BETWEEN_WORDS_S = 0.03
QUIET = LOUDEST // 100
# What stands before the first symbol, after the last one, and behind each but the last.
START, END, PAD = "^", "$", "_"


class PiperSynthesizer:
    """One voice: `name.onnx` with `name.onnx.json` beside it."""

    skills: frozenset[Skill] = frozenset()
    lead_ms = 0  # the network makes its own
    quick_characters = 30

    def __init__(self, folder: Path, entry: Entry):
        from onnxruntime import InferenceSession

        network = folder / entry.engines["piper"]
        self._config = _config_of(network)
        if self._config.get("phoneme_type", "espeak") != "espeak":
            raise Unusable("This voice uses a phoneme type that is not supported.")
        self._network = InferenceSession(
            str(network), _options(), providers=["CPUExecutionProvider"]
        )
        (self._only,) = self.voices(folder, entry)

    @staticmethod
    def voices(folder: Path, entry: Entry) -> tuple[Voice, ...]:
        """The voice, by its configuration; Piper does not say whether it is a woman's."""
        facts = _config_of(folder / entry.engines["piper"])
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
        for piece, sentences in zip(pieces, read, strict=True):
            samples = [self._samples(sentence, manner.speed) for sentence in sentences if sentence]
            if samples and not piece.ends_sentence and piece.content[-1:].isalpha():
                samples[-1] = _shortened(samples[-1], manner.voice.sample_rate)
            left -= sum(map(len, samples))
            if left < 0:
                raise TooLarge("The speech would be too long.", "audio_too_long")
            sounds.append(Sound(b"".join(one.tobytes() for one in samples)))
        return sounds

    def _samples(self, phonemes: list[str], speed: float) -> NDArray[np.int16]:
        scales = self._config["inference"]
        length_scale = np.interp(1 / speed, LENGTHS, SCALES)
        numbers = numbers_of(phonemes, self._config["phoneme_id_map"])
        inputs: dict[str, NDArray[Any]] = {
            "input": np.array([numbers], np.int64),
            "input_lengths": np.array([len(numbers)], np.int64),
            "scales": np.array(
                [scales["noise_scale"], scales["length_scale"] * length_scale, scales["noise_w"]],
                np.float32,
            ),
        }
        if self._config.get("num_speakers", 1) > 1:
            inputs["sid"] = np.zeros(1, np.int64)
        made = self._network.run(None, inputs)[0].ravel()
        # Each sentence is as loud as it can be, as Piper itself does it.
        loudest = max(float(np.abs(made).max(initial=0)), 1e-8)
        return np.asarray(made / loudest * LOUDEST, dtype=np.int16)


def _options() -> "SessionOptions":
    """Let waiting threads sleep.

    By default they keep a core busy in a loop, which took a third of the CPU time.
    """
    from onnxruntime import SessionOptions

    options = SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _shortened(samples: NDArray[np.int16], rate: int) -> NDArray[np.int16]:
    """The samples without most of the silence at their end."""
    loud = np.flatnonzero(np.abs(samples) > QUIET)
    return samples[: loud[-1] + round(BETWEEN_WORDS_S * rate)] if loud.size else samples


def numbers_of(phonemes: list[str], numbers: dict[str, list[int]]) -> list[int]:
    """Return what the network knows the phonemes as; those that it doesn't know are left out."""
    known = [symbol for symbol in phonemes if symbol in numbers]
    padded = [symbol for one in (START, *known) for symbol in (one, PAD)]
    return [number for symbol in (*padded, END) for number in numbers[symbol]]


def _config_of(network: Path) -> dict[str, Any]:
    config = network.with_name(f"{network.name}.json")
    return _read(config, config.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _read(config: Path, _mtime_ns: int) -> dict[str, Any]:
    return json.loads(config.read_bytes())  # type: ignore[no-any-return]

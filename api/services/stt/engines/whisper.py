"""Whisper through faster-whisper (CTranslate2): every language, word times; models are pulled."""

import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from api.enginekit.catalogue import Entry
from api.enginekit.samples import RATE, Samples
from api.services.stt.engines import Heard, Lengths, Segment, Word

if TYPE_CHECKING:  # see _without_av
    from faster_whisper.transcribe import Segment as WhisperSegment

TOKENIZER = "tokenizer.json"


class WhisperRecognizer:
    """A model converted to CTranslate2, in int8 on a CPU."""

    # It computes on 30 seconds however few it is given. With more silence after the speech it made
    # 27 instead of 30 errors in 148 Spanish words.
    lengths = Lengths(least=20.0, most=29.0, after=1.5)
    certain = 0.6

    def __init__(self, folder: Path, entry: Entry):
        home = (folder / entry.engines["whisper"]).parent
        if not (home / TOKENIZER).is_file():  # faster-whisper would download one
            raise FileNotFoundError(home / TOKENIZER)
        self._languages = entry.languages
        # `auto` is the fastest type of numbers that the processor, or the GPU, can compute with.
        self._model = _without_av()(str(home), compute_type="auto", local_files_only=True)
        self._alone = threading.Lock()  # one piece already keeps every core busy

    def warm_up(self) -> None:
        """Recognise a second of noise."""
        noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
        self.recognize(noise, self._languages[0], words=False)

    def recognize(self, samples: Samples, language: str | None, *, words: bool) -> Heard:
        """What is said, in segments of a sentence or so."""
        with self._alone:
            found, about = self._model.transcribe(
                samples,
                language=language,
                word_timestamps=words,
                condition_on_previous_text=False,
            )
            segments = list(found)  # it computes while it is asked for them
        placed = tuple(_segment(one, len(samples) / RATE, words) for one in segments)
        return Heard(about.language, placed, _sure(segments), float(about.language_probability))


def _without_av() -> Any:
    """Return faster-whisper's WhisperModel, imported without PyAV.

    It imports PyAV to read files, which guests do here. What comes with that, x264 and x265, is
    under the GPL and must stay out of the server (see NOTICE), so an empty module takes its place.
    """
    absent = "av" not in sys.modules
    if absent:
        sys.modules["av"] = ModuleType("av")
    try:
        from faster_whisper import WhisperModel
    finally:
        if absent:
            del sys.modules["av"]
    return WhisperModel


def _sure(found: list["WhisperSegment"]) -> float:
    """The mean probability of a token."""
    if not found:
        return 0.0
    lengths = [len(one.tokens) for one in found]
    return float(np.exp(np.average([one.avg_logprob for one in found], weights=lengths)))


def _segment(found: "WhisperSegment", length: float, words: bool) -> Segment:
    """The engine's segment as ours; its times can lie beyond the end of the sound."""

    def at(seconds: float) -> float:
        return min(float(seconds), length)

    said = tuple(
        Word(at(w.start), at(w.end), w.word.strip(), float(w.probability))
        for w in found.words or ()
    )
    return Segment(at(found.start), at(found.end), found.text, said if words else None)

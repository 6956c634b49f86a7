"""Moonshine, a small English recogniser, decoded by sherpa-onnx: the embedded engine."""

import base64
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import sherpa_onnx

from api.enginekit.catalogue import Entry
from api.enginekit.samples import RATE, Samples
from api.services.stt.engines import Heard, Lengths, Segment

FOLDER = "tiny-en"
# Measured: with half a second of silence around a piece, and its peak at 0.9, the word error rate
# is 5.8 % instead of 8.3 %; quiet recordings come out well only so.
MARGIN = np.zeros(RATE // 2, np.float32)
PEAK = 0.9
CONTINUES, SEVEN_BITS = 0x80, 0x7F


class MoonshineRecognizer:
    """The network in the Python package moonshine_voice; no word times, English only."""

    # It does best on sentences, and repeats or drops words in pieces that hold long pauses. Twelve
    # seconds cost 36 MB while they are recognised, sixteen 60.
    lengths = Lengths(least=1.0, most=12.0)

    def __init__(self, folder: Path, entry: Entry):
        home = folder / entry.engines["moonshine"] / FOLDER
        # sherpa-onnx reads its table of tokens from a file only, and only once.
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as table:
            table.writelines(_token_lines((home / "tokenizer.bin").read_bytes()))
            table.flush()
            self._recognizer = sherpa_onnx.OfflineRecognizer.from_moonshine_v2(
                encoder=str(home / "encoder_model.ort"),
                decoder=str(home / "decoder_model_merged.ort"),
                tokens=table.name,
                num_threads=1,  # two take twice the CPU time and are no faster
            )
        # Safe from any number of threads, but each one in there at a time keeps its memory.
        self._places = threading.BoundedSemaphore(os.cpu_count() or 1)

    def warm_up(self) -> None:
        """Recognise a second of noise."""
        noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
        self.recognize(noise, "en", words=False)

    def recognize(self, samples: Samples, language: str | None, *, words: bool) -> Heard:  # noqa: ARG002  # English without word times is all it can
        """What is said, as one segment."""
        loudest = float(np.abs(samples).max(initial=0.0)) or PEAK
        stream = self._recognizer.create_stream()
        stream.accept_waveform(RATE, np.concatenate([MARGIN, samples * (PEAK / loudest), MARGIN]))
        with self._places:
            self._recognizer.decode_stream(stream)
        return Heard("en", (Segment(0.0, len(samples) / RATE, stream.result.text),))


def _token_lines(data: bytes) -> Iterator[str]:
    """The lines of sherpa-onnx's table: each token as base64, and its number."""
    for number, token in enumerate(_tokens(data)):
        yield f"{base64.b64encode(token).decode()} {number}\n"


def _tokens(data: bytes) -> Iterator[bytes]:
    """Tokens as tokenizer.bin has them: a length (7 bits a byte, low ones first), then bytes."""
    at = 0
    while at < len(data):
        length = shift = 0
        while True:
            byte, at = data[at], at + 1
            length |= (byte & SEVEN_BITS) << shift
            shift += 7
            if not byte & CONTINUES:
                break
        yield data[at : at + length]
        at += length

"""Moonshine, a small English recogniser, run by onnxruntime: the embedded engine."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from onnxruntime import InferenceSession, SessionOptions

from api.enginekit.catalogue import Entry
from api.enginekit.samples import RATE, Samples
from api.services.stt.engines import Heard, Lengths, Segment

FOLDER = "tiny-en"
# Measured: with half a second of silence around a piece, and its peak at 0.9, the word error rate
# is 5.8 % instead of 8.3 %; quiet recordings come out well only so.
MARGIN = np.zeros(RATE // 2, np.float32)
PEAK = 0.9
START, END = 1, 2  # tokens
TOKENS_PER_S = 6.5  # nobody speaks faster: more is the same words again and again
SPACE = "\u2581"  # as the tokens have it
ENGLISH_FROM, ENGLISH_FROM_FEW, ENGLISH_RANGE = 0.75, 0.4, 0.4
CONTINUES, SEVEN_BITS = 0x80, 0x7F


class MoonshineRecognizer:
    """The network in the Python package moonshine_voice; no word times, English only."""

    # It does best on sentences, and repeats or drops words in pieces that hold long pauses. Twelve
    # seconds cost 36 MB while they are recognised, sixteen 60.
    lengths = Lengths(least=1.0, most=12.0)
    certain = 0.85

    def __init__(self, folder: Path, entry: Entry):
        home = folder / entry.engines["moonshine"] / FOLDER
        self._tokens = list(_tokens((home / "tokenizer.bin").read_bytes()))
        self._encoder = _network(home / "encoder_model.ort")
        self._decoder = _network(home / "decoder_model_merged.ort")
        # What the decoder gives back to itself with the next token: name of the output and input.
        kept = [output.name for output in self._decoder.get_outputs()[1:]]
        self._kept = {name: name.replace("present", "past_key_values") for name in kept}
        _, heads, _, size = self._decoder.get_outputs()[1].shape
        self._nothing = dict.fromkeys(self._kept.values(), np.zeros((1, heads, 0, size), "f4"))
        # Safe from any number of threads, but each one in there at a time keeps its memory.
        self._places = threading.BoundedSemaphore(os.cpu_count() or 1)

    def warm_up(self) -> None:
        """Recognise a second of noise."""
        noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
        self.recognize(noise, "en", words=False)

    def recognize(self, samples: Samples, language: str | None, *, words: bool) -> Heard:  # noqa: ARG002  # English without word times is all it can
        """What is said, as one segment."""
        loudest = float(np.abs(samples).max(initial=0.0)) or PEAK
        sound = np.concatenate([MARGIN, samples * np.float32(PEAK / loudest), MARGIN])
        with self._places:
            tokens, sure = self._decoded(sound)
        said = b"".join(self._tokens[token] for token in tokens).decode(errors="replace")
        segment = Segment(0.0, len(samples) / RATE, said.replace(SPACE, " "))
        return Heard("en", (segment,), sure, _english(sure, len(tokens) + 1))

    def _decoded(self, samples: Samples) -> tuple[list[int], float]:
        """The most likely tokens, each after those before it, and their mean probability.

        That is 0 where they find no end, but repeat themselves.
        """
        sound = samples[None]
        mask = np.ones_like(sound, np.int64)
        (states,) = self._encoder.run(None, {"input_values": sound, "attention_mask": mask})
        inputs = {"encoder_hidden_states": states, "encoder_attention_mask": mask, **self._nothing}
        kept, tokens, logs = self._kept, [START], list[float]()
        while tokens[-1] != END and len(logs) < len(samples) / RATE * TOKENS_PER_S:
            inputs["input_ids"] = np.array([tokens[-1:]])
            inputs["use_cache_branch"] = np.array([len(logs) > 0])
            logits, *values = self._decoder.run(["logits", *kept], inputs)
            inputs |= dict(zip(kept.values(), values, strict=True))
            # What it computes about the sound, it computes once.
            kept = {name: into for name, into in kept.items() if ".encoder." not in name}
            scores = logits[0, -1]
            tokens.append(int(scores.argmax()))
            logs.append(-float(np.log(np.exp(scores - scores.max()).sum())))
        if tokens[-1] != END:
            return tokens[1:], 0.0
        return tokens[1:-1], float(np.exp(np.mean(logs)))


def _english(sure: float, tokens: int) -> float:
    """How sure it is that what is said is English, of which the probabilities of tokens tell.

    Measured with recordings on the telephone: English of more than six tokens passes the limit; of
    450 recordings in Spanish, French, Italian and Russian none does.
    """
    limit = ENGLISH_FROM + ENGLISH_FROM_FEW / tokens
    return float(np.clip(0.5 + (sure - limit) / ENGLISH_RANGE, 0, 1))


def _network(file: Path) -> InferenceSession:
    options = SessionOptions()
    options.intra_op_num_threads = 1  # two take twice the CPU time and are no faster
    options.enable_cpu_mem_arena = False  # it would keep the memory of the longest piece
    return InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


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

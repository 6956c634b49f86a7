"""A Whisper of one layer without trained weights that says a sentence it was made to say.

CTranslate2 and faster-whisper load and run it like any other: the token for each place in the
answer is written into its position encodings, whatever it hears.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs import whisper_spec
from faster_whisper.tokenizer import _LANGUAGE_CODES
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

TEXT_TOKENS = 50257
LANGUAGES = [code for code in _LANGUAGE_CODES if code != "yue"]
SPECIAL = [
    "<|endoftext|>", "<|startoftranscript|>", *(f"<|{code}|>" for code in LANGUAGES),
    "<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>",
    "<|notimestamps|>", *(f"<|{n / 50:.2f}|>" for n in range(1501)),
]  # fmt: skip
WORDS = ["Ġhola", "Ġmundo"]
# An empty token, the last one of the text, is how CTranslate2 knows one of many languages.
TOKENS = [*WORDS, *(f"Ġ{n}" for n in range(TEXT_TOKENS - len(WORDS) - 1)), "", *SPECIAL]
NUMBER = {token: n for n, token in enumerate(TOKENS)}
# What the answer follows where the times of words are asked for.
PROMPT = ["<|startoftranscript|>", "<|es|>", "<|transcribe|>", "<|notimestamps|>"]
# The answer's tokens, from the last place of the prompt without its last token.
ANSWER = ["<|0.00|>", *WORDS, "<|1.00|>", "<|endoftext|>"]
SIDE, SURE = 64, 40.0


def make(folder: Path) -> None:
    """Writes config.json, model.bin, tokenizer.json and vocabulary.txt: 'hola mundo', Spanish."""
    spec = whisper_spec.WhisperSpec(1, 1, 1, 1)
    _fill(spec)
    said = {0: "<|es|>"} | dict(enumerate(ANSWER, len(PROMPT) - 2))
    for place, token in said.items():
        spec.decoder.position_encodings.encodings[place, place] = 1
        spec.decoder.projection.weight[NUMBER[token], place] = SURE
    spec.register_vocabulary(TOKENS)
    languages = [NUMBER[f"<|{code}|>"] for code in LANGUAGES]
    for name, value in {"lang_ids": languages, "alignment_heads": [(0, 0)]}.items():
        setattr(spec.config, name, value)
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], []
    spec.validate()
    spec.save(str(folder))
    _write_tokenizer(folder / "tokenizer.json")
    vocabulary = json.loads((folder / "vocabulary.json").read_text())
    (folder / "vocabulary.txt").write_text("\n".join(vocabulary) + "\n")
    (folder / "vocabulary.json").unlink()


def _fill(spec: whisper_spec.WhisperSpec) -> None:
    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight, encoder.conv1.bias = _weights(SIDE, 80, 3), _weights(SIDE)
    encoder.conv2.weight, encoder.conv2.bias = _weights(SIDE, SIDE, 3), _weights(SIDE)
    encoder.position_encodings.encodings = _time_of_words()
    decoder.position_encodings.encodings = np.zeros((448, SIDE), np.float32)
    decoder.embeddings.weight = np.zeros((len(TOKENS), SIDE), np.float32)
    decoder.projection.weight = np.zeros((len(TOKENS), SIDE), np.float32)
    for part in (encoder, decoder):
        _norm(part.layer_norm)
        _attention(part.layer[0].self_attention, 3 * SIDE, SIDE)
        _linear(part.layer[0].ffn.linear_0, 4 * SIDE, SIDE)
        _linear(part.layer[0].ffn.linear_1, SIDE, 4 * SIDE)
        _norm(part.layer[0].ffn.layer_norm)
    across = decoder.layer[0].attention
    _attention(across, SIDE, 2 * SIDE, SIDE)
    across.linear[0].weight[:] = 3 * np.eye(SIDE)
    across.linear[1].weight[:SIDE] = 3 * np.eye(SIDE)


def _weights(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.001, shape).astype(np.float32)


def _linear(layer: Any, out: int, into: int) -> None:
    layer.weight, layer.bias = _weights(out, into), _weights(out)


def _norm(layer: Any) -> None:
    layer.gamma, layer.beta = np.ones(SIDE, np.float32), np.zeros(SIDE, np.float32)


def _attention(layer: Any, *sizes: int) -> None:
    for part, size in zip(layer.linear, sizes, strict=True):
        _linear(part, size, SIDE)
    _norm(layer.layer_norm)


def _time_of_words() -> np.ndarray:
    """Half a second for each word: the places in the answer, with the marks before and after it,
    that each 0.02 s of sound belongs to."""
    frames = np.zeros((1500, SIDE), np.float32)
    for frame in range(len(frames)):
        frames[frame, len(PROMPT) - 1 + min(frame // 25, len(WORDS))] = 1
    return frames


def _write_tokenizer(file: Path) -> None:
    tokenizer = Tokenizer(models.WordLevel(NUMBER, unk_token="Ġ0"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    tokenizer.save(str(file))

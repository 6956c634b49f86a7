"""Cutting a stream into pieces, on made-up sound that counts as a voice."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from api.enginekit.audio import RATE
from api.services.stt.engines import Lengths
from api.services.stt.service import cutter
from api.services.stt.service.cutter import Detector, Piece
from api.services.stt.service.voice import FRAME, Voice

LENGTHS = Lengths(least=1.0, most=16.0)


def babble(seconds: float, level: float = 0.1, seed: int = 0) -> np.ndarray:
    """Noise that swells and fades four times a second, as syllables do."""
    count = round(seconds * RATE)
    noise = np.random.default_rng(seed).normal(0, level, count)
    return noise * np.abs(np.sin(2 * np.pi * 2 * np.arange(count) / RATE))


def silence(seconds: float, level: float = 0.0005) -> np.ndarray:
    """The hiss of a quiet room."""
    return np.random.default_rng(1).normal(0, level, round(seconds * RATE))


def reader(*parts: np.ndarray) -> Callable[[int], np.ndarray]:
    """The parts one after the other, as a stream."""
    rest = [np.concatenate(parts).astype(np.float32)]

    def read(count: int) -> np.ndarray:
        taken, rest[0] = rest[0][:count], rest[0][count:]
        return taken

    return read


def loud_is_voice(samples: np.ndarray, gain: float) -> np.ndarray:
    """A detector that takes every sound for a voice, unless it is quiet."""
    frames = samples.reshape(-1, FRAME)
    return (frames.std(axis=1) * gain > 0.01).astype(float)


def cut(
    *parts: np.ndarray,
    lengths: Lengths = LENGTHS,
    listen: Callable[[], Detector] = lambda: loud_is_voice,
) -> list[Piece]:
    return list(cutter.pieces(reader(*parts), lengths, listen))


def spans(pieces: list[Piece]) -> list[tuple[float, float]]:
    """Start and end of each piece in seconds."""
    return [(p.start, p.start + len(p.samples) / RATE) for p in pieces]


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(0),
        np.zeros(100),
        np.zeros(5 * RATE),
        np.ones(5 * RATE),
        np.full(5 * RATE, 0.7),
        silence(40),
        silence(40, 0.3),
        0.5 * np.sin(np.arange(20 * RATE) / 6),
        np.sign(np.sin(np.arange(20 * RATE) / 6)),
    ],
    ids=["nothing", "tiny", "zero", "full", "offset", "hiss", "roar", "tone", "square"],
)
def test_what_holds_no_speech(sound: np.ndarray) -> None:
    """Silence, constant noise, an offset or a tone give no piece."""
    assert cut(sound, listen=Voice) == []


def test_a_click_is_no_speech() -> None:
    """A tenth of a second in ten of silence."""
    assert cut(silence(5), babble(0.1, 0.5), silence(5), listen=Voice) == []


@pytest.mark.parametrize("level", [0.5, 0.05, 0.005])
def test_speech_is_found_where_it_is(level: float) -> None:
    """Loud or quiet, with half a second around it."""
    ((start, end),) = spans(cut(silence(3, level / 200), babble(2, level), silence(4, level / 200)))
    assert 2.4 <= start <= 2.7
    assert 5.2 <= end <= 5.6


def test_when_somebody_speaks() -> None:
    """A piece says when its speech begins and ends, without the silence that it keeps."""
    (piece,) = cut(silence(5), babble(2), silence(5))
    first, last = (piece.start + second for second in piece.speech)
    assert 4.7 <= first <= 5.1
    assert 6.9 <= last <= 7.3


def test_pauses_part_the_pieces() -> None:
    """Three sentences with a second between them."""
    parts = [part for n in range(3) for part in (babble(3, seed=n), silence(1))]
    pieces = spans(cut(*parts))
    assert [round(start) for start, _ in pieces] == [0, 4, 8]
    assert all(3 <= end - start <= 4 for start, end in pieces)


def test_a_word_before_a_long_pause_stands_alone() -> None:
    """It does not wait for the next sentence, though it is short."""
    long = Lengths(least=20.0, most=29.0)
    pieces = spans(cut(babble(0.6), silence(5), babble(2), silence(1), lengths=long))
    assert [round(start) for start, _ in pieces] == [0, 5]
    assert pieces[0][1] < 2


@pytest.mark.parametrize("lengths", [LENGTHS, Lengths(20.0, 29.0), Lengths(1.0, 4.0)])
def test_speech_without_pauses(lengths: Lengths) -> None:
    """Every piece is short enough, and together they are all there was, without overlap."""
    whole = babble(100)
    pieces = cut(whole, lengths=lengths)
    assert max(len(p.samples) for p in pieces) <= lengths.most * RATE
    assert np.array_equal(np.concatenate([p.samples for p in pieces]), whole.astype(np.float32))


def test_the_cut_is_where_it_is_quiet() -> None:
    """A dip too short for a pause is where a long piece is cut."""
    ends = [end for _, end in spans(cut(babble(12), silence(0.35), babble(10), silence(1)))]
    assert 12 <= ends[0] <= 12.4


def test_all_speech_is_covered() -> None:
    """A random conversation: in order, none twice, nothing loud left out."""
    random = np.random.default_rng(5)
    parts, at, spoken = [], 0.0, []
    for n in range(60):
        length, pause = random.uniform(0.5, 12), random.uniform(0.1, 4)
        spoken.append((at, at + length))
        parts += [babble(length, random.uniform(0.05, 0.3), n), silence(pause)]
        at += length + pause
    pieces = spans(cut(*parts))
    assert all(one[1] <= two[0] + 1e-6 for one, two in pairwise(pieces))
    assert max(end - start for start, end in pieces) <= LENGTHS.most
    for start, end in spoken:
        within = sum(max(0.0, min(end, b) - max(start, a)) for a, b in pieces)
        assert within > 0.97 * (end - start)


def test_an_hour_of_silence_is_not_kept() -> None:
    """What is held at a time does not grow with the length of the stream."""
    asked, left = [], [3600 * RATE]

    def read(count: int) -> np.ndarray:
        asked.append(count)
        left[0] -= count
        return np.zeros(min(count, max(0, left[0] + count)), np.float32)

    assert list(cutter.pieces(read, LENGTHS, Voice)) == []
    assert max(asked) <= (LENGTHS.most + 1) * RATE

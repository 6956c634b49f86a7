"""Cuts a stream of sound into pieces of speech, at pauses or at the quietest points.

What is silence is judged by how loud the last half minute was: a hum counts as silence, and so
does a tone that does not change. Holds a few seconds of sound at a time, however long the stream.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from api.enginekit.samples import RATE, Samples
from api.services.stt.engines import Lengths

FRAMES_PER_S = 50
FRAME = RATE // FRAMES_PER_S
REMEMBERED = 30 * FRAMES_PER_S  # frames that say how loud it is here
PAUSE = FRAMES_PER_S // 2
LONG_PAUSE = 3 * FRAMES_PER_S // 2  # ends a piece however short it is
MARGIN = FRAMES_PER_S // 2  # kept of the silence on either side
LEAD = FRAMES_PER_S // 5  # of the silence on either side, what counts to the speech
LEAST_SPEECH = FRAMES_PER_S // 5  # less is a click
SMOOTHED = 3 * FRAMES_PER_S // 10  # the quietest point is that of the quietest 0.3 s
SILENCE_DB = -85.0  # below full scale; nothing quieter is speech, though some comes near
NOISE_RANGE_DB = 6.0  # sound whose loudness varies less is noise, hum or a tone
LOUDNESS_RANGE_DB = 45.0  # nothing so far below the loudest is speech
Levels = NDArray[np.float64]


@dataclass(frozen=True)
class Piece:
    """Samples that hold speech, and the second of the recording at which they begin.

    `speech` is from when to when somebody speaks, in seconds of the samples.
    """

    start: float
    samples: Samples
    speech: tuple[float, float]


def pieces(read: Callable[[int], Samples], lengths: Lengths) -> Iterator[Piece]:
    """The speech of a recording in order; the pieces do not overlap.

    Args:
        read: gives the next samples, up to so many; fewer at the end.
        lengths: of the pieces.
    """
    window = _Window(read, round((lengths.most + 1) * FRAMES_PER_S))
    least, most = (round(s * FRAMES_PER_S) for s in (lengths.least, lengths.most))
    while window.fill():
        speech = np.flatnonzero(_is_speech(window.levels, window.past))
        if not len(speech):
            window.drop(len(window.levels) - (0 if window.ended else MARGIN))
            continue
        if speech[0] > MARGIN:
            window.drop(int(speech[0]) - MARGIN)
            continue
        end = _end(window, speech, least, most)
        speech = speech[speech < end]
        if len(speech) >= LEAST_SPEECH:
            first, last = max(speech[0] - LEAD, 0), min(speech[-1] + 1 + LEAD, end)
            times = (float(first / FRAMES_PER_S), float(last / FRAMES_PER_S))
            yield Piece(window.seconds, window.samples(end), times)
        window.drop(end)


class _Window:
    """The next frames of the stream and their levels in dB; remembers the levels before."""

    def __init__(self, read: Callable[[int], Samples], size: int):
        self.levels: Levels = np.zeros(0)
        self.past: Levels = np.zeros(0)
        self.ended = False
        self._read = read
        self._size = size
        self._at = 0
        self._samples: Samples = np.zeros(0, np.float32)

    def fill(self) -> bool:
        """Read on until the window is full; whether there is anything in it."""
        wanted = (self._size - len(self.levels)) * FRAME
        if not self.ended and wanted > 0:
            new = self._read(wanted)
            self.ended = len(new) < wanted
            new = np.pad(new, (0, -len(new) % FRAME))
            self._samples = np.concatenate([self._samples, new])
            self.levels = np.concatenate([self.levels, _levels(new)])
        return len(self.levels) > 0

    def drop(self, frames: int) -> None:
        """Go on by so many frames."""
        self.past = np.concatenate([self.past, self.levels[:frames]])[-REMEMBERED:]
        self.levels = self.levels[frames:]
        self._samples = self._samples[frames * FRAME :]
        self._at += frames

    @property
    def seconds(self) -> float:
        """When the window begins, from the start of the stream."""
        return self._at / FRAMES_PER_S

    def samples(self, frames: int) -> Samples:
        """The samples of the first frames."""
        return self._samples[: frames * FRAME]


def _levels(samples: Samples) -> Levels:
    """The loudness of each frame in dB of full scale; a constant offset is not sound."""
    power = samples.reshape(-1, FRAME).var(axis=1, dtype=np.float64)
    return 10 * np.log10(power + 1e-10)  # type: ignore[no-any-return]


def _is_speech(levels: Levels, past: Levels) -> NDArray[np.bool_]:
    """Which frames are loud enough, compared with the quiet and the loud ones around."""
    quiet, loud = np.percentile(np.concatenate([past, levels]), [10, 95])
    if loud - quiet < NOISE_RANGE_DB:
        return np.zeros(len(levels), bool)
    above_noise = quiet + min(max((loud - quiet) / 4, 3.0), 12.0)
    return levels > float(max(above_noise, SILENCE_DB, loud - LOUDNESS_RANGE_DB))


def _end(window: _Window, speech: NDArray[np.intp], least: int, most: int) -> int:
    """Where the piece ends: at the first pause after `least`, or the first long one; else at the
    last pause before `most`; else at the quietest point of what comes before it."""
    total = len(window.levels)
    after = np.append(speech[1:], total + (2 * MARGIN if window.ended else 0))
    pauses = (after - speech)[after - speech > PAUSE]
    stops = speech[after - speech > PAUSE] + 1
    cuts = np.minimum(stops + np.minimum(MARGIN, pauses // 2), total)
    good = cuts[((stops >= least) | (pauses > LONG_PAUSE)) & (cuts <= most)]
    if len(good):
        return int(good[0])
    if len(early := cuts[cuts <= most]):
        return int(early[-1])
    most = min(most, total)
    middle = min((least + most) // 2, most - 1)
    power = np.convolve(10 ** (window.levels / 10), np.ones(SMOOTHED), "same")
    return middle + int(np.argmin(power[middle:most]))

"""Cuts a stream of sound into pieces of speech, at pauses or at the quietest points.

A voice detector says where somebody speaks. What is silence is judged by how loud the last half
minute was: a hum counts as silence, and so does a tone that does not change. Holds a few seconds of
sound at a time, however long the stream.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from api.enginekit.samples import RATE, Samples
from api.services.stt.engines import Lengths
from api.services.stt.service.voice import FRAME

FRAMES_PER_S = RATE / FRAME
REMEMBERED = round(30 * FRAMES_PER_S)  # frames that say how loud it is here
PAUSE = round(0.5 * FRAMES_PER_S)
LONG_PAUSE = round(1.5 * FRAMES_PER_S)  # ends a piece however short it is
BEFORE = round(0.5 * FRAMES_PER_S)  # kept of the silence before speech
LEAD = round(0.15 * FRAMES_PER_S)  # of the silence on either side, what counts to the speech
LEAST_SPEECH = round(0.2 * FRAMES_PER_S)  # less is a click
LEAST_VOICE = round(0.15 * FRAMES_PER_S)
MUCH_VOICE = round(1.0 * FRAMES_PER_S)  # less is heard twice
SMOOTHED = round(0.3 * FRAMES_PER_S)  # the quietest point is that of the quietest 0.3 s
SILENCE_DB = -85.0  # below full scale; nothing quieter is speech, though some comes near
NOISE_RANGE_DB = 6.0  # sound whose loudness varies less is noise, hum or a tone
LOUDNESS_RANGE_DB = 45.0  # nothing so far below the loudest is speech
DETECTOR_DB = -20.0  # how loud the detector wants to hear the loudest
MOST_GAIN = 200.0
# Probabilities: somebody speaks; may speak; goes on to speak. Low ones for long are a voice too.
VOICE, LIKE_VOICE, HINT, ON_AVERAGE = 0.5, 0.4, 0.2, 0.35
NEAR = round(0.4 * FRAMES_PER_S)  # sound so close to a voice belongs to it
# A piece with so little voice may be some other sound: it counts if its words are certain.
LITTLE_VOICE = round(0.3 * FRAMES_PER_S)
LITTLE_SHARE = 0.4  # of the speech
Levels = NDArray[np.float64]
Mask = NDArray[np.bool_]
# How likely each frame of the next samples is a voice, if they are made so much louder.
Detector = Callable[[Samples, float], Levels]


@dataclass(frozen=True)
class Piece:
    """Samples that hold speech, and the second of the recording at which they begin.

    `speech` is from when to when somebody speaks, in seconds of the samples; it is `doubtful` if
    the detector has heard little of a voice.
    """

    start: float
    samples: Samples
    speech: tuple[float, float]
    doubtful: bool


def pieces(
    read: Callable[[int], Samples], lengths: Lengths, listen: Callable[[], Detector]
) -> Iterator[Piece]:
    """The speech of a recording in order; the pieces do not overlap.

    Args:
        read: gives the next samples, up to so many; fewer at the end.
        lengths: of the pieces.
        listen: makes a detector that has heard nothing yet.
    """
    window = _Window(read, listen(), round((lengths.most + 1) * FRAMES_PER_S))
    least, most, after = (
        round(s * FRAMES_PER_S) for s in (lengths.least, lengths.most, lengths.after)
    )
    while window.fill():
        speech = np.flatnonzero(window.speech())
        if not len(speech):
            window.drop(len(window.levels) - (0 if window.ended else BEFORE))
            continue
        if speech[0] > BEFORE:
            window.drop(int(speech[0]) - BEFORE)
            continue
        end = _end(window, speech, (least, most), after)
        piece = _judged(window, speech[speech < end], end, listen)
        if piece is not None:
            yield piece
        window.drop(end)


class _Window:
    """The next frames of the stream, their levels in dB and voices; remembers those before."""

    def __init__(self, read: Callable[[int], Samples], voice: Detector, size: int):
        self.levels: Levels = np.zeros(0)
        self.voices: Levels = np.zeros(0)
        self.ended = False
        self._past = (np.zeros(0), np.zeros(0))
        self._read = read
        self._voice = voice
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
            levels = _levels(new)
            self._samples = np.concatenate([self._samples, new])
            self.levels = np.concatenate([self.levels, levels])
            self.voices = np.concatenate([self.voices, self._voices(new, levels)])
        return len(self.levels) > 0

    def drop(self, frames: int) -> None:
        """Go on by so many frames."""
        levels, voices = self._past
        self._past = (
            np.concatenate([levels, self.levels[:frames]])[-REMEMBERED:],
            np.concatenate([voices, self.voices[:frames]])[-REMEMBERED:],
        )
        self.levels, self.voices = self.levels[frames:], self.voices[frames:]
        self._samples = self._samples[frames * FRAME :]
        self._at += frames

    @property
    def seconds(self) -> float:
        """When the window begins, from the start of the stream."""
        return self._at / FRAMES_PER_S

    def samples(self, frames: int) -> Samples:
        """The samples of the first frames."""
        return self._samples[: frames * FRAME]

    def speech(self) -> Mask:
        """Which frames are loud enough and belong to a voice."""
        levels, voices = self._past
        voiced = _is_voiced(np.concatenate([voices, self.voices]))[len(voices) :]
        return voiced & (_is_loud(self.levels, levels) | (self.voices >= VOICE))

    def _voices(self, new: Samples, levels: Levels) -> Levels:
        if not (levels > SILENCE_DB).any():
            return np.zeros(len(levels))
        return self._voice(new, _gain(np.concatenate([self._past[0], self.levels])))


def _gain(levels: Levels) -> float:
    """How much louder the sound shall be for the detector."""
    return float(min(10 ** ((DETECTOR_DB - np.percentile(levels, 95)) / 20), MOST_GAIN))


def _levels(samples: Samples) -> Levels:
    """The loudness of each frame in dB of full scale; a constant offset is not sound."""
    power = samples.reshape(-1, FRAME).var(axis=1, dtype=np.float64)
    return 10 * np.log10(power + 1e-10)  # type: ignore[no-any-return]


def _is_loud(levels: Levels, past: Levels) -> Mask:
    """Which frames are loud enough, compared with the quiet and the loud ones around."""
    quiet, loud = np.percentile(np.concatenate([past, levels]), [10, 95])
    if loud - quiet < NOISE_RANGE_DB:
        return np.zeros(len(levels), bool)
    above_noise = quiet + min(max((loud - quiet) / 4, 3.0), 12.0)
    return levels > float(max(above_noise, SILENCE_DB, loud - LOUDNESS_RANGE_DB))


def _is_voiced(voices: Levels) -> Mask:
    """Which frames belong to a stretch that may be a voice and somewhere is like one."""
    around = np.ones(2 * NEAR + 1)
    may_be = np.convolve(voices >= HINT, around)[NEAR : NEAR + len(voices)] > 0
    edges = np.flatnonzero(np.diff(may_be, prepend=False, append=False))
    for start, end in edges.reshape(-1, 2):
        may_be[start:end] = (voices[start:end] >= LIKE_VOICE).any()
    return may_be


def _judged(
    window: _Window, speech: NDArray[np.intp], end: int, listen: Callable[[], Detector]
) -> Piece | None:
    """The window up to `end` as a piece; None if nobody speaks in it."""
    if len(speech) < LEAST_SPEECH:
        return None
    samples, voices = window.samples(end), window.voices[:end]
    if LEAST_VOICE <= np.count_nonzero(voices >= VOICE) < MUCH_VOICE:
        voices = _heard_again(samples, listen())
    voiced = int(np.count_nonzero(voices >= VOICE))
    if voiced < LEAST_VOICE and voices[speech].mean() < ON_AVERAGE:
        return None
    doubtful = voiced < max(LITTLE_VOICE, LITTLE_SHARE * len(speech))
    first, last = max(speech[0] - LEAD, 0), min(speech[-1] + 1 + LEAD, end)
    times = (float(first / FRAMES_PER_S), float(last / FRAMES_PER_S))
    return Piece(window.seconds, samples, times, doubtful)


def _heard_again(samples: Samples, voice: Detector) -> Levels:
    """How likely the frames are a voice for a detector that has heard the same before.

    Measured: knocks and chimes, which it took for a voice at first, it then knows; speech it
    recognises as well or better.
    """
    gain = _gain(_levels(samples)) / 2
    voice(samples, gain)
    return voice(samples, gain)


def _end(window: _Window, speech: NDArray[np.intp], lengths: tuple[int, int], kept: int) -> int:
    """Where the piece ends: at the first pause after `least`, or the first long one; else at the
    last pause before `most`; else at the quietest point of what comes before it."""
    (least, most), total = lengths, len(window.levels)
    after = np.append(speech[1:], total + (2 * kept if window.ended else 0))
    pauses = (after - speech)[after - speech > PAUSE]
    stops = speech[after - speech > PAUSE] + 1
    cuts = np.minimum(stops + np.minimum(kept, pauses // 2), total)
    good = cuts[((stops >= least) | (pauses > LONG_PAUSE)) & (cuts <= most)]
    if len(good):
        return int(good[0])
    if len(early := cuts[cuts <= most]):
        return int(early[-1])
    most = min(most, total)
    middle = min((least + most) // 2, most - 1)
    power = np.convolve(10 ** (window.levels / 10), np.ones(SMOOTHED), "same")
    return middle + int(np.argmin(power[middle:most]))

"""Writes sound of any rate and any number of channels to a file as 16-bit mono at RATE."""

from typing import BinaryIO

import av
import numpy as np

from api.enginekit.mixing import Mixer
from api.enginekit.samples import RATE, Samples
from api.errors import TooMuchAtOnce

BYTES_PER_SAMPLE = 2
MOST_WAITING = 8_000_000  # samples of all channels; a second of the highest rate has fewer
# A recorder that leaves out silence makes a gap several times a second.
SHORT_GAP_S = 2.0


class Sink:
    """A file that is written up to a limit. Long silence costs no space on most disks."""

    def __init__(self, file: BinaryIO, most_seconds: float):
        self.samples = 0  # written so far
        self._end = 0.0  # when that ends which was handed in
        self._file = file
        self._most_seconds = most_seconds
        self._form = (0, 0)  # channels and rate
        self._waiting: list[Samples] = []
        self._count = 0

    def write(self, sound: Samples, rate: int) -> None:
        """Add samples, (channels, n); a recording may change its form midway."""
        if not sound.size:
            return
        form = (len(sound), rate)
        if form != self._form:
            self.flush()
            self._form, self._mixer = form, Mixer(*form)
            self._resampler = av.AudioResampler("s16", "mono", RATE)
        self._waiting.append(sound)
        self._count += sound.shape[1]
        self._end += sound.shape[1] / rate
        # A call for each frame of 20 ms would take as long as all the rest.
        if self._count >= min(rate, MOST_WAITING / len(sound)):
            self._resample()

    def pad(self, seconds: float) -> None:
        """Let what is written next begin so many seconds after the start."""
        channels, rate = self._form
        missing = seconds - self._end
        count = max(0, round(missing * rate))
        if channels and missing < SHORT_GAP_S and channels * count < MOST_WAITING:
            self.write(np.zeros((channels, count), np.float32), rate)
            return
        self.flush()
        self._file.seek(self._grow(round(seconds * RATE) - self.samples), 1)
        self._end = seconds

    def flush(self) -> None:
        """Write what waits, and what the resampler still holds."""
        if not self._form[0]:
            return
        if self._waiting:
            self._resample()
        self._put(self._resampler.resample(None))
        self._resampler = av.AudioResampler("s16", "mono", RATE)

    def _resample(self) -> None:
        mono = self._mixer.mix(np.concatenate(self._waiting, axis=1))
        self._waiting.clear()
        self._count = 0
        frame = av.AudioFrame.from_ndarray(mono[np.newaxis], "flt", "mono")
        frame.sample_rate = self._form[1]
        self._put(self._resampler.resample(frame))

    def _put(self, frames: list[av.AudioFrame]) -> None:
        for frame in frames:
            self._grow(frame.samples)
            self._file.write(frame.to_ndarray().tobytes())

    def _grow(self, samples: int) -> int:
        """Count samples up to the limit; how many bytes they take."""
        self.samples += samples
        if self.samples > self._most_seconds * RATE:
            raise TooMuchAtOnce(
                "The recording is longer than %(limit)s minutes.",
                "audio_too_long",
                limit=round(self._most_seconds / 60),
            )
        return samples * BYTES_PER_SAMPLE

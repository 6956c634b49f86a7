"""Recordings from anywhere become samples: known containers, bounded length, one track, no names.

Everything goes through PyAV (FFmpeg's libraries, x264 and x265), which only guests import.
"""

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from numpy.typing import NDArray

from api.enginekit import audio_tracks
from api.enginekit.audio_sink import Sink
from api.enginekit.audio_tracks import not_a_recording, opened, refusing_damage
from api.enginekit.samples import RATE, Decoded, Samples
from api.enginekit.timeline import Timeline
from api.errors import Unusable

SHORTEST_S = 0.1
# Decoders go a little over 1; what is far beyond is damage.
LOUDEST = 8.0
# Films have speech in the centre, music and noise around it. Not 0: names of channels may be wrong.
BESIDE_CENTRE = {"FC": 1.0, "FL": 0.7, "FR": 0.7, "LFE": 0.25}
AROUND = 0.5
# Raised for packets of a broken file. IndexError: PyAV at the end of a file in which one more
# stream began midway.
DAMAGE = (FFmpegError, IndexError)


def decode(
    source: BinaryIO, sink: BinaryIO, most_seconds: float, track: int | None = None
) -> Decoded:
    """Write an audio track to `sink` as 16-bit mono at RATE, with silence where it has gaps.

    A file that breaks off counts as far as it goes. Without `track`, this is the best track that
    can be decoded, such as the default one.

    Raises:
        Unusable: `audio_unreadable`: no recording, or more of it damaged than good;
            `audio_too_short`; `track_not_found`.
        TooLarge: `audio_too_long`.
    """
    numbers = audio_tracks.numbers(source, track)
    refusals: list[Unusable] = []
    for place, number in enumerate(numbers, 1):
        try:
            return _decode(source, sink, most_seconds, number, tuple(numbers[place:]))
        except Unusable as refusal:
            refusals.append(refusal)
    raise refusals[0]


def _decode(
    source: BinaryIO, sink: BinaryIO, most_seconds: float, number: int, others: tuple[int, ...]
) -> Decoded:
    """Write the track of this number to `sink`."""
    sink.seek(0)
    sink.truncate()
    out = Sink(sink, most_seconds)
    with refusing_damage(), opened(source) as container:
        stream = audio_tracks.stream(container, number)
        frames = _Frames(container, stream)
        is_whole = _place(frames, audio_tracks.timeline(container), out)
        length, tracks = audio_tracks.length(container), len(container.streams.audio)
    if not out.samples or frames.bad > frames.good:
        raise not_a_recording()
    if (seconds := out.samples / RATE) < SHORTEST_S:
        raise Unusable("The recording is shorter than 0.1 seconds.", "audio_too_short")
    if length <= most_seconds:
        seconds = max(seconds, length)
    return Decoded(seconds, number, tracks, others, is_whole)


def _place(frames: "_Frames", timeline: Timeline, out: Sink) -> bool:
    """Write each frame where it belongs; return whether they follow each other from the start."""
    is_whole = True
    for frame, following in _with_next(frames):
        rate, seconds = frame.sample_rate, frame.samples / frame.sample_rate
        change = timeline.place(frame.time, seconds, following)
        if change > 0:
            out.pad(timeline.end - seconds)
        is_whole = is_whole and not change
        out.write(_samples(frame)[:, round(max(0.0, -change) * rate) :], rate)
    out.flush()
    return is_whole


def _with_next(frames: Iterable[av.AudioFrame]) -> Iterator[tuple[av.AudioFrame, float | None]]:
    """Each frame, and the time of the next one."""
    ahead = iter(frames)
    frame = next(ahead, None)
    while frame:
        following = next(ahead, None)
        yield frame, following.time if following else None
        frame = following


class _Frames:
    """The frames of a track, up to where the file breaks off; counts packets, good and bad."""

    def __init__(self, container: InputContainer, stream: AudioStream):
        self.good = self.bad = 0
        self._packets = container.demux(stream)

    def __iter__(self) -> Iterator[av.AudioFrame]:
        while True:
            try:
                packet = next(self._packets, None)
            except DAMAGE:
                return
            if packet is None:
                return
            try:
                frames = packet.decode()
            except FFmpegError:
                self.bad += 1
                continue
            self.good += 1
            yield from frames


def _samples(frame: av.AudioFrame) -> Samples:
    """All channels, (channels, n) in -1..1, whatever the format of the frame."""
    if frame.format.name in ("s64", "s64p"):  # PyAV makes no arrays of these
        (frame,) = av.AudioResampler("dblp", frame.layout, frame.sample_rate).resample(frame)
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    sound = _as_floats(samples)
    names = [channel.name for channel in frame.layout.channels] if len(sound) > 2 else []
    if "FC" in names:
        sound *= np.array([[BESIDE_CENTRE.get(name, AROUND)] for name in names], np.float32)
    return sound


def _as_floats(samples: NDArray[Any]) -> Samples:
    """Samples of any type, which has its own full scale, in -1..1."""
    if samples.dtype.kind == "f":
        if not np.abs(samples).max(initial=0) <= LOUDEST:  # also where it is not a number
            samples = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0).clip(-1, 1)
        return samples.astype(np.float32)
    full_scale = np.float32(2.0 ** (8 * samples.itemsize - 1))
    middle = np.float32(1.0 if samples.dtype.kind == "u" else 0.0)
    sound: Samples = samples.astype(np.float32) / full_scale - middle
    return sound

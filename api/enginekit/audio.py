"""Recordings from anywhere become samples: known containers, bounded length, one stream, no names.

Everything goes through PyAV (FFmpeg's libraries, x264 and x265), which only guests import.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError

from api.enginekit.samples import RATE, Samples
from api.errors import TooMuchAtOnce, Unusable

BYTES_PER_SECOND = 2 * RATE
# Containers by content. Playlists and scripts (hls, concat, dash, sdp, ...), which name other
# files or addresses, are not among them.
CONTAINERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,eac3,flac,flv,loas,matroska,mov,mp3,"
    "mpc,mpc8,mpeg,mpegts,nistsphere,ogg,tta,voc,w64,wav,wv"
)
OPENING = {"format_whitelist": CONTAINERS, "protocol_whitelist": "none"}
SHORTEST_S = 0.1
SLOWEST, FASTEST = 1000, 768_000  # samples per second that a recording may claim
MOST_CHANNELS = 64
# Decoders go a little over 1; what is far beyond is damage.
LOUDEST = 8.0
# Raised for packets of a broken file. IndexError: PyAV at the end of a file in which one more
# stream began midway.
DAMAGE = (FFmpegError, IndexError)


def decode(source: BinaryIO, sink: BinaryIO, most_seconds: float) -> float:
    """Writes the first audio stream to `sink` as 16-bit mono at RATE; its length in seconds.

    A file that breaks off counts as far as it goes.

    Raises:
        Unusable: `audio_unreadable`: no recording, or more of it damaged than good.
        TooLarge: `audio_too_long`.
    """
    with _refusing_damage(), opened(source) as (container, stream):
        out = _Sink(sink, most_seconds)
        good = bad = 0
        for frames in _decoded(container, stream):
            good, bad = good + (frames is not None), bad + (frames is None)
            for frame in frames or ():
                out.write(_mono(frame), frame.sample_rate)
        out.flush()
    if not out.written or bad > good:
        raise _not_a_recording()
    if (seconds := out.written / BYTES_PER_SECOND) < SHORTEST_S:
        raise Unusable("The recording is shorter than 0.1 seconds.", "audio_too_short")
    return seconds


class _Sink:
    """Mono samples of any rate, resampled and written, up to a limit."""

    def __init__(self, file: BinaryIO, most_seconds: float):
        self.written = 0
        self._file = file
        self._most_seconds = most_seconds
        self._rate = 0
        self._waiting: list[Samples] = []
        self._count = 0
        self._resampler = av.AudioResampler("s16", "mono", RATE)

    def write(self, samples: Samples, rate: int) -> None:
        """Add samples; a recording may change its rate midway."""
        if rate != self._rate:
            self.flush()
            self._rate, self._resampler = rate, av.AudioResampler("s16", "mono", RATE)
        self._waiting.append(samples)
        self._count += samples.size
        # A call for each frame of 20 ms would take as long as all the rest.
        if self._count >= rate:
            self._resample()

    def flush(self) -> None:
        """Write what waits, and what the resampler still holds."""
        if self._waiting:
            self._resample()
        self._put(self._resampler.resample(None))

    def _resample(self) -> None:
        samples = np.concatenate(self._waiting)
        self._waiting.clear()
        self._count = 0
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], "flt", "mono")
        frame.sample_rate = self._rate
        self._put(self._resampler.resample(frame))

    def _put(self, frames: list[av.AudioFrame]) -> None:
        for frame in frames:
            self.written += self._file.write(frame.to_ndarray().tobytes())
        if self.written > self._most_seconds * BYTES_PER_SECOND:
            raise TooMuchAtOnce(
                "The recording is longer than %(limit)s minutes.",
                "audio_too_long",
                limit=round(self._most_seconds / 60),
            )


class _Nameless:
    """A file of which nothing but the content is known.

    PyAV would print the error of each seek to where a damaged file points.
    """

    def __init__(self, file: BinaryIO):
        self.read = file.read
        self.tell = file.tell
        self._file = file

    def seek(self, offset: int, whence: int = 0) -> int:
        """The new place; negative where there is no such place."""
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return -1


@contextmanager
def opened(source: BinaryIO) -> Iterator[tuple[InputContainer, AudioStream]]:
    """The container and its first audio stream, which claims nothing absurd.

    Raises:
        Unusable: there is no such stream.
        FFmpegError: it is no container that is read here.
    """
    file = _Nameless(source)
    with av.open(file, "r", container_options=OPENING, metadata_errors="replace") as container:
        streams = container.streams.audio
        if not streams:
            raise Unusable("The file contains no audio.", "audio_unreadable")
        context = streams[0].codec_context
        if context is None:  # FFmpeg has no decoder for it
            raise _not_a_recording()
        if not (SLOWEST <= context.rate <= FASTEST and 1 <= context.channels <= MOST_CHANNELS):
            raise _not_a_recording()
        yield container, streams[0]


def _decoded(
    container: InputContainer, stream: AudioStream
) -> Iterator[list[av.AudioFrame] | None]:
    """The frames of each packet, None for a damaged one; ends where the file breaks off."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except DAMAGE:
            return
        if packet is None:
            return
        try:
            yield packet.decode()
        except FFmpegError:
            yield None


def _mono(frame: av.AudioFrame) -> Samples:
    """The mean of all channels, in -1..1, whatever the format of the frame."""
    if frame.format.name in ("s64", "s64p"):  # PyAV makes no arrays of these
        (frame,) = av.AudioResampler("dblp", frame.layout, frame.sample_rate).resample(frame)
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype.kind == "f":
        if not np.abs(samples).max(initial=0) <= LOUDEST:  # also where it is not a number
            samples = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0).clip(-1, 1)
        full_scale, middle = 1.0, 0.0
    else:
        full_scale = 2.0 ** (8 * samples.itemsize - 1)
        middle = full_scale if samples.dtype.kind == "u" else 0.0
    mean: Samples = samples.mean(axis=0, dtype=np.float32)
    return (mean - np.float32(middle)) / np.float32(full_scale)


@contextmanager
def _refusing_damage() -> Iterator[None]:
    """Turn FFmpeg's errors into one refusal; any other error is ours and passes."""
    try:
        yield
    except MemoryError:  # FFmpeg's own lack of memory is one too
        raise
    except FFmpegError:
        raise _not_a_recording() from None


def _not_a_recording() -> Unusable:
    return Unusable("The file is not a readable audio or video file.", "audio_unreadable")

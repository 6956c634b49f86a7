"""Samples become a file: wav, mp3, opus, flac or aac, at once or bit by bit.

A file that is sent while it is made cannot say at its start how long it will be; one that is made
at once can. Samples are 16-bit mono, little-endian.
"""

import io
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

import av
import numpy as np
from av.audio.stream import AudioStream

from api.enginekit.stopwatch import Stopwatch
from api.services.tts.service.aac import FRAME_SAMPLES, filled

Packet: TypeAlias = "av.Packet[Any]"
UNKNOWN = 0xFFFFFFFF
WAV = "wav"
RIFF = struct.Struct("<4sI4s4sIHHIIHH4sI")


@dataclass(frozen=True)
class Format:
    """A format: its media type, FFmpeg's names for its container and codec, and its settings.

    `rate` 0 keeps the voice's own. `streams`: what it says at its start is true before its end
    is known.
    """

    media_type: str
    container: str = ""
    codec: str = ""
    rate: int = 0
    bit_rate: int = 0
    options: dict[str, str] = field(default_factory=dict)
    streams: bool = True


# The quick ways of these encoders: 2 to 5 times as fast, and good enough for a voice.
QUICK_MP3, QUICK_AAC = {"compression_level": "7"}, {"aac_coder": "fast"}
QUICK_OPUS = {"application": "voip", "compression_level": "3"}
FORMATS = {
    WAV: Format("audio/wav"),
    "mp3": Format("audio/mpeg", "mp3", "libmp3lame", bit_rate=64_000, options=QUICK_MP3),
    "opus": Format("audio/ogg", "ogg", "libopus", 24_000, bit_rate=32_000, options=QUICK_OPUS),
    "flac": Format("audio/flac", "flac", "flac", streams=False),
    "aac": Format("audio/aac", "adts", "aac", 24_000, bit_rate=48_000, options=QUICK_AAC),
}


def at_once(name: str, rate: int, sounds: Iterable[bytes], watch: Stopwatch) -> bytes:
    """The file of FORMATS with all samples, which are so many a second."""
    parts = list(sounds)
    if name == WAV:
        return b"".join([wav_header(rate, sum(map(len, parts))), *parts])
    file = io.BytesIO()
    with watch.stage("encode"):
        encoding = _Encoding(FORMATS[name], rate, file)
        for samples in parts:
            encoding.add(samples)
        encoding.finish()
    return file.getvalue()


def bit_by_bit(name: str, rate: int, sounds: Iterable[bytes], watch: Stopwatch) -> Iterator[bytes]:
    """The file as it grows; each bit of sound adds to it."""
    if name == WAV:
        yield from _wav(rate, sounds)
        return
    pipe = _Pipe()
    encoding = _Encoding(FORMATS[name], rate, pipe)
    for samples in sounds:
        with watch.stage("encode"):
            encoding.add(samples)
        yield pipe.take()
    with watch.stage("encode"):
        encoding.finish()
    yield pipe.take()


def _wav(rate: int, sounds: Iterable[bytes]) -> Iterator[bytes]:
    header = wav_header(rate, UNKNOWN)
    for samples in sounds:
        yield header + samples
        header = b""


def put_right(name: str, rate: int, sent: list[bytes]) -> bytes:
    """The file that was sent in these parts, with what it can say now that it is whole."""
    if name != WAV or len(sent) == 1:
        return b"".join(sent)
    size = sum(map(len, sent)) - RIFF.size
    return b"".join([wav_header(rate, size), sent[0][RIFF.size :], *sent[1:]])


def wav_header(rate: int, size: int) -> bytes:
    """What stands before so many bytes of samples; UNKNOWN where that cannot be said.

    FFmpeg writes 0xFFFFFFFF to a pipe too, and players then read on to the end of the file.
    """
    whole = size if size == UNKNOWN else size + RIFF.size - 8
    form = (b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)  # plain samples, one channel
    return RIFF.pack(b"RIFF", whole, b"WAVE", *form, b"data", size)


class _Pipe:
    """A file that can only be written to, and what was written since it was last asked."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken


class _Encoding:
    """Samples on their way into a file, through FFmpeg."""

    def __init__(self, form: Format, rate: int, file: io.BytesIO | _Pipe):
        self._form, self._rate = form, rate
        # Or it would keep back 32 kB, some seconds of sound.
        options = {"flush_packets": "1"}
        self._container = av.open(file, "w", format=form.container, container_options=options)
        stream = self._container.add_stream(form.codec, form.rate or rate, options=form.options)
        self._stream = cast(AudioStream, stream)
        self._stream.layout = "mono"
        if form.bit_rate:
            self._stream.codec_context.bit_rate = form.bit_rate
        self._samples = self._frames = 0

    def add(self, samples: bytes) -> None:
        """More samples."""
        if not samples:
            return
        numbers = np.frombuffer(samples, "<i2").reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(numbers, format="s16", layout="mono")
        frame.sample_rate = self._rate
        self._samples += numbers.size
        self._put(self._stream.encode(frame))

    def finish(self) -> None:
        """There are no more."""
        self._put(self._stream.encode(None), last=True)
        self._container.close()

    def _put(self, packets: list[Packet], *, last: bool = False) -> None:
        if self._form.codec == "aac":
            packets = [_constant(packet) for packet in self._wanted(packets, last)]
        self._container.mux(packets)

    def _wanted(self, packets: list[Packet], last: bool) -> Iterator[Packet]:
        """All but the first, in which the encoder only warms up, to the nearest whole frame."""
        length = self._samples * self._form.rate / self._rate
        most = max(1, round(length / FRAME_SAMPLES)) if last else None
        for packet in packets:
            if self._frames and (most is None or self._frames <= most):
                yield packet
            self._frames += 1


def _constant(packet: Packet) -> Packet:
    made = av.Packet(filled(bytes(packet)))
    made.stream, made.time_base = packet.stream, packet.time_base
    made.pts, made.dts = packet.pts, packet.dts
    return made

"""Encoders of FFmpeg, whose libraries come with x264 and x265; imported in guests only."""

import io
from collections.abc import Iterator
from typing import Any, TypeAlias, cast

import av
import numpy as np
from av.audio.stream import AudioStream

from api.services.tts.guest.aac import FRAME_SAMPLES, filled
from api.services.tts.guest.coding import Coding

Packet: TypeAlias = "av.Packet[Any]"


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


class Encoding:
    """Samples on their way into a file: a whole one, or one that is sent while it grows."""

    def __init__(self, coding: Coding, rate: int, whole: bool):
        self._coding, self._rate = coding, rate
        self._file: io.BytesIO | _Pipe = io.BytesIO() if whole else _Pipe()
        # Or it would keep back 32 kB, some seconds of sound, and Ogg more than one second.
        options = {"flush_packets": "1", "page_duration": "200000"}
        self._container = av.open(
            self._file, "w", format=coding.container, container_options=options
        )
        stream = self._container.add_stream(
            coding.codec, coding.rate or rate, options=coding.options
        )
        self._stream = cast(AudioStream, stream)
        self._stream.layout = "mono"
        if coding.bit_rate:
            self._stream.codec_context.bit_rate = coding.bit_rate
        self._samples = self._frames = 0

    def add(self, samples: bytes) -> bytes:
        """Add samples; return what they add to a file that grows."""
        if samples:
            numbers = np.frombuffer(samples, "<i2").reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(numbers, format="s16", layout="mono")
            frame.sample_rate = self._rate
            self._samples += numbers.size
            self._put(self._stream.encode(frame))
        return self._file.take() if isinstance(self._file, _Pipe) else b""

    def finish(self) -> bytes:
        """Return the rest of the file, or all of a whole one."""
        self._put(self._stream.encode(None), last=True)
        self._container.close()
        return self._file.take() if isinstance(self._file, _Pipe) else self._file.getvalue()

    def _put(self, packets: list[Packet], *, last: bool = False) -> None:
        if self._coding.codec == "aac":
            packets = [_constant(packet) for packet in self._wanted(packets, last)]
        self._container.mux(packets)

    def _wanted(self, packets: list[Packet], last: bool) -> Iterator[Packet]:
        """All but the first, in which the encoder only warms up, to the nearest whole frame."""
        length = self._samples * self._coding.rate / self._rate
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

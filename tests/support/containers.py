"""Writes audio and video files whose tracks begin, pause and go on at chosen times."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.stream import Disposition

RATE = 48_000
PLAIN = Disposition(0)


@dataclass(frozen=True)
class Track:
    """Mono sound at RATE in parts, each with the time at which it begins."""

    parts: Sequence[tuple[float, np.ndarray]]
    codec: str = "aac"
    disposition: Disposition = PLAIN

    def packets(self, stream: av.AudioStream) -> list[av.Packet]:
        """Each part encoded on its own, so that silence between them is not encoded."""
        return [
            packet for start, sound in self.parts for packet in self._part(stream, start, sound)
        ]

    def _part(self, stream: av.AudioStream, start: float, sound: np.ndarray) -> list[av.Packet]:
        encoder = av.CodecContext.create(self.codec, "w")
        form = stream.codec_context.format
        encoder.sample_rate, encoder.layout, encoder.format = RATE, "mono", form
        encoder.time_base = Fraction(1, RATE)
        encoder.open()
        frame = av.AudioFrame.from_ndarray(sound.astype(np.float32)[np.newaxis], "flt", "mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        cut = av.AudioResampler(form, "mono", RATE, frame_size=encoder.frame_size or 1024)
        made = []
        for ready in (*cut.resample(frame), *cut.resample(None), None):
            made += encoder.encode(ready)
        for packet in made:
            packet.stream = stream
            packet.pts, packet.dts = (t + round(start * RATE) for t in (packet.pts, packet.dts))
        return made


def written(form: str, *tracks: Track, video: tuple[float, float] | None = None) -> bytes:
    """A file with these tracks, and a video from one time to another."""
    out = io.BytesIO()
    with av.open(out, "w", format=form) as file:
        packets = _video(file, *video) if video else []
        streams = [file.add_stream(track.codec, rate=RATE, layout="mono") for track in tracks]
        for stream, track in zip(streams, tracks, strict=True):
            stream.disposition = track.disposition
        for stream, track in zip(streams, tracks, strict=True):
            packets += track.packets(stream)
        file.mux(sorted(packets, key=lambda packet: packet.dts * packet.time_base))
    return out.getvalue()


def _video(file: av.container.OutputContainer, start: float, end: float) -> list[av.Packet]:
    codec = {"flv": "flv1", "webm": "libvpx"}.get(file.format.name, "mpeg2video")
    stream = file.add_stream(codec, rate=25, width=32, height=32, pix_fmt="yuv420p")
    packets = []
    for number in range(round(start * 25), round(end * 25), 5):
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8))
        frame.pts, frame.time_base = number, Fraction(1, 25)
        packets += stream.encode(frame)
    return packets + stream.encode(None)

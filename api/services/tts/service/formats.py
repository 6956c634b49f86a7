"""Samples become a file: wav, mp3, opus, flac or aac, at once or bit by bit.

A file that is sent while it is made cannot say at its start how long it will be; one that is made
at once can. Samples are 16-bit mono, little-endian.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from api.enginekit import guests
from api.enginekit.stopwatch import Stopwatch
from api.errors import NotReady
from api.services.tts.guest import encoding
from api.services.tts.guest.coding import Coding

UNKNOWN = 0xFFFFFFFF
WAV = "wav"
RIFF = struct.Struct("<4sI4s4sIHHIIHH4sI")
# A whole text of twenty thousand characters takes about this long.
ENCODING_S = 30.0


@dataclass(frozen=True)
class Format:
    """A format: its media type, and how FFmpeg makes it, which WAV does without.

    `streams`: what it says at its start is true before its end is known.
    """

    media_type: str
    coding: Coding | None = None
    streams: bool = True


# The quick ways of these encoders: 2 to 5 times as fast, and good enough for a voice.
QUICK_MP3, QUICK_AAC = {"compression_level": "7"}, {"aac_coder": "fast"}
QUICK_OPUS = {"application": "voip", "compression_level": "3"}
FORMATS = {
    WAV: Format("audio/wav"),
    "mp3": Format("audio/mpeg", Coding("mp3", "libmp3lame", 0, 64_000, QUICK_MP3)),
    "opus": Format("audio/ogg", Coding("ogg", "libopus", 24_000, 32_000, QUICK_OPUS)),
    "flac": Format("audio/flac", Coding("flac", "flac"), streams=False),
    "aac": Format("audio/aac", Coding("adts", "aac", 24_000, 48_000, QUICK_AAC)),
}


def at_once(name: str, rate: int, sounds: Iterable[bytes], watch: Stopwatch) -> bytes:
    """Return the file of FORMATS with all samples, which are so many a second."""
    parts = list(sounds)
    if coding := FORMATS[name].coding:
        return b"".join(_encoded(coding, rate, [b"".join(parts)], watch, whole=True))
    return b"".join([wav_header(rate, sum(map(len, parts))), *parts])


def bit_by_bit(name: str, rate: int, sounds: Iterable[bytes], watch: Stopwatch) -> Iterator[bytes]:
    """Return the file as it grows; each bit of sound adds to it."""
    if coding := FORMATS[name].coding:
        return _encoded(coding, rate, sounds, watch, whole=False)
    return _wav(rate, sounds)


def _encoded(
    coding: Coding, rate: int, sounds: Iterable[bytes], watch: Stopwatch, *, whole: bool
) -> Iterator[bytes]:
    """Yield parts of the file, from a child process of its own that holds the encoder."""
    lost = NotReady("Speech synthesis stopped unexpectedly. Please try again.", "speech_failed")
    with guests.apart(seconds=ENCODING_S, lost=lost) as call:
        with watch.stage("encode"):
            call(encoding.begin, coding, rate, whole)
        for samples in sounds:
            with watch.stage("encode"):
                part = call(encoding.add, samples)
            yield part
        with watch.stage("encode"):
            part = call(encoding.finish)
        yield part


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

"""The audio tracks of a file: which there are, which comes first, and when the file begins."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition, Stream

from api.enginekit.timeline import NEW_CLOCK_S, Timeline
from api.errors import Unusable

# Containers by content. Playlists and scripts (hls, concat, dash, sdp, ...), which name other
# files or addresses, are not among them.
CONTAINERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,eac3,flac,flv,loas,matroska,mov,mp3,"
    "mpc,mpc8,mpeg,mpegts,nistsphere,ogg,tta,voc,w64,wav,wv"
)
# Looks for the form of each track in so many bytes and microseconds, instead of five seconds. In a
# recorded broadcast, sound may begin later than that.
PATIENT = {"probesize": "32000000", "analyzeduration": "600000000"}
SLOWEST, FASTEST = 1000, 768_000  # samples per second that a recording may claim
MOST_CHANNELS = 64
MOST_TRACKS = 8  # that are tried; each takes as long as a file of its own
# Tracks beside the main one: a commentary, or a description of the video.
ASIDE = (
    Disposition.comment
    | Disposition.descriptions
    | Disposition.hearing_impaired
    | Disposition.visual_impaired
)
CLOCK_RESTARTS = 0x0200  # FFmpeg's AVFMT_TS_DISCONT


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
def opened(source: BinaryIO) -> Iterator[InputContainer]:
    """The container, read from its first byte.

    Raises:
        FFmpegError: it is no container that is read here.
    """
    with _opened(source, {}) as container:
        if container.streams.audio and all(map(_is_known, container.streams.audio)):
            yield container
            return
    with _opened(source, PATIENT) as container:
        yield container


def _is_known(stream: AudioStream) -> bool:
    """Whether its form was found, or never will be: FFmpeg has no decoder for it."""
    context = stream.codec_context
    if context is None:
        return True
    return context.rate > 0


def _opened(source: BinaryIO, options: dict[str, str]) -> InputContainer:
    source.seek(0)
    options = {**options, "format_whitelist": CONTAINERS, "protocol_whitelist": "none"}
    file = _Nameless(source)
    return av.open(file, "r", container_options=options, metadata_errors="replace")


def numbers(source: BinaryIO, wanted: int | None) -> list[int]:
    """Numbers of the audio tracks to try, from 1: the one wanted, or all, the best first.

    Players take the default track. Commentaries and descriptions come last.

    Raises:
        Unusable: there is no audio, or no such track.
    """
    with refusing_damage(), opened(source) as container:
        tracks = container.streams.audio
        if not tracks:
            raise Unusable("The file contains no audio.", "audio_unreadable")
        if wanted is None:
            best_first = sorted(range(1, len(tracks) + 1), key=lambda n: _rank(tracks[n - 1]))
            return best_first[:MOST_TRACKS]
        if wanted > len(tracks):
            raise Unusable(
                "The file has no audio track %(track)s. "
                "Its audio tracks are numbered 1 to %(last)s.",
                "track_not_found",
                track=wanted,
                last=len(tracks),
            )
    return [wanted]


def _rank(stream: AudioStream) -> tuple[bool, bool]:
    disposition = stream.disposition
    return not disposition & Disposition.default, bool(disposition & ASIDE)


def stream(container: InputContainer, number: int) -> AudioStream:
    """The audio track of this number, which claims nothing absurd.

    Raises:
        Unusable: it cannot be decoded.
    """
    found = container.streams.audio[number - 1]
    context = found.codec_context
    if context is None:  # FFmpeg has no decoder for it
        raise not_a_recording()
    if not (SLOWEST <= context.rate <= FASTEST and 1 <= context.channels <= MOST_CHANNELS):
        raise not_a_recording()
    return found


def timeline(container: InputContainer) -> Timeline:
    """The time line of players: it begins where the first track of sound or video does.

    That of MP4 begins at 0; an edit list says how long nothing is played. In pieces of a live
    stream, it is only a clock.
    """
    starts = [
        float(stream.start_time * stream.time_base)
        for stream in _played(container)
        if stream.start_time is not None and stream.time_base
    ]
    start = min(starts, default=None)
    if start is not None and "mp4" in container.format.name and 0 < start < NEW_CLOCK_S:
        start = 0.0
    return Timeline(start, clock_restarts=bool(container.format.flags & CLOCK_RESTARTS))


def length(container: InputContainer) -> float:
    """How long the container says that it is played; 0 if it holds one audio track alone.

    That is as long as its sound, whatever its header says.
    """
    alone = len(_played(container)) == 1
    return 0.0 if alone or container.duration is None else container.duration / av.time_base


def _played(container: InputContainer) -> list[Stream]:
    """What is played over time: audio and video, but not a cover."""
    return [
        stream
        for stream in container.streams
        if stream.type in ("audio", "video") and not stream.disposition & Disposition.attached_pic
    ]


@contextmanager
def refusing_damage() -> Iterator[None]:
    """Turn FFmpeg's errors into one refusal; any other error is ours and passes."""
    try:
        yield
    except MemoryError:  # FFmpeg's own lack of memory is one too
        raise
    except FFmpegError:
        raise not_a_recording() from None


def not_a_recording() -> Unusable:
    """The refusal of a file that holds no sound that can be decoded."""
    return Unusable("The file is not a readable audio or video file.", "audio_unreadable")

"""Transcribes recordings: decodes them, cuts them into pieces of speech, recognises each."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from api.enginekit.pool import Loaded
from api.enginekit.samples import RATE
from api.enginekit.stopwatch import Stopwatch
from api.errors import TooLarge, Unusable
from api.services.stt.engines import Heard, Recognizer, Segment
from api.services.stt.service import cutter
from api.services.stt.service.choice import AUTO, Wanted, choose, code_of
from api.services.stt.service.language import (
    SOURCES,
    SURE,
    UNDETERMINED,
    Language,
    language_of,
)
from api.services.stt.service.recording import Recording, decoded
from api.services.stt.service.subtitles import srt, vtt
from api.services.stt.service.trimming import trimmed
from api.services.stt.service.voice import Voice
from api.storage import File

__all__ = [
    "AUTO",
    "SOURCES",
    "UNDETERMINED",
    "Limits",
    "Segment",
    "Transcript",
    "Wanted",
    "choose",
    "code_of",
    "hear",
    "srt",
    "transcribe",
    "vtt",
]


@dataclass(frozen=True)
class Limits:
    """The longest recording, whether to keep a copy of it, and which track of a file is read."""

    most_minutes: int
    keep: bool = False
    track: int | None = None


@dataclass(frozen=True)
class Transcript:
    """What is said in a recording of so many seconds, and a copy of it without its metadata.

    `track` is the number of the audio track that was heard, of so many `tracks`.
    """

    language: Language
    duration: float
    segments: list[Segment]
    copy: File | None
    track: int = 1
    tracks: int = 1

    @property
    def text(self) -> str:
        """All that is said."""
        return " ".join(segment.text for segment in self.segments)


def transcribe(
    model: Loaded, data: bytes, wanted: Wanted, limits: Limits, watch: Stopwatch
) -> Transcript:
    """What is said in a recording of any common container and codec.

    Raises:
        Unusable, TooLarge: it cannot be read, or is too long.
        Overloaded: nobody is free to read it.
    """
    recording, heard = _said(model, data, wanted, limits, watch)
    segments = [segment for piece in heard for segment in piece.segments]
    language = language_of(heard, wanted.language if wanted.language != AUTO else None)
    seconds = round(recording.seconds, 3)
    copy, track, tracks = recording.copy, recording.track, recording.tracks
    return Transcript(language, seconds, segments, copy, track, tracks)


def _said(
    model: Loaded, data: bytes, wanted: Wanted, limits: Limits, watch: Stopwatch
) -> tuple[Recording, list[Heard]]:
    """The track that is wanted, or the first in which somebody speaks, and what is said in it."""

    def listen(number: int | None) -> tuple[Recording, list[Heard]]:
        with watch.stage("decode"):
            recording = decoded(data, limits.most_minutes, number, keep=limits.keep)
        with recording.sound:
            return recording, list(hear(model, recording, wanted, watch))

    first = listen(limits.track)
    if first[1]:
        return first
    for number in first[0].others:
        with suppress(Unusable, TooLarge):
            if (found := listen(number))[1]:
                return found
    return first


def hear(model: Loaded, recording: Recording, wanted: Wanted, watch: Stopwatch) -> Iterator[Heard]:
    """What is said in one piece of the recording after the other, with times in the recording."""
    engine: Recognizer = model.engine
    language = wanted.language if wanted.language != AUTO else None
    pieces = cutter.pieces(recording.read, engine.lengths, Voice)
    while True:
        with watch.stage("cut"):
            piece = next(pieces, None)
        if piece is None:
            return
        with watch.stage("infer"):
            heard = engine.recognize(piece.samples, language, words=wanted.words)
        spoken = (trimmed(segment, piece.speech) for segment in heard.segments)
        placed = (_placed(segment, piece.start, recording.seconds) for segment in spoken)
        segments = tuple(segment for segment in placed if any(map(str.isalnum, segment.text)))
        if segments and (heard.sure >= engine.certain or not piece.doubtful):
            yield replace(heard, segments=segments)
            # What one piece is in, the others are.
            language = heard.language if heard.language_sure >= SURE else language
        watch.progress(piece.start + len(piece.samples) / RATE, recording.seconds)


def _placed(segment: Segment, start: float, most: float) -> Segment:
    """A segment of a piece, with times in the recording in milliseconds and tidy text."""

    def at(seconds: float) -> float:
        return round(min(start + seconds, most), 3)

    words = segment.words and tuple(
        replace(w, start=at(w.start), end=at(w.end), confidence=round(w.confidence, 4))
        for w in segment.words
    )
    text = " ".join(segment.text.split())
    return Segment(at(segment.start), at(segment.end), text, words)

"""Segments as subtitles: SubRip and WebVTT, in cues of at most two lines."""

import html
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from api.services.stt.engines import Segment

COLUMNS, LINES = 42, 2
ARROW = "-->"


@dataclass(frozen=True)
class Cue:
    """Lines to show from `start` to `end`, in milliseconds."""

    start: int
    end: int
    lines: tuple[str, ...]


def srt(segments: Iterable[Segment]) -> str:
    """The segments as SubRip."""
    blocks = (
        f"{number}\n{_clock(cue.start, ',')} {ARROW} {_clock(cue.end, ',')}\n{_plain(cue)}\n"
        for number, cue in enumerate(cues(segments), 1)
    )
    return "\n".join(blocks)


def vtt(segments: Iterable[Segment]) -> str:
    """The segments as WebVTT."""
    blocks = (
        f"\n{_clock(cue.start, '.')} {ARROW} {_clock(cue.end, '.')}\n{_escaped(cue)}\n"
        for cue in cues(segments)
    )
    return "WEBVTT\n" + "".join(blocks)


def cues(segments: Iterable[Segment]) -> Iterator[Cue]:
    """Each segment in parts of at most two lines, its time shared out by their lengths."""
    for segment in segments:
        lines = textwrap.wrap(segment.text, COLUMNS)
        parts = [tuple(lines[n : n + LINES]) for n in range(0, len(lines), LINES)]
        whole, said = sum(map(len, lines)), 0
        start, length = round(segment.start * 1000), round((segment.end - segment.start) * 1000)
        for part in parts:
            begun, said = said, said + sum(map(len, part))
            yield Cue(start + length * begun // whole, start + length * said // whole, part)


def _plain(cue: Cue) -> str:
    # SubRip has no escapes, and an arrow would look like the next cue's times.
    return "\n".join(cue.lines).replace(ARROW, "->")


def _escaped(cue: Cue) -> str:
    return html.escape("\n".join(cue.lines), quote=False)


def _clock(milliseconds: int, point: str) -> str:
    seconds, thousandths = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{thousandths:03}"

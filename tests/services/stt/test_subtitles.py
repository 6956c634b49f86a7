"""Segments as SubRip and WebVTT."""

import re
from itertools import pairwise

import pytest

from api.services.stt.engines import Segment
from api.services.stt.service.subtitles import cues, srt, vtt

LONG = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age."
)


def test_srt() -> None:
    """Numbered cues, a comma in the times, an empty line between."""
    segments = [Segment(0.5, 1.25, "One & two"), Segment(3661.001, 3662.0, "Three")]
    assert srt(segments) == (
        "1\n00:00:00,500 --> 00:00:01,250\nOne & two\n\n2\n01:01:01,001 --> 01:01:02,000\nThree\n"
    )


def test_vtt() -> None:
    """A heading, a point in the times, markup escaped."""
    segments = [Segment(0.5, 1.25, "<i>One</i> & --> two")]
    assert vtt(segments) == (
        "WEBVTT\n\n00:00:00.500 --> 00:00:01.250\n&lt;i&gt;One&lt;/i&gt; &amp; --&gt; two\n"
    )


def test_no_speech() -> None:
    """Files that players accept, without cues."""
    assert (srt([]), vtt([]), srt([Segment(0, 1, "")])) == ("", "WEBVTT\n", "")


def test_an_arrow_does_not_break_srt() -> None:
    """What is said cannot look like the times of a cue."""
    assert srt([Segment(0, 1, "a --> b")]).count("-->") == 1


@pytest.mark.parametrize("text", [LONG, LONG * 5, "x" * 500, "你好" * 60, "a " * 300])
def test_long_segments_become_short_cues(text: str) -> None:
    """At most two lines of 42; the times follow each other and nothing is lost."""
    found = list(cues([Segment(10.0, 26.0, text)]))
    assert all(len(cue.lines) <= 2 and max(map(len, cue.lines)) <= 42 for cue in found)
    assert (found[0].start, found[-1].end) == (10_000, 26_000)
    assert all(one.end == two.start for one, two in pairwise(found))
    assert all(cue.start < cue.end for cue in found)
    said = "".join(line for cue in found for line in cue.lines)
    assert re.sub(r"\s", "", said) == re.sub(r"\s", "", text)

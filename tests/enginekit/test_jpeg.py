"""JPEG files as cameras write them, with whatever lies behind the picture, and as attackers do."""

import io
import struct
import time
from typing import Any

import numpy as np
import pytest
from PIL import Image

from api.enginekit import jpeg
from api.enginekit.image import FORMATS, read_image
from api.enginekit.stripping import without_metadata
from api.errors import Unusable

MOST = 40_000_000
SCANS = b"\xff\xda" * 150  # as they occur by chance in megabytes of video
NOISE = Image.fromarray(np.random.default_rng(3).integers(0, 255, (48, 64, 3), np.uint8))


def saved(kind: str = "JPEG", **more: Any) -> bytes:
    out = io.BytesIO()
    NOISE.save(out, kind, **more)
    return out.getvalue()


def segment(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, kind, len(content) + 2) + content


def with_scans(count: int) -> bytes:
    """A progressive picture whose last scan comes so many times."""
    data = saved(progressive=True)
    last = [part for part in jpeg.segments(data) if part.kind == jpeg.SCAN][-1]
    return data[: last.start] + data[last.start : last.end] * count + data[last.end :]


BEHIND = {
    "motion-photo": b"\0\0\0\x18ftypmp42\0\0\0\0isommp42" + SCANS + b"moov",
    "raw": b"BRCMo" + SCANS,
    "samsung": SCANS + b"SEFHe\0\0\0\1\0\0\0SEFT",
    "gain-map": with_scans(90) + with_scans(90),
    "zeros": bytes(5000) + SCANS,
}


@pytest.mark.parametrize("tail", list(BEHIND.values()), ids=list(BEHIND))
@pytest.mark.parametrize("progressive", [False, True])
def test_what_lies_behind_a_picture_does_not_count(tail: bytes, progressive: bool) -> None:
    """A video, raw data or more pictures behind the end: read as ever, and gone from the copy."""
    sent = saved(progressive=progressive)
    assert (np.asarray(read_image(sent + tail, MOST)) == np.asarray(read_image(sent, MOST))).all()
    copy = without_metadata(sent + tail)
    assert copy == without_metadata(sent)


@pytest.mark.parametrize("kind", FORMATS)
def test_tails_of_every_format(kind: str) -> None:
    """A live photo of any format is read, and its copy ends where the picture does."""
    sent = saved(kind)
    tail = struct.pack(">I4s", len(SCANS) + 8, b"mpvd") + SCANS
    assert (np.asarray(read_image(sent + tail, MOST)) == np.asarray(read_image(sent, MOST))).all()
    assert SCANS not in without_metadata(sent + tail, pages=1).content


@pytest.mark.parametrize(
    "within",
    [
        segment(0xE1, b"Exif\0\0" + saved(progressive=True) + SCANS),
        segment(0xE2, b"MPF\0" + SCANS),
        segment(0xFE, SCANS),
        b"\xff" * 500 + segment(0xEC, SCANS)[1:],
    ],
    ids=["thumbnail", "mpf", "comment", "fill-bytes"],
)
def test_scans_within_metadata_do_not_count(within: bytes) -> None:
    """A thumbnail has scans of its own."""
    sent = saved(progressive=True)
    assert read_image(sent[:2] + within + sent[2:], MOST).size == (64, 48)


@pytest.mark.parametrize(
    "more", [{"restart_marker_blocks": 1}, {"progressive": True, "restart_marker_rows": 1}]
)
def test_restarts_are_no_scans(more: dict[str, Any]) -> None:
    """Hundreds of restart markers and stuffed bytes within a scan are part of it."""
    sent = saved(quality=100, **more)
    parts = list(jpeg.segments(sent))
    assert sum(part.kind == jpeg.SCAN for part in parts) < 12
    assert parts[-1].end == len(sent) - 2
    assert read_image(sent, MOST).size == (64, 48)


def test_many_scans_are_refused() -> None:
    """A picture of hundreds of scans, which costs minutes, is refused unread."""
    assert read_image(with_scans(jpeg.MOST_SCANS - 20), MOST).size == (64, 48)
    for hidden in (b"", segment(0xFE, b"\xff\xd9")):  # nor does an end in a comment help
        sent = with_scans(jpeg.MOST_SCANS)
        with pytest.raises(Unusable, match="too many scans"):
            read_image(sent[:2] + hidden + sent[2:], MOST)


def test_many_segments_are_refused() -> None:
    """Millions of empty segments cost no more time than it takes to count the first thousands."""
    sent = saved()
    started = time.process_time()
    with pytest.raises(Unusable):
        read_image(sent[:2] + segment(0xE5, b"") * 1_000_000 + sent[2:], MOST)
    assert time.process_time() - started < 1


@pytest.mark.parametrize("cut", [3, 30, 400, 700, -100])
def test_a_jpeg_cut_short(cut: int) -> None:
    """It is refused wherever it breaks off, with a motion photo's tail or without."""
    sent = saved()
    for tail in (b"", BEHIND["raw"]):
        with pytest.raises(Unusable):
            read_image(sent[:cut] + tail, MOST)


def test_other_beginnings() -> None:
    """Something before the start is no JPEG."""
    with pytest.raises(Unusable):
        read_image(b"\r\n" + saved(), MOST)

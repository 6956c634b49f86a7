"""The segments of a JPEG file, up to the end of its first picture.

What follows that end is none of our business: a video (motion photo), raw data of a camera, more
pictures. It is not even looked at.
"""

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from api.errors import Unusable

START = b"\xff\xd8\xff"
END, SCAN = 0xD9, 0xDA
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
# Cameras write ten or so; hundreds are an attack that costs a second of work each kilobyte.
MOST_SCANS = 100
# Metadata of megabytes takes a few hundred; every one costs Pillow some work.
MOST_SEGMENTS = 10_000
# A marker with a segment: neither fill bytes, a stuffed zero, a restart nor the start.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
# One that can follow the data of a scan; decoders read past others, which damage has put there.
_AFTER_SCAN = re.compile(rb"\xff[\xc4\xcc\xd9-\xdd\xe0-\xef\xfe]")


class Segment(NamedTuple):
    """The second byte of its marker, and where it lies; a scan's includes its data."""

    kind: int
    start: int
    end: int


def segments(data: bytes, begin: int = 0) -> Iterator[Segment]:
    """Yield what lies between the start and the end of the picture that begins there."""
    at = begin + len(START) - 1
    while (found := _MARKER.search(data, at)) and data[found.start() + 1] != END:
        start = found.start()
        kind, length = data[start + 1], int.from_bytes(data[start + 2 : start + 4], "big")
        at = start + 2 + length
        if kind == SCAN:
            following = _AFTER_SCAN.search(data, at)
            at = following.start() if following else len(data)
        yield Segment(kind, start, at)


def size(data: bytes, begin: int) -> tuple[int, int]:
    """Return width and height of the picture that begins there; (0, 0) if its header is gone."""
    for kind, start, _ in segments(data, begin):
        if kind in FRAMES:
            height, width = struct.unpack_from(">HH", data[start : start + 9].ljust(9, b"\0"), 5)
            return width, height
    return 0, 0


def check(data: bytes) -> None:
    """Refuse a picture that is made to cost much more time than its size suggests.

    Raises:
        Unusable: it has too many scans or segments.
    """
    scans = 0
    for count, segment in enumerate(segments(data)):
        scans += segment.kind == SCAN
        if scans > MOST_SCANS or count > MOST_SEGMENTS:
            raise Unusable("The image has too many scans.", "image_unreadable")

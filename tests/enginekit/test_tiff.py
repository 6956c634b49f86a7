"""Which images of a TIFF file are pages, and which are thumbnails, reduced copies or masks."""

import io
from collections.abc import Sequence

import pytest
from PIL import Image, TiffImagePlugin

from api.enginekit.image import count_pages, read_image
from api.enginekit.stripping import without_metadata
from api.errors import Unusable

MOST = 1_000_000
KIND, OLD_KIND, PAGE_NUMBER = 254, 255, 297
Tags = dict[int, object]
PAGE: Tags = {}
THUMBNAIL: Tags = {KIND: 1}


def tiff(*images: tuple[int, Tags]) -> bytes:
    """A file with images of these widths and tags."""
    out = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(out) as file:
        for width, tags in images:
            info = TiffImagePlugin.ImageFileDirectory_v2()
            for tag, value in tags.items():
                info[tag] = value
            Image.new("L", (width, 20), 90).save(file, "TIFF", tiffinfo=info)
            file.newFrame()
    return out.getvalue()


def widths(data: bytes) -> list[int]:
    """The widths of all pages."""
    return [read_image(data, MOST, page=n).width for n in range(count_pages(data, 51))]


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        ([(60, PAGE), (6, THUMBNAIL)], [60]),
        ([(6, THUMBNAIL), (60, PAGE)], [60]),
        ([(60, PAGE), (6, {OLD_KIND: 2}), (61, {OLD_KIND: 3})], [60, 61]),
        ([(60, {KIND: 2}), (6, {KIND: 3}), (61, {KIND: 2}), (7, {KIND: 3})], [60, 61]),
        ([(60, PAGE), (60, {KIND: 4}), (60, {KIND: 5}), (61, PAGE)], [60, 61]),
        ([(n, {KIND: 2, PAGE_NUMBER: (n - 60, 3)}) for n in (60, 61, 62)], [60, 61, 62]),
        ([(60, PAGE), (30, PAGE)], [60, 30]),
        ([(60, THUMBNAIL), (61, THUMBNAIL)], [60, 61]),
    ],
)
def test_pages(images: Sequence[tuple[int, Tags]], expected: list[int]) -> None:
    """Thumbnails and masks are no pages, wherever they stand; a file of nothing else has pages."""
    data = tiff(*images)
    assert widths(data) == expected
    kept = without_metadata(data)
    assert kept.media_type == "image/tiff"
    assert widths(kept.content) == expected


def test_a_mask_that_cannot_be_decoded() -> None:
    """It does not make the file unreadable; a page that cannot be decoded does."""
    for kind, pages in ((4, [60, 61]), (0, None)):
        data = bytearray(tiff((60, PAGE), (62, {KIND: kind}), (61, PAGE)))
        # The photometric interpretation of the second image becomes one that nobody knows.
        width = data.index(b"\0\x01\x04\0\x01\0\0\0\x3e\0\0\0")
        entry = data.index(b"\x06\x01\x03\0\x01\0\0\0", width)
        data[entry + 8] = 77
        if pages:
            assert widths(bytes(data)) == pages
        else:
            with pytest.raises(Unusable):
                count_pages(bytes(data), 51)

"""Copies to keep: the same picture, and nothing that tells where, when or by whom it was made."""

import gzip
import io
import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from api.enginekit.image import read_image
from api.enginekit.stripping import without_metadata
from api.errors import PerceptError

MOST = 40_000_000
SECRET = b"my secret garden"
PLACE = {1: "N", 2: (50.0, 30.0, 0.0), 3: "E", 4: (8.0, 0.0, 0.0)}
# What a camera, an editor or somebody with something to hide leaves in a file.
TRACES = (SECRET, b"PK\x03\x04", b"http://ns.adobe", b"<x:xmpmeta", b"Photoshop 3.0", b"MPF\0")


def exif(orientation: int | None = None) -> Image.Exif:
    """EXIF with a place, a thumbnail's worth of text, and maybe an orientation."""
    made = Image.Exif()
    made[0x010E] = SECRET.decode()
    made.get_ifd(0x8825).update(PLACE)
    if orientation:
        made[0x0112] = orientation
    return made


def gradient(mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> Image.Image:
    """A picture that no turn or mirror leaves the same."""
    y, x = np.mgrid[: size[1], : size[0]]
    bands = [255 * x // size[0], 255 * y // size[1], 255 * (x + y) // sum(size)]
    picture = Image.fromarray(np.stack(bands, -1).astype(np.uint8))
    if mode == "RGBA":
        picture.putalpha(picture.getchannel("R"))
    return picture.convert(mode)


def saved(picture: Image.Image, kind: str, **more: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def seen(data: bytes) -> np.ndarray[Any, Any]:
    """The pixels as they are shown, upright."""
    return np.asarray(read_image(data, MOST), np.int16)


def check_bare(copy: bytes) -> None:
    """Nothing is told but how the picture is turned."""
    assert [trace for trace in TRACES if trace in copy] == []
    shown = opened(copy)
    shown.load()
    told = {0x0112} if shown.format != "TIFF" else set(shown.tag_v2)  # type: ignore[attr-defined]
    assert set(shown.getexif()) <= told
    assert not shown.getexif().get_ifd(0x8825)
    assert not {"comment", "xmp", "XML:com.adobe.xmp", "photoshop"} & set(shown.info)


@pytest.mark.parametrize("orientation", [None, *range(1, 9), 99])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_turned_pictures(kind: str, orientation: int | None) -> None:
    """Not a pixel changes, and the copy is shown as upright as the original."""
    sent = saved(gradient(), kind, exif=exif(orientation))
    copy = without_metadata(sent)
    assert copy.media_type == f"image/{kind.lower()}"
    assert (np.asarray(opened(copy.content)) == np.asarray(opened(sent))).all()
    assert (seen(copy.content) == seen(sent)).all()
    check_bare(copy.content)


@pytest.mark.parametrize("kind", ["WEBP", "TIFF", "HEIF", "AVIF"])
@pytest.mark.parametrize("orientation", [None, 3, 6])
def test_others_are_turned_upright(kind: str, orientation: int | None) -> None:
    """The pixels of the copy are those that were shown."""
    sent = saved(gradient(), kind, exif=exif(orientation))
    copy = without_metadata(sent)
    assert copy.media_type == ("image/tiff" if kind == "TIFF" else "image/png")
    assert (seen(copy.content) == seen(sent)).all()
    check_bare(copy.content)


def with_segment(jpeg: bytes, kind: int, content: bytes) -> bytes:
    return jpeg[:2] + struct.pack(">BBH", 0xFF, kind, len(content) + 2) + content + jpeg[2:]


JPEG = saved(gradient(), "JPEG", quality=90, comment=SECRET)


@pytest.mark.parametrize(
    "sent",
    [
        with_segment(JPEG, 0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + SECRET),
        with_segment(JPEG, 0xED, b"Photoshop 3.0\0" + SECRET),
        with_segment(JPEG, 0xE2, b"MPF\0" + SECRET),
        with_segment(JPEG, 0xEC, SECRET),
        with_segment(JPEG, 0xFE, SECRET),
        with_segment(JPEG, 0xE0, b"JFXX\0" + SECRET),
        with_segment(JPEG, 0xE0, b"JFIF\0\1\1\0\0\1\0\1\4\1" + SECRET[:12]),
        JPEG + b"PK\x03\x04" + SECRET,
        JPEG + saved(gradient(), "JPEG", comment=SECRET),
        JPEG[:-2] + bytes(8),
        JPEG.replace(b"\xff\xda", b"\xff\xff\xff\xff\xda", 1),
        JPEG.replace(b"\xff\xdb", b"junk\xff\xff\xdb", 1),
        saved(gradient(), "JPEG", progressive=True, restart_marker_blocks=2, comment=SECRET),
        saved(gradient(), "JPEG", restart_marker_rows=1, comment=SECRET),
        saved(gradient(), "JPEG", progressive=True, comment=SECRET)[:-2] + b"\xff\xff\xff\xd9",
        saved(gradient("CMYK"), "JPEG", comment=SECRET),
        saved(gradient("L"), "JPEG", comment=SECRET),
    ],
    ids=[
        "xmp", "photoshop", "second-picture", "app12", "comment", "jfxx", "thumbnail", "zip",
        "appended", "no-end", "fill-bytes", "junk", "progressive", "restarts", "fill-at-end",
        "cmyk", "grey",
    ],
)  # fmt: skip
def test_what_hides_in_a_jpeg(sent: bytes) -> None:
    """Every hiding place is emptied, and the coefficients stay as they are."""
    copy = without_metadata(sent)
    assert copy.media_type == "image/jpeg"
    assert (seen(copy.content) == seen(sent)).all()
    assert copy.content.endswith(b"\xff\xd9")
    check_bare(copy.content)
    assert SECRET[:12] not in copy.content


def test_damage_within_a_jpeg() -> None:
    """A marker that damage has put into the pixels does not end them."""
    sent = saved(gradient(size=(640, 480)), "JPEG", quality=95, restart_marker_rows=1)
    middle = len(sent) // 2
    sent = sent[:middle] + b"\xff\x9f\xff\x50" + sent[middle + 4 :]
    assert (seen(without_metadata(sent).content) == seen(sent)).all()


def chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def test_what_hides_in_a_png() -> None:
    """Texts, times, private chunks, later frames and whatever follows the end."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", SECRET.decode())
    info.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta>" + SECRET.decode())
    frames = [gradient(), gradient("RGB").rotate(180)]
    sent = saved(frames[0], "PNG", pnginfo=info, save_all=True, append_images=frames[1:])
    head = sent.index(b"IDAT") - 4
    hidden = chunk(b"tIME", b"\x07\xea\1\1\1\1\1") + chunk(b"prVt", SECRET)
    sent = sent[:head] + hidden + sent[head:] + b"PK\x03\x04" + SECRET
    copy = without_metadata(sent).content
    assert (seen(copy) == seen(sent)).all()
    assert not [kind for kind in (b"tIME", b"prVt", b"acTL", b"fdAT", b"tEXt") if kind in copy]
    check_bare(copy)


def kinds_of_png() -> Iterator[Any]:
    """Depths, palettes, transparency, interlacing."""
    deep = np.arange(64 * 48, dtype=np.uint16).reshape(48, 64) * 21
    palette = gradient().quantize(16)
    yield pytest.param(saved(Image.fromarray(deep), "PNG"), id="16-bit")
    yield pytest.param(saved(palette, "PNG", transparency=3), id="palette")
    yield pytest.param(saved(palette, "PNG", transparency=bytes(range(0, 160, 10))), id="alphas")
    yield pytest.param(saved(gradient(), "PNG", transparency=(0, 0, 0)), id="rgb-transparent")
    yield pytest.param(saved(gradient("RGBA"), "PNG"), id="rgba")
    yield pytest.param(saved(gradient("LA"), "PNG"), id="la")
    yield pytest.param(saved(gradient("1"), "PNG"), id="bilevel")


@pytest.mark.parametrize("sent", list(kinds_of_png()))
def test_every_kind_of_png(sent: bytes) -> None:
    """Modes and values stay, to the last bit."""
    copy = without_metadata(sent).content
    before, after = opened(sent), opened(copy)
    assert (after.mode, after.info.get("transparency")) == (
        before.mode,
        before.info.get("transparency"),
    )
    assert (np.asarray(after) == np.asarray(before)).all()


def test_colours_keep_their_meaning() -> None:
    """A profile says what the numbers mean; it stays in whatever the copy is."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for kind in ("JPEG", "PNG", "WEBP", "TIFF"):
        copy = without_metadata(saved(gradient(), kind, icc_profile=profile, exif=exif()))
        assert opened(copy.content).info["icc_profile"] == profile


def test_pages() -> None:
    """A TIFF keeps its pages, or the first ones, whatever their kind, without its tags."""
    deep = Image.fromarray(np.arange(64 * 48, dtype=np.uint16).reshape(48, 64))
    pages = [gradient("L"), gradient("1"), deep, gradient("CMYK"), gradient().quantize(9)]
    more: dict[str, Any] = {"save_all": True, "append_images": pages}
    sent = saved(gradient(), "TIFF", tiffinfo={270: SECRET.decode(), 315: SECRET.decode()}, **more)
    copy = without_metadata(sent)
    assert (copy.media_type, SECRET in sent, SECRET in copy.content) == ("image/tiff", True, False)
    before, after = opened(sent), opened(copy.content)
    assert after.n_frames == 6  # type: ignore[attr-defined]
    for number in range(6):
        before.seek(number)
        after.seek(number)
        assert after.mode == before.mode
        assert (np.asarray(after.convert("RGB")) == np.asarray(before.convert("RGB"))).all()
    first = opened(without_metadata(sent, pages=1).content)
    assert first.n_frames == 1  # type: ignore[attr-defined]


def test_a_page_that_is_damaged() -> None:
    """What can be read of it is kept."""
    pages = [gradient(), gradient().rotate(180)]
    sent = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="jpeg")
    second = opened(sent)
    second.seek(1)
    (place,) = second.tag_v2[273]  # type: ignore[attr-defined]
    sent = sent[:place] + b"\0" * (len(sent) - place)
    copy = without_metadata(sent)
    assert (seen(copy.content) == seen(sent)).all()


@pytest.mark.parametrize(
    ("picture", "kind", "media_type"),
    [
        (gradient(size=(1200, 1000)), "BMP", "image/jpeg"),
        (gradient(size=(1200, 1000)), "WEBP", "image/jpeg"),
        (gradient("RGBA", (1200, 1000)), "WEBP", "image/png"),
        (gradient("P", (1200, 1000)), "GIF", "image/png"),
        (gradient(), "BMP", "image/png"),
    ],
)
def test_large_photographs(picture: Image.Image, kind: str, media_type: str) -> None:
    """As JPEG they take a fifth of the room and a tenth of the time; hardly a pixel differs."""
    sent = saved(picture, kind)
    copy = without_metadata(sent)
    assert copy.media_type == media_type
    difference = np.abs(seen(copy.content) - seen(sent))
    assert difference.mean() < (2 if media_type == "image/jpeg" else 0.001)


def test_a_long_strip() -> None:
    """What is too long for a JPEG is kept as PNG."""
    sent = saved(Image.new("RGB", (65_530, 20)), "BMP")
    copy = without_metadata(sent)
    assert (copy.media_type, opened(copy.content).size) == ("image/png", (65_530, 20))


def test_only_the_first_frame_of_an_animation() -> None:
    """That is the one that was looked at."""
    frames = [gradient("P"), gradient("P").rotate(90)]
    for kind in ("GIF", "WEBP"):
        sent = saved(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
        copy = without_metadata(sent).content
        assert (seen(copy) == seen(sent)).all()
        assert getattr(opened(copy), "n_frames", 1) == 1


def corpus(shared: Path) -> Iterator[tuple[str, bytes]]:
    """Every picture, odd or bad, that the server accepts."""
    for file in sorted((shared / "data" / "odd").glob("*.*")):
        yield file.name, file.read_bytes()
    folder = shared / "data" / "bad"
    for row in map(json.loads, (folder / "manifest.jsonl").read_text().splitlines()):
        data = (folder / row["file"]).read_bytes()
        yield row["file"], gzip.decompress(data) if row["expand"] == "gzip" else data


@pytest.mark.slow
def test_all_that_people_send(shared: Path) -> None:
    """Each copy shows the same, JPEG and PNG to the pixel, and tells nothing."""
    wrong, count = [], 0
    for name, sent in corpus(shared):
        try:
            before = seen(sent)
        except PerceptError:
            continue
        count += 1
        copy = without_metadata(sent)
        difference = np.abs(seen(copy.content) - before)
        photograph = copy.media_type == "image/jpeg" and not sent.startswith(b"\xff\xd8")
        if difference.mean() > (2 if photograph else 0):
            wrong.append(name)
        check_bare(copy.content)
    assert (wrong, count > 60) == ([], True)

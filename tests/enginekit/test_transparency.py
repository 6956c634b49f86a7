"""What is drawn on transparency can be seen on the background that it gets."""

from collections.abc import Sequence

import numpy as np
import pytest
from pages import file_of
from PIL import Image, ImageDraw, ImageFont

from api.enginekit.image import read_image
from api.enginekit.transparency import over_contrast

SIZE = (240, 160)
WHITE, BLACK, YELLOW, RED = (255, 255, 255), (0, 0, 0), (255, 230, 80), (255, 0, 0)


def lettering(*colours: tuple[int, int, int], opacity: int = 255) -> Image.Image:
    """A line of text in each colour on transparency."""
    page = Image.new("RGBA", SIZE)
    for n, colour in enumerate(colours):
        shape = Image.new("L", SIZE)
        pen = ImageDraw.Draw(shape)
        pen.text((10, 10 + 40 * n), "Lettering", 255, ImageFont.load_default(30))
        line = Image.new("RGBA", SIZE, colour)
        line.putalpha(shape.point(lambda v: v * opacity // 255))
        page = Image.alpha_composite(page, line)
    return page


def contrasts(drawn: Image.Image, lines: int) -> list[int]:
    """By how many grey levels each line differs from the background."""
    grey = np.asarray(drawn.convert("L")).astype(int)
    rows = [grey[10 + 40 * n : 50 + 40 * n] for n in range(lines)]
    return [int(np.abs(row - grey[0, 0]).max()) for row in rows]


def read(data: bytes) -> Image.Image:
    return read_image(data, 1_000_000, over=over_contrast)


@pytest.mark.parametrize(
    ("colours", "background"),
    [
        ([BLACK], 255),
        ([RED], 255),
        ([WHITE], 0),
        ([YELLOW, WHITE], 0),
        ([BLACK, RED, BLACK], 255),
    ],
)
def test_the_background(colours: Sequence[tuple[int, int, int]], background: int) -> None:
    """It is white, unless what is drawn is light."""
    found = over_contrast(lettering(*colours))
    assert found.getpixel((0, 0)) == (background, background, background, 255)
    assert min(contrasts(found, len(colours))) >= 100


def test_several_colours() -> None:
    """White and black text on one image can both be seen."""
    assert min(contrasts(over_contrast(lettering(WHITE, BLACK, YELLOW)), 3)) >= 60


def test_text_that_fades_from_white_to_black() -> None:
    """No background suits all of it: its shape is drawn in black."""
    page = lettering(WHITE)
    left, _, right, _ = page.getbbox() or (0, 0, 0, 0)
    fading = Image.new("L", SIZE)
    fading.paste(Image.linear_gradient("L").rotate(90).resize((right - left, SIZE[1])), (left, 0))
    found = over_contrast(Image.merge("RGBA", [fading, fading, fading, page.getchannel("A")]))
    expected = over_contrast(lettering(BLACK))
    assert np.array_equal(np.asarray(found), np.asarray(expected))


@pytest.mark.parametrize("opacity", [160, 60, 30])
def test_text_that_is_partly_transparent(opacity: int) -> None:
    """It has as much contrast as its opacity allows."""
    assert min(contrasts(over_contrast(lettering(WHITE, opacity=opacity)), 1)) >= opacity - 2


def test_a_drawing_that_is_opaque() -> None:
    """White text within a dark shape does not make the background dark; a light shape does, and
    so do its own letters no harm."""
    for shape, text in ((BLACK, WHITE), (WHITE, BLACK)):
        page = Image.new("RGBA", SIZE)
        pen = ImageDraw.Draw(page)
        pen.rounded_rectangle((5, 5, 235, 155), 20, (*shape, 255))
        pen.text((30, 30), "Lettering", (*text, 255), ImageFont.load_default(30))
        found = over_contrast(page)
        assert found.getpixel((0, 0))[0] == 255 - shape[0]  # type: ignore[index]
        assert found.getpixel((100, 140))[0] == shape[0]  # type: ignore[index]


def test_nothing_is_drawn() -> None:
    """What is wholly transparent is white, whatever colours lie under it."""
    assert over_contrast(Image.new("RGBA", (9, 9), (0, 0, 0, 0))).getextrema()[0] == (255, 255)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("PNG", "RGBA"), ("PNG", "LA"), ("PNG", "P"), ("WEBP", "RGBA"), ("GIF", "RGBA"),
        ("TIFF", "RGBA"), ("TIFF", "LA"), ("AVIF", "RGBA"), ("HEIF", "RGBA"),
    ],
)  # fmt: skip
def test_every_kind_of_transparency(kind: str, mode: str) -> None:
    """White text is seen in each format that knows transparency."""
    page = lettering(WHITE)
    page = page.quantize(32) if mode == "P" else page.convert(mode)
    found = read(file_of(page, kind))
    assert found.mode == "RGB"
    assert found.getpixel((0, 0)) == pytest.approx((0, 0, 0), abs=8)
    assert min(contrasts(found, 1)) > 200


def test_photographs_are_put_on_white_elsewhere() -> None:
    """Without being asked for contrast, transparency is white, as classifiers were trained."""
    found = read_image(file_of(lettering(WHITE)), 1_000_000)
    assert found.getextrema() == ((255, 255),) * 3

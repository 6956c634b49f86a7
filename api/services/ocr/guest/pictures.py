"""Pictures as pages: one each, but for TIFF files."""

import numpy as np
from PIL import Image

from api.enginekit.image import count_pages, read_image
from api.enginekit.resolution import dots_per_inch
from api.enginekit.transparency import over_contrast
from api.services.ocr.guest.sheet import Limits, Sheet, check_count, scale_to_fit


def count(data: bytes, limits: Limits) -> int:
    """How many pages it has. Raises Unusable, TooLarge."""
    pages = count_pages(data, limits.max_pages + 1)
    check_count(pages, limits)
    return pages


def read(data: bytes, number: int, limits: Limits) -> Sheet:
    """One page, numbered from 1. Raises Unusable, TooLarge."""
    picture = read_image(data, limits.max_pixels, page=number - 1, over=over_contrast)
    across, down = dots_per_inch(data, number - 1)
    # The pixels that are handed over are square, as the engines expect.
    width, height = (
        side * max(across, down) / dots
        for side, dots in zip(picture.size, (across, down), strict=True)
    )
    scale = scale_to_fit(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    pixels = (
        picture
        if size == picture.size
        else picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2)
    )
    return Sheet(*picture.size, np.asarray(pixels))

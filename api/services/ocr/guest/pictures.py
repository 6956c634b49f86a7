"""Pictures as pages: one each, but for TIFF files."""

import numpy as np
from PIL import Image

from api.enginekit.image import count_pages, read_image
from api.services.ocr.guest.sheet import Limits, Sheet, check_count, scale_to_fit


def count(data: bytes, limits: Limits) -> int:
    """How many pages it has. Raises Unusable, TooLarge."""
    pages = count_pages(data, limits.max_pages + 1)
    check_count(pages, limits)
    return pages


def read(data: bytes, number: int, limits: Limits) -> Sheet:
    """One page, numbered from 1. Raises Unusable, TooLarge."""
    picture = read_image(data, limits.max_pixels, page=number - 1)
    width, height = picture.size
    scale = scale_to_fit(width, height)
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2)
    return Sheet(width, height, np.asarray(picture))

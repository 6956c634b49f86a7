"""Places in the image of a line where nothing is written, such as between two columns."""

import cv2
import numpy as np

from api.services.ocr.engines.geometry import Picture

# Narrower than so many heights are the spaces between the words of a line that isn't justified.
NARROWEST = 0.3
# A place is blank if its brightness varies by less than this share of what is usual in the line.
QUIET = 0.3
# The upper and lower parts of an image of a line may show letters of its neighbours.
EDGE = 0.15


def blanks_in(line: Picture) -> tuple[tuple[float, float], ...]:
    """Return the wide blank places in the image of a line, as shares of its width."""
    height, width = line.shape[:2]
    edge = int(EDGE * height)
    inner = cv2.blur(line[edge : height - edge].max(axis=2), (3, 3))
    contrast = np.ptp(inner, axis=0).astype(np.float64)
    quiet = contrast < QUIET * np.percentile(contrast, 90)
    flips = np.flatnonzero(np.diff(quiet.astype(np.int8), prepend=0, append=0))
    runs = flips.reshape(-1, 2)
    inside = (runs[:, 0] > 0) & (runs[:, 1] < width)
    wide = runs[:, 1] - runs[:, 0] >= NARROWEST * height
    return tuple((begin / width, end / width) for begin, end in runs[inside & wide].tolist())

"""How sound is passed on: samples in -1..1, RATE of them a second."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE = 16_000  # what recognisers take
Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Decoded:
    """What is known of a recording once it has been decoded.

    `track` is the number of the audio track that was taken, from 1 to `tracks`; `others` are those
    to try next. `is_whole` says that its sound begins with the recording and has no gaps.
    """

    seconds: float
    track: int
    tracks: int
    others: tuple[int, ...]
    is_whole: bool

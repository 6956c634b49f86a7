"""How sound is passed on: samples in -1..1, RATE of them a second."""

import numpy as np
from numpy.typing import NDArray

RATE = 16_000  # what recognisers take
Samples = NDArray[np.float32]

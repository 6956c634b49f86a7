"""Tells where somebody speaks: Silero's voice detector, whose network faster-whisper brings.

Only its file is used. Importing faster-whisper would import PyAV, see engines/whisper.py.
"""

import importlib.util
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession, SessionOptions

from api.enginekit.samples import RATE, Samples

PACKAGE, FILE = "faster_whisper", "assets/silero_vad_v6.onnx"
FRAME = 512  # samples that the network judges at a time
BEFORE = 64  # samples before them that it wants too
LEAD = np.zeros(RATE // FRAME // 2 * FRAME, np.float32)  # it is deaf at first
STATE = np.zeros((1, 1, 128), np.float32)


class Voice:
    """How likely it is for each frame of one stream that somebody speaks."""

    def __init__(self) -> None:
        self._state = (STATE, STATE)
        self._before = np.zeros(BEFORE, np.float32)
        self(LEAD, 1.0)

    def __call__(self, samples: Samples, gain: float) -> NDArray[np.float64]:
        """The probabilities for the next samples, a whole number of frames, made louder."""
        if not len(samples):
            return np.zeros(0)
        louder = np.clip(samples * np.float32(gain), -1, 1)
        sound = np.concatenate([self._before, louder])
        frames = np.lib.stride_tricks.sliding_window_view(sound, BEFORE + FRAME)[::FRAME]
        inputs = dict(zip(("input", "h", "c"), (frames, *self._state), strict=True))
        likely, *state = _network().run(None, inputs)
        self._state, self._before = (state[0], state[1]), sound[-BEFORE:]
        return np.asarray(likely, np.float64).reshape(-1)


@cache
def _network() -> InferenceSession:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(PACKAGE)
    options = SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # it would keep the memory of the longest stretch
    file = Path(spec.submodule_search_locations[0]) / FILE
    return InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

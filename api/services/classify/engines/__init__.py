"""What a classification engine must do, which ones there are, and which one runs a model."""

from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from api.config import Settings
from api.enginekit.catalogue import Entry

Pictures = NDArray[np.float32]
Probabilities = NDArray[np.float32]

ENGINES = {
    "litert": "api.services.classify.engines.litert:LiteRTClassifier",
    "tensorflow": "api.services.classify.engines.tensorflow:TensorFlowClassifier",
}
GPU = Path("/dev/nvidiactl")


class Classifier(Protocol):
    """A network in memory; made with the model's folder and its catalogue entry.

    May be used from many threads at once.
    """

    def __init__(self, folder: Path, entry: Entry): ...

    def warm_up(self) -> None:
        """Compute once, so that the first request does not pay for it."""

    def probabilities(self, pictures: Pictures) -> Probabilities:
        """From (n, height, width, 3) as the model's input asks for, to (n, classes)."""


def chooser(settings: Settings) -> Callable[[Entry], str]:
    """Which engine runs a model: the one that is set, where the model has files for it."""
    wanted = settings.classify_engine
    if wanted == "auto":
        # LiteRT answers in a third of the time on a CPU, and in a quarter of the memory.
        wanted = "tensorflow" if GPU.exists() and can_use_gpu() else "litert"

    def choose(entry: Entry) -> str:
        return wanted if wanted in entry.engines else next(iter(entry.engines))

    return choose


def can_use_gpu() -> bool:
    """Return whether the TensorFlow that is installed is not the one for CPUs alone."""
    return any(distributions(name="tensorflow"))


def softmax(logits: NDArray[np.float32]) -> Probabilities:
    """Probabilities of each row of logits."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)  # type: ignore[no-any-return]

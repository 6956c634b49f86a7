"""TensorFlow: any SavedModel (Keras models become one when added), on a GPU where there is one."""

from pathlib import Path
from typing import Any

import numpy as np

from api.enginekit.batcher import Batcher
from api.enginekit.catalogue import Entry
from api.services.classify.engines import Pictures, Probabilities, softmax

MOST_AT_ONCE = 32


class TensorFlowClassifier:
    """A SavedModel's compiled function; on a GPU, pictures of many requests go in one batch."""

    def __init__(self, folder: Path, entry: Entry):
        import tensorflow as tf

        self._tf = tf
        for gpu in tf.config.list_physical_devices("GPU"):
            # TensorFlow would otherwise take all of the card, and a second worker get nothing.
            tf.config.experimental.set_memory_growth(gpu, True)
        side = entry.input.size if entry.input else 224
        self._blank = np.zeros((1, side, side, 3), np.float32)
        self._logits = entry.output == "logits"
        self._network = self._load(folder / entry.engines["tensorflow"])
        on_gpu = bool(tf.config.list_logical_devices("GPU"))
        # Waiting for company pays where a batch costs little more than one picture.
        self._batcher = Batcher(self._compute, MOST_AT_ONCE) if on_gpu else None

    def warm_up(self) -> None:
        """Trace the function and run it on a black picture."""
        self.probabilities(self._blank)

    def probabilities(self, pictures: Pictures) -> Probabilities:
        """From (n, height, width, 3) to (n, classes)."""
        return self._batcher.compute(pictures) if self._batcher else self._compute(pictures)

    def _compute(self, pictures: Pictures) -> Probabilities:
        batches = np.split(pictures, len(pictures)) if self._one_by_one else [pictures]
        found = [self._network(self._tf.constant(batch)).numpy() for batch in batches]
        answer = np.concatenate(found)
        return softmax(answer) if self._logits else answer

    def _load(self, folder: Path) -> Any:
        self._saved = self._tf.saved_model.load(str(folder))  # keeps the function's weights alive
        function = self._saved.signatures["serving_default"]
        ((name, spec),) = function.structured_input_signature[1].items()
        self._one_by_one = spec.shape[0] == 1  # some models are saved for a single picture
        return lambda pictures: next(iter(function(**{name: pictures}).values()))

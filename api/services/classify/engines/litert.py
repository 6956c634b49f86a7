"""LiteRT, TensorFlow's runtime for CPUs: the default engine."""

import os
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from api.enginekit.catalogue import Entry
from api.services.classify.engines import Pictures, Probabilities, softmax


class LiteRTClassifier:
    """One .tflite file and a few interpreters of it, since an interpreter serves one thread."""

    def __init__(self, folder: Path, entry: Entry):
        self._file = str(folder / entry.engines["litert"])
        self._logits = entry.output == "logits"
        # A place for each core; None stands for an interpreter that is made when first needed.
        self._idle: queue.LifoQueue[Interpreter | None] = queue.LifoQueue()
        for _ in range(os.cpu_count() or 1):
            self._idle.put(None)

    def warm_up(self) -> None:
        """Make the first interpreter and run it on a black picture."""
        with self._interpreter() as interpreter:
            shape = interpreter.get_input_details()[0]["shape"]
        self.probabilities(np.zeros((1, *shape[1:]), np.float32))

    def probabilities(self, pictures: Pictures) -> Probabilities:
        """From (n, height, width, 3) to (n, classes)."""
        with self._interpreter() as interpreter:
            rows = [self._one(interpreter, picture) for picture in pictures]
        found = np.stack(rows)
        return softmax(found) if self._logits else found

    @staticmethod
    def _one(interpreter: Interpreter, picture: Pictures) -> Probabilities:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture[np.newaxis])
        interpreter.invoke()
        output = interpreter.get_output_details()[0]["index"]
        return np.array(interpreter.get_tensor(output)[0], np.float32)

    @contextmanager
    def _interpreter(self) -> Iterator[Interpreter]:
        """An interpreter of one's own; waits for one when every core has its own already."""
        interpreter = self._idle.get()
        try:
            interpreter = interpreter or self._new()
            yield interpreter
        finally:
            self._idle.put(interpreter)

    def _new(self) -> Interpreter:
        try:
            interpreter = Interpreter(model_path=self._file, num_threads=1)
        except ValueError:  # it does not say why the file cannot be opened; this does
            Path(self._file).open("rb").close()
            raise
        interpreter.allocate_tensors()
        return interpreter

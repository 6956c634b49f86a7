"""Puts the pictures of requests that arrive together into one batch."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


class Batcher:
    """Runs `compute` on batches of up to `most` rows, in one thread of its own.

    It never waits for company: while one batch computes, the next one gathers.
    """

    def __init__(self, compute: Callable[[Array], Array], most: int):
        self._compute = compute
        self._most = most
        self._waiting: queue.SimpleQueue[tuple[Array, Future[Array]]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="batcher", daemon=True).start()

    def compute(self, rows: Array) -> Array:
        """The answers to these rows (n, ...), computed together with those of others."""
        answer: Future[Array] = Future()
        self._waiting.put((rows, answer))
        return answer.result()

    def _run(self) -> None:
        while True:
            self._answer(self._gather())

    def _gather(self) -> list[tuple[Array, "Future[Array]"]]:
        batch = [self._waiting.get()]
        while sum(len(rows) for rows, _ in batch) < self._most:
            try:
                batch.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return batch

    def _answer(self, batch: list[tuple[Array, "Future[Array]"]]) -> None:
        try:
            found = self._compute(np.concatenate([rows for rows, _ in batch]))
        except Exception as error:  # noqa: BLE001  # whatever it is, each caller has to hear of it
            for _, answer in batch:
                answer.set_exception(error)
            return
        ends = np.cumsum([len(rows) for rows, _ in batch])[:-1]
        for (_, answer), part in zip(batch, np.split(found, ends), strict=True):
            answer.set_result(part)

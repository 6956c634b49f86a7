"""Sink: portions of any form and length, one after the other."""

import io

import numpy as np

from api.enginekit.audio_sink import Sink


def test_portions_of_any_form() -> None:
    """Empty ones, single samples, other rates and channels midway."""
    file = io.BytesIO()
    sink = Sink(file, 10)
    for channels, count, rate in ((1, 0, 48_000), (2, 0, 48_000), (2, 4800, 48_000)):
        sink.write(np.zeros((channels, count), np.float32), rate)
    sink.pad(1.0)
    for channels, count, rate in ((1, 1, 8_000), (64, 76_800, 768_000), (1, 0, 16_000)):
        sink.write(np.zeros((channels, count), np.float32), rate)
    sink.pad(4.0)
    sink.write(np.zeros((1, 8_000), np.float32), 16_000)
    sink.flush()
    assert abs(sink.samples - 4.5 * 16_000) <= 2
    assert len(file.getvalue()) == 2 * sink.samples

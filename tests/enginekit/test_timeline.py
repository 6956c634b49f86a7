"""Timeline: silence to insert and sound to omit, from the times of frames."""

from itertools import pairwise

import pytest

from api.enginekit.timeline import Timeline

FRAME = 0.02


def placed(
    times: list[float | None], start: float | None = 0.0, *, restarts: bool = False
) -> list[float]:
    """The changes before frames of 20 ms at these times."""
    timeline = Timeline(start, clock_restarts=restarts)
    return [
        round(timeline.place(time, FRAME, following), 3)
        for time, following in pairwise([*times, None])
    ]


def even(start: float, count: int = 4, step: float = FRAME) -> list[float]:
    """Times of so many frames."""
    return [start + step * number for number in range(count)]


@pytest.mark.parametrize(
    ("times", "start", "expected"),
    [
        (even(0), 0.0, [0, 0, 0, 0]),
        ([None] * 4, None, [0, 0, 0, 0]),
        (even(36_000), 36_000.0, [0, 0, 0, 0]),
        (even(36_000), None, [0, 0, 0, 0]),
        (even(5), 0.0, [5, 0, 0, 0]),
        (even(5) + even(25), 5.0, [0, 0, 0, 0, 19.92, 0, 0, 0]),
        (even(-1), -1.0, [0, 0, 0, 0]),
        (even(-1) + even(2), -1.0, [0, 0, 0, 0, 2.92, 0, 0, 0]),
        ([0, 0.4, 0.8, 1.2], 0.0, [0, 0.38, 0.38, 0]),  # the last one has no next to confirm it
        ([0.03, 0.05, 0.07], 0.0, [0, 0, 0]),  # the delay of an encoder
    ],
)
def test_times_of_a_container(
    times: list[float | None], start: float | None, expected: list[float]
) -> None:
    """A late start and gaps become silence; a clock that begins at ten hours or below 0 is fine."""
    assert placed(times, start) == expected


def test_a_time_that_is_damaged_does_not_count() -> None:
    """A frame that claims to be much later or earlier follows the one before it."""
    for wrong in (3_600_000.0, -3_600_000.0, 1.0):
        times = even(0, 10)
        times[5] = wrong
        assert placed(times) == [0] * 10
    assert placed([*even(0), 3_600_000.0]) == [0] * 5


def test_another_recording_follows() -> None:
    """Joined files: all of each is heard, and their own gaps stay."""
    assert placed(even(100) + even(0) + even(10), 100.0) == [0] * 8 + [9.92, 0, 0, 0]
    assert placed(even(0) + even(36_000), restarts=True) == [0] * 8
    assert placed(even(0) + even(36_000))[4] == 35_999.92


def test_clocks_that_differ() -> None:
    """The time of a frame is never more than a tenth of a second off."""
    for step in (FRAME * 0.97, FRAME * 1.03):
        times, at = even(0, 2000, step), 0.0
        for time, change in zip(times, placed(times), strict=True):  # type: ignore[arg-type]
            at += change
            assert abs(at - time) < 0.13 or change
            at += FRAME

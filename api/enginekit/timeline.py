"""When each frame of a track is heard in a player, from the times in its container.

Decoded frames follow each other without a gap. Their times say where sound was missing: the track
begins later than the video, packets were lost, or the recorder paused.
"""

# A container rounds its times, and a recorder's clock is not exact; less than this goes unheard.
TOLERANCE_S = 0.1
# Frames that overlap by more are the start of another recording, not a clock that runs slow.
OVERLAP_S = 0.5
# Recordings of broadcasts are joined without new times. So long is a new clock, not a pause.
NEW_CLOCK_S = 600.0


class Timeline:
    """Where the next frame belongs, in seconds of a presentation that begins at 0."""

    def __init__(self, start: float | None, *, clock_restarts: bool):
        self.end = 0.0  # of the frames placed so far
        self._shift = None if start is None else -start
        self._clock_restarts = clock_restarts

    def place(self, time: float | None, seconds: float, following: float | None) -> float:
        """Place a frame; return the silence to insert before it, or negative, the sound to omit.

        Args:
            time: of the frame, by the container; None if it does not say.
            seconds: how long the frame is.
            following: time of the next frame. One time alone that contradicts its neighbours is
                damage and does not count.
        """
        change = self._change(time, seconds, following)
        self.end += change + seconds
        return change

    def _change(self, time: float | None, seconds: float, following: float | None) -> float:
        if time is None:
            return 0.0
        if self._shift is None:
            self._shift = self.end - time
        change = time + self._shift - self.end
        if abs(change) <= TOLERANCE_S or self._is_damage(time, seconds, following):
            return 0.0
        if change < -OVERLAP_S or (self._clock_restarts and change > NEW_CLOCK_S):
            self._shift -= change
            return 0.0
        return max(change, -seconds)

    def _is_damage(self, time: float, seconds: float, following: float | None) -> bool:
        """Whether the next frame goes on as if this one had the time that was expected."""
        if not self.end:  # nothing was expected
            return False
        if following is None:
            return True
        expected = self.end - (self._shift or 0.0)
        return following < time if time > expected else following >= expected + seconds / 2

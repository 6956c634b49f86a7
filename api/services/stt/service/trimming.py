"""Times of speech without the silence around it, which engines count to it."""

from dataclasses import replace

from api.services.stt.engines import Segment, Word


def trimmed(segment: Segment, speech: tuple[float, float]) -> Segment:
    """Let the segment and its words begin and end with the speech, if they overlap it.

    Args:
        segment: with times in a piece of a recording.
        speech: from when to when somebody speaks in that piece.
    """
    first, last = speech
    if segment.end <= first or segment.start >= last:
        return segment
    words = segment.words and tuple(_trimmed_word(word, first, last) for word in segment.words)
    start, end = max(segment.start, first), min(segment.end, last)
    return replace(segment, start=start, end=end, words=words)


def _trimmed_word(word: Word, first: float, last: float) -> Word:
    if word.end <= first or word.start >= last:
        return word
    return replace(word, start=max(word.start, first), end=min(word.end, last))

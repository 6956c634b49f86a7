"""AAC frames of one size, so that a file without an index tells how long it is.

An .aac file is frames one after another, and players take its length from the first few. FFmpeg's
encoder gives most to the loudest parts, which put that off by up to a third; so each frame is
filled up, with the element that ISO/IEC 14496-3 has for it, to the most that one channel may have.
"""

FRAME_SAMPLES = 1024
FRAME_BYTES = 768  # 6144 bits
FILL, END = 0b110, 0b111
ID_BITS, COUNT_BITS, LONG_COUNT_BITS = 3, 4, 8
LONG_COUNT = 15  # from here on the rest of the count follows
MOST_FILL = LONG_COUNT - 1 + 255


def filled(frame: bytes) -> bytes:
    """The frame (a raw_data_block of one channel) as FRAME_BYTES; a longer one as it is."""
    bits, length = int.from_bytes(frame, "big"), 8 * len(frame)
    # The last bit that is set ends the END element; only zeros up to a whole byte follow it.
    unused = (bits & -bits).bit_length() - 1 + ID_BITS
    bits, length = bits >> unused, length - unused
    while (room := 8 * FRAME_BYTES - length - ID_BITS) >= ID_BITS + COUNT_BITS:
        element, size = _fill(room)
        bits, length = bits << size | element, length + size
    bits, length = bits << ID_BITS | END, length + ID_BITS
    size = max(FRAME_BYTES, len(frame))
    return (bits << 8 * size - length).to_bytes(size, "big")


def _fill(room: int) -> tuple[int, int]:
    """A fill element for so many bits, and how many it takes: it counts whole bytes."""
    count = (room - ID_BITS - COUNT_BITS) // 8
    if count < LONG_COUNT:
        return (FILL << COUNT_BITS | count) << 8 * count, ID_BITS + COUNT_BITS + 8 * count
    count = min(count - 1, MOST_FILL)
    start = FILL << COUNT_BITS | LONG_COUNT
    long = start << LONG_COUNT_BITS | count - LONG_COUNT + 1
    return long << 8 * count, ID_BITS + COUNT_BITS + LONG_COUNT_BITS + 8 * count

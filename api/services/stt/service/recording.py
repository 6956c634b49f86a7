"""A recording that was sent becomes a stream of samples and a copy to keep.

It is decoded by a guest, from file to file, so that its length costs no memory. The files have lost
their names before anything is recognised: whatever happens then, nothing is left of them.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from api.enginekit import guests
from api.enginekit.samples import Samples
from api.errors import Unusable
from api.services.stt import guest
from api.storage import File

# A bad file is small and gets little more than this. A long good one takes a second for every
# 400 seconds of sound, several times that on a busy machine.
READING_S = 4.0
BYTES_A_SECOND = 200_000
FULL_SCALE = np.float32(32_768)


@dataclass(frozen=True)
class Recording:
    """A decoded recording: its length, its samples one after the other, a copy to keep, its track.

    `others` are numbers of tracks that may be taken instead.


    Whoever has it closes `sound`.
    """

    seconds: float
    sound: BinaryIO
    copy: File | None
    track: int
    tracks: int
    others: tuple[int, ...]

    def read(self, count: int) -> Samples:
        """The next samples, -1..1, up to `count`; fewer at the end."""
        return np.frombuffer(self.sound.read(2 * count), np.int16).astype(np.float32) / FULL_SCALE


def decoded(data: bytes, most_minutes: int, track: int | None, *, keep: bool) -> Recording:
    """Decodes a track of a file; with `keep` there is a copy of it without its metadata.

    Raises:
        Unusable, TooLarge: it is no recording, too long, or has no such track.
        Overloaded: no guest is free.
    """
    with tempfile.TemporaryDirectory(prefix="percept-") as folder:
        upload, sound, copy = (Path(folder) / name for name in ("upload", "sound", "copy"))
        upload.write_bytes(data)
        found, kind = guests.call(
            guest.prepare,
            upload,
            sound,
            copy if keep else None,
            most_minutes * 60.0,
            track,
            seconds=READING_S + min(len(data) / BYTES_A_SECOND, 2.0 * most_minutes),
            lost=Unusable(
                "Processing the recording takes too much time or memory.", "audio_unreadable"
            ),
        )
        kept = File(copy.read_bytes(), kind) if keep else None
        return Recording(
            found.seconds, sound.open("rb"), kept, found.track, found.tracks, found.others
        )

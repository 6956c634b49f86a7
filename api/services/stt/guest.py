"""What runs in a child process: a recording from anywhere becomes samples, and a copy to keep."""

from pathlib import Path

from api.enginekit.samples import Decoded
from api.errors import Unusable

NATIVE = ("api.enginekit.audio", "api.enginekit.audio_copy")


def prepare(
    upload: Path, sound: Path, copy: Path | None, most_seconds: float, track: int | None
) -> tuple[Decoded, str]:
    """Decodes a track of `upload` into the file `sound`; also returns the media type of the copy.

    The copy, if one is wanted, has the same sound without title, place, pictures or video.

    Raises:
        Unusable, TooLarge: it is no recording, too long, or has no such track.
    """
    try:
        from api.enginekit.audio import decode
        from api.enginekit.audio_copy import without_metadata
    except ModuleNotFoundError:
        raise Unusable("The decoder for audio is not installed.", "decoder_not_installed") from None

    with upload.open("rb") as source, sound.open("wb") as sink:
        decoded = decode(source, sink, most_seconds, track)
    return decoded, without_metadata(upload, sound, copy, decoded) if copy else ""

"""What runs in a child process: a recording from anywhere becomes samples, and a copy to keep."""

from pathlib import Path

from api.errors import Unusable

NATIVE = ("api.enginekit.audio", "api.enginekit.audio_copy")


def prepare(upload: Path, sound: Path, copy: Path | None, most_seconds: float) -> tuple[float, str]:
    """Decodes `upload` into the file `sound`; the seconds, and the media type of the copy.

    The copy, if one is wanted, has the same sound without title, place, pictures or video.

    Raises:
        Unusable, TooLarge: it is no recording, or too long.
    """
    try:
        from api.enginekit.audio import decode
        from api.enginekit.audio_copy import without_metadata
    except ModuleNotFoundError:
        raise Unusable("The decoder for audio is not installed.", "decoder_not_installed") from None

    with upload.open("rb") as source, sound.open("wb") as sink:
        seconds = decode(source, sink, most_seconds)
    return seconds, without_metadata(upload, sound, copy) if copy else ""

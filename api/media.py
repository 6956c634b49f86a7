"""The media types that this server stores: their file name endings, and many files in one."""

import io
import zipfile
from collections.abc import Sequence

from api.storage import File

ENDINGS = {
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/x-subrip": ".srt",
    "application/zip": ".zip",
    "audio/aac": ".aac",
    "audio/flac": ".flac",
    "audio/mp4": ".m4a",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "audio/webm": ".webm",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/tiff": ".tif",
    "image/webp": ".webp",
    "text/html": ".html",
    "text/plain": ".txt",
    "text/vtt": ".vtt",
}


def extension(media_type: str) -> str:
    """The ending for a file of this type, parameters aside; `.bin` where none is known."""
    return ENDINGS.get(media_type.partition(";")[0].strip(), ".bin")


def zipped(files: Sequence[File | None]) -> File | None:
    """The files that there are as a ZIP, named by their places (01.jpg, 03.png); None if none is.

    They are stored as they are: pictures and sound do not get smaller.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for place, file in enumerate(files, 1):
            if file:
                name = f"{place:02}{extension(file.media_type)}"
                archive.writestr(zipfile.ZipInfo(name), file.content)
    return File(out.getvalue(), "application/zip") if any(files) else None

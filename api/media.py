"""Media types: their other names, the file name endings of those we store; many files in one."""

import io
import zipfile
from collections.abc import Sequence

from api.storage import File

ENDINGS = {
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/x-ndjson": ".jsonl",
    "application/x-subrip": ".srt",
    "application/zip": ".zip",
    "audio/aac": ".aac",
    "audio/flac": ".flac",
    "audio/mp4": ".m4a",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "audio/webm": ".webm",
    "image/avif": ".avif",
    "image/bmp": ".bmp",
    "image/gif": ".gif",
    "image/heic": ".heic",
    "image/heif": ".heif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/tiff": ".tif",
    "image/webp": ".webp",
    "text/html": ".html",
    "text/plain": ".txt",
    "text/vtt": ".vtt",
}
# What programs call them, beside the registered names.
_ALIASES = {
    "application/pdf": "application/x-pdf application/acrobat application/vnd.pdf text/pdf",
    "audio/aac": "audio/x-aac audio/aacp audio/x-hx-aac-adts",
    "audio/flac": "audio/x-flac",
    "audio/mp4": "audio/m4a audio/x-m4a audio/m4b audio/x-m4b audio/mp4a-latm audio/x-mp4",
    "audio/mpeg": "audio/mp3 audio/x-mp3 audio/x-mpeg audio/mpeg3 audio/x-mpeg-3 audio/mpg",
    "audio/ogg": "audio/x-ogg",
    "audio/wav": "audio/x-wav audio/wave audio/x-wave audio/vnd.wave audio/x-pn-wav",
    "audio/webm": "audio/x-webm",
    "image/avif": "image/avif-sequence",
    "image/bmp": "image/x-bmp image/x-ms-bmp image/ms-bmp image/x-windows-bmp",
    "image/gif": "image/x-gif",
    "image/heic": "image/heic-sequence image/x-heic",
    "image/heif": "image/heif-sequence image/x-heif",
    "image/jpeg": "image/jpg image/pjpeg image/jfif image/x-jpeg image/x-jpg",
    "image/png": "image/x-png image/apng image/vnd.mozilla.apng",
    "image/tiff": "image/tif image/x-tiff image/x-tif",
    "image/webp": "image/x-webp",
}
REGISTERED = {alias: name for name, aliases in _ALIASES.items() for alias in aliases.split()}


def registered(media_type: str) -> str:
    """Return the registered name of a media type."""
    return REGISTERED.get(media_type, media_type)


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

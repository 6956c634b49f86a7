"""A copy of a recording to keep: the sound alone, without title, place, picture or tail."""

from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError

from api.enginekit import audio_tracks
from api.enginekit.audio import DAMAGE
from api.enginekit.samples import RATE, Decoded

# Codecs whose sound can be kept as it is, and in what. Not FLAC: what follows a file of it, such as
# a tag, is taken for the end of its last packet.
KEPT_IN = {
    "aac": "mp4",
    "alac": "mp4",
    "mp3": "mp3",
    "opus": "ogg",
    "pcm_alaw": "wav",
    "pcm_f32le": "wav",
    "pcm_mulaw": "wav",
    "pcm_s16le": "wav",
    "pcm_s24le": "wav",
    "pcm_u8": "wav",
    "vorbis": "ogg",
}
MEDIA_TYPE = {
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "mp4": "audio/mp4",
    "ogg": "audio/ogg",
    "wav": "audio/wav",
}


def without_metadata(upload: Path, sound: Path, copy: Path, decoded: Decoded) -> str:
    """Writes the decoded track of `upload`, and nothing else, to `copy`; its media type.

    The sound stays as it is where one of KEPT_IN's containers takes it. Otherwise, or if it has
    gaps, which few containers hold, the copy is what `decode` has written to `sound`, as FLAC.
    """
    try:
        with upload.open("rb") as source, audio_tracks.opened(source) as container:
            stream = audio_tracks.stream(container, decoded.track)
            kind = KEPT_IN[stream.codec.canonical_name] if decoded.is_whole else "flac"
            if kind != "flac":
                _rewrap(container, stream, copy, kind)
                return MEDIA_TYPE[kind]
    # Damaged, or in a form that the container does not take.
    except (KeyError, ValueError, *DAMAGE):
        pass
    _encode(sound, copy, "flac")
    return MEDIA_TYPE["flac"]


def _rewrap(container: InputContainer, stream: AudioStream, copy: Path, kind: str) -> None:
    """Writes the packets of the stream to a container of their own. Raises ValueError if none."""
    with av.open(copy, "w", format=kind) as out:
        target = out.add_stream_from_template(stream)
        written = 0
        for packet in container.demux(stream):
            # What comes after the sound, a tag for example, looks like one more packet.
            if packet.dts is not None and _is_sound(packet):
                packet.stream = target
                out.mux(packet)
                written += 1
    if not written:
        raise ValueError("no packets")


def _is_sound(packet: "av.Packet[AudioStream]") -> bool:
    try:
        packet.decode()
    except FFmpegError:
        return False
    return True


def _encode(sound: Path, copy: Path, kind: str) -> None:
    with sound.open("rb") as file, av.open(copy, "w", format=kind) as out:
        target = cast(AudioStream, out.add_stream(kind, rate=RATE, layout="mono"))
        while block := file.read(2 * RATE):
            frame = av.AudioFrame.from_ndarray(
                np.frombuffer(block, np.int16)[np.newaxis], "s16", "mono"
            )
            frame.sample_rate = RATE
            out.mux(target.encode(frame))
        out.mux(target.encode(None))

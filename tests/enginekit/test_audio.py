"""Decoding recordings: any container, bounded, only what is in the file itself."""

import io
import struct
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from api.enginekit import audio
from api.enginekit.audio import RATE, decode
from api.enginekit.audio_copy import without_metadata
from api.errors import TooLarge, Unusable


def tone(seconds: float = 1.0, rate: int = RATE, level: float = 0.5) -> np.ndarray:
    """A tone of 440 Hz, -1..1."""
    return level * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)


def wav(samples: np.ndarray, rate: int = RATE, channels: int = 1) -> bytes:
    """Samples (n,) or (n, channels) as a 16-bit WAV file."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return out.getvalue()


def float_wav(samples: np.ndarray) -> bytes:
    """Samples as a WAV file of 32-bit floats, which can hold anything."""
    data = samples.astype("<f4").tobytes()
    form = struct.pack("<HHIIHH", 3, 1, RATE, 4 * RATE, 4, 32)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(data))
    return b"RIFF" + struct.pack("<I", len(body) + len(data)) + body + data


def long_wav(samples: np.ndarray) -> bytes:
    """Samples as a WAV file of 64-bit whole numbers."""
    data = (samples * (2**63 - 1024)).astype("<i8").tobytes()
    form = struct.pack("<HHIIHH", 1, 1, RATE, 8 * RATE, 8, 64)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(data))
    return b"RIFF" + struct.pack("<I", len(body) + len(data)) + body + data


def encoded(container: str, codec: str, seconds: float = 2.0, **tags: str) -> bytes:
    """A tone in another container and codec, with metadata."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        file.metadata.update(tags)
        stream = file.add_stream(codec, rate=48_000, layout="mono")
        stream.bit_rate = 64_000
        resampler = av.AudioResampler(stream.codec_context.format, "mono", 48_000)
        frame = av.AudioFrame.from_ndarray(
            tone(seconds, 48_000).astype(np.float32)[np.newaxis], "flt", "mono"
        )
        frame.sample_rate = 48_000
        for ready in (*resampler.resample(frame), *resampler.resample(None), None):
            file.mux(stream.encode(ready))
    return out.getvalue()


def decoded(data: bytes, most_seconds: float = 60) -> np.ndarray:
    """The samples of a file, -1..1."""
    out = io.BytesIO()
    seconds = decode(io.BytesIO(data), out, most_seconds).seconds
    samples = np.frombuffer(out.getvalue(), np.int16) / 32768
    assert seconds == len(samples) / RATE
    return samples


@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 44_100, 48_000, 96_000])
def test_any_rate_becomes_16_khz(rate: int) -> None:
    """The length stays, and so does the tone."""
    samples = decoded(wav(tone(rate=rate), rate))
    assert abs(len(samples) - RATE) <= 2
    middle = samples[RATE // 4 : 3 * RATE // 4]
    assert np.abs(np.fft.rfft(middle)).argmax() == 220  # of half a second


@pytest.mark.parametrize("channels", [1, 2, 3, 6, 8, 24])
def test_channels_become_one(channels: int) -> None:
    """The mean of all channels, however many there are and whatever they are called."""
    many = np.zeros((RATE, channels))
    many[:, 0] = tone()
    samples = decoded(wav(many, channels=channels))
    assert np.abs(samples - tone() / channels).max() < 1e-3


@pytest.mark.parametrize("centre", [True, False])
def test_the_centre_of_a_film(centre: bool) -> None:
    """Speech in the centre counts more than what is around it; elsewhere it is still heard."""
    hiss = np.random.default_rng(0).normal(0, 0.05, (6, RATE))
    hiss[2 if centre else 4] = tone()
    out = io.BytesIO()
    with av.open(out, "w", format="flac") as file:
        stream = file.add_stream("flac", rate=RATE, layout="5.1")
        frame = av.AudioFrame.from_ndarray(
            (hiss.T.reshape(1, -1) * 32767).astype("<i2"), "s16", "5.1"
        )
        frame.sample_rate = RATE
        file.mux([*stream.encode(frame), *stream.encode(None)])
    found = decoded(out.getvalue())
    share = float(found @ tone() / (tone() @ tone()))
    around = np.std(found - share * tone())
    assert share == pytest.approx(1 / 6 if centre else 1 / 12, rel=0.05)
    assert share / around > (15 if centre else 6)


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("mp3", "libmp3lame"),
        ("ogg", "libopus"),
        ("webm", "libopus"),
        ("flac", "flac"),
        ("mp4", "aac"),
        ("adts", "aac"),
        ("mpegts", "aac"),
        ("mp4", "alac"),
        ("aiff", "pcm_s16be"),
        ("wav", "pcm_u8"),
        ("wav", "pcm_s24le"),
        ("wav", "pcm_f64le"),
        ("w64", "pcm_s32le"),
        ("au", "pcm_s16be"),
        ("asf", "wmav2"),
    ],
)
def test_containers_and_codecs(container: str, codec: str) -> None:
    """What people send: two seconds of tone, as loud as it was."""
    samples = decoded(encoded(container, codec))
    assert abs(len(samples) / RATE - 2) < 0.15
    assert abs(np.sqrt(np.mean(samples[RATE // 2 : RATE] ** 2)) - 0.354) < 0.02


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a recording",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:1/a.ts\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nm=audio 9 RTP/AVP 0\r\n",
        b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
        b"RIFF" + bytes(np.random.default_rng(0).integers(0, 256, 20_000, np.uint8)),
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        wav(tone())[:40],
        wav(np.zeros(0)),
    ],
)
def test_what_is_no_recording(data: bytes) -> None:
    """Garbage, and scripts that name other files or addresses."""
    with pytest.raises(Unusable) as refusal:
        decoded(data)
    assert refusal.value.code == "audio_unreadable"


@pytest.mark.parametrize(("at", "value"), [(24, 0), (24, 1), (24, 2**32 - 1), (22, 0), (34, 0)])
def test_absurd_headers(at: int, value: int) -> None:
    """No rate, no channels, no bits, or far too many."""
    size = "<I" if at == 24 else "<H"
    data = bytearray(wav(tone()))
    struct.pack_into(size, data, at, value)
    with pytest.raises(Unusable):
        decoded(bytes(data))


def test_whole_numbers_of_64_bits() -> None:
    """The longest samples that a recording can have are those of any other."""
    assert decoded(long_wav(tone())) == pytest.approx(decoded(wav(tone())), abs=0.001)


def test_a_codec_without_a_decoder() -> None:
    """A container that is read here, with sound in a form that FFmpeg cannot decode."""
    data = bytearray(wav(tone()))
    struct.pack_into("<H", data, 20, 0x7A7A)
    with pytest.raises(Unusable) as refusal:
        decoded(bytes(data))
    assert refusal.value.code == "audio_unreadable"


def test_a_stream_that_begins_midway() -> None:
    """A Flash recording whose picture is switched on in the end: its sound counts to the end."""
    picture = b"\x12" + bytes(50)
    head = struct.pack(">BBHBHBBHB", 9, 0, len(picture), 0, 21_000, 0, 0, 0, 0)
    tag = head + picture + struct.pack(">I", len(head) + len(picture))
    samples = decoded(encoded("flv", "mp3", 20.0) + tag)
    assert abs(len(samples) / RATE - 20) < 0.2


@pytest.mark.parametrize("fault", [TypeError("no such argument"), ValueError("a bug"), OSError(28)])
def test_a_fault_of_ours_is_not_the_files(
    fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What FFmpeg did not raise passes, and becomes a 500 with a line in the log."""

    def broken(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(audio.av, "AudioResampler", broken)
    with pytest.raises(type(fault)):
        decoded(wav(tone()))


def test_numbers_that_are_none() -> None:
    """NaN becomes silence, infinities full scale, and the good samples stay."""
    samples = tone()
    samples[:100], samples[200], samples[300] = np.nan, np.inf, -1e30
    found = decoded(float_wav(samples))
    assert np.abs(found).max() <= 1
    assert np.abs(found[2000:] - tone()[2000:]).max() < 1e-3
    assert not decoded(float_wav(np.full(RATE, np.nan))).any()


def test_the_longest() -> None:
    """As long as allowed is good; more is refused, and is not decoded to its end."""
    assert len(decoded(wav(tone(3.0)), 3.0)) == 3 * RATE
    out = io.BytesIO()
    with pytest.raises(TooLarge) as refusal:
        decode(io.BytesIO(wav(np.zeros(60 * RATE))), out, 3.0)
    assert refusal.value.code == "audio_too_long"
    assert len(out.getvalue()) < 10 * 2 * RATE


def test_the_shortest() -> None:
    """Nobody says anything in less than a tenth of a second."""
    with pytest.raises(Unusable) as refusal:
        decoded(wav(tone(0.05)))
    assert refusal.value.code == "audio_too_short"


@pytest.mark.parametrize(
    ("container", "codec"), [("mp3", "libmp3lame"), ("ogg", "libopus"), ("flac", "flac")]
)
def test_a_file_that_breaks_off(container: str, codec: str) -> None:
    """What is there of it counts."""
    data = encoded(container, codec, 4.0)
    seconds = len(decoded(data[: len(data) // 2])) / RATE
    assert 1 < seconds < 3


def test_a_video() -> None:
    """Its sound counts; without any it is refused."""
    for with_sound in (True, False):
        out = io.BytesIO()
        with av.open(out, "w", format="mp4") as file:
            video = file.add_stream("mpeg4", rate=10, width=64, height=48, pix_fmt="yuv420p")
            sound = file.add_stream("aac", rate=RATE, layout="mono") if with_sound else None
            for _ in range(10):
                picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))
                file.mux(video.encode(picture))
            file.mux(video.encode(None))
            if sound:
                samples = tone().astype(np.float32)[np.newaxis]
                frame = av.AudioFrame.from_ndarray(samples, "fltp", "mono")
                frame.sample_rate = RATE
                file.mux([*sound.encode(frame), *sound.encode(None)])
        if with_sound:
            assert abs(len(decoded(out.getvalue())) / RATE - 1) < 0.1
        else:
            with pytest.raises(Unusable, match="no audio"):
                decoded(out.getvalue())


@pytest.mark.parametrize(
    ("container", "codec", "kind"),
    [
        ("mp3", "libmp3lame", "audio/mpeg"),
        ("ogg", "libopus", "audio/ogg"),
        ("webm", "libopus", "audio/ogg"),
        ("mp4", "aac", "audio/mp4"),
        ("adts", "aac", "audio/mp4"),
        ("flac", "flac", "audio/flac"),
        ("wav", "pcm_s24le", "audio/wav"),
        ("aiff", "pcm_s16be", "audio/flac"),
        ("asf", "wmav2", "audio/flac"),
    ],
)
def test_a_copy_without_metadata(container: str, codec: str, kind: str, tmp_path: Path) -> None:
    """The same sound, and not a word of title, place or date."""
    tags = {"title": "SECRET", "comment": "SECRET", "location": "+40.1-003.2/SECRET"}
    upload, sound, copy = tmp_path / "upload", tmp_path / "sound", tmp_path / "copy"
    upload.write_bytes(encoded(container, codec, **tags) + b"TAG" + b"SECRET".ljust(125))
    with upload.open("rb") as source, sound.open("wb") as sink:
        decoded_now = decode(source, sink, 60)
    assert without_metadata(upload, sound, copy, decoded_now) == kind
    kept = copy.read_bytes()
    assert b"SECRET" not in kept
    assert abs(len(decoded(kept)) / RATE - decoded_now.seconds) < 0.1


def test_every_format_of_phones_and_browsers(shared: Path) -> None:
    """The same five seconds in 24 formats."""
    files = sorted((shared / "data" / "stt" / "formats").iterdir())
    lengths = {file.name: len(decoded(file.read_bytes())) / RATE for file in files}
    assert len(lengths) >= 24
    assert {name: s for name, s in lengths.items() if abs(s - 5.03) > 0.05} == {}

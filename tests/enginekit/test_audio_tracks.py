"""Decoding tracks: the times of the container, and which track is taken."""

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from containers import RATE as MADE
from containers import Track, written

from api.enginekit.audio import decode
from api.enginekit.audio_copy import without_metadata
from api.enginekit.samples import RATE, Decoded
from api.errors import TooLarge, Unusable

DEFAULT, COMMENT = Disposition.default, Disposition.comment


def tone(seconds: float = 1.0) -> np.ndarray:
    """A tone that comes and goes, as speech does."""
    at = np.arange(round(seconds * MADE)) / MADE
    return 0.5 * np.sin(2 * np.pi * 440 * at) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * at))


def heard(data: bytes, most: float = 60, track: int | None = None) -> tuple[list[float], Decoded]:
    """When sound begins after silence, in tenths of a second, and what is known of the file."""
    out = io.BytesIO()
    decoded = decode(io.BytesIO(data), out, most, track)
    samples = np.frombuffer(out.getvalue(), np.int16) / 32768
    step = RATE // 100
    loud = np.abs(samples[: len(samples) // step * step].reshape(-1, step)).max(axis=1) > 0.02
    starts = np.flatnonzero(np.diff(np.concatenate([[0] * 50, loud])) > 0) - 49
    quiet_before = [start for start in starts if not loud[max(0, start - 20) : start].any()]
    return [round(start / 100, 1) for start in quiet_before], decoded


FORMS = [
    ("mp4", "aac"),
    ("mov", "aac"),
    ("matroska", "aac"),
    ("webm", "libopus"),
    ("mpegts", "aac"),
    ("mpegts", "mp2"),
    ("mpeg", "mp2"),
    ("flv", "aac"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("form", "codec"), [*FORMS, ("asf", "libmp3lame"), ("ogg", "libopus")])
def test_a_gap(form: str, codec: str) -> None:
    """Twenty seconds without packets are twenty seconds of silence."""
    found, decoded = heard(written(form, Track([(0, tone()), (21, tone())], codec)))
    assert found == [0.0, 21.0]
    assert decoded.seconds == pytest.approx(22, abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize(("form", "codec"), FORMS)
def test_sound_begins_after_the_video(form: str, codec: str) -> None:
    """Also after the seconds in which FFmpeg looks for it; the video counts to the length."""
    found, decoded = heard(written(form, Track([(9, tone())], codec), video=(0, 12)))
    assert found == [9.0]
    assert decoded.seconds == pytest.approx(12, abs=0.3) or form == "mpeg"  # it says nothing


@pytest.mark.slow
@pytest.mark.parametrize(("form", "codec"), FORMS)
def test_a_clock_that_begins_at_ten_hours(form: str, codec: str) -> None:
    """A recorded broadcast begins at 0, with its sound or its video."""
    found, _ = heard(written(form, Track([(36_000, tone())], codec)))
    assert found == [0.0]
    found, _ = heard(written(form, Track([(36_002, tone())], codec), video=(36_000, 36_004)))
    assert found == [2.0]


def test_clocks_of_broadcasts() -> None:
    """One of 33 bits wraps around; joined recordings are heard one after the other."""
    wrap = 2**33 / 90_000
    assert heard(written("mpegts", Track([(wrap - 3, tone()), (wrap + 1, tone())])))[0] == [0, 4]
    parts = [written("mpegts", Track([(at, tone()), (at + 2, tone())])) for at in (0, 0, 30_000)]
    found, decoded = heard(b"".join(parts))
    assert found == [0.0, 2.0, 5.0, 8.1]
    assert decoded.seconds == pytest.approx(9.1, abs=0.1)


def test_joined_ogg_files() -> None:
    """Each begins at 0 again; all of it is heard."""
    assert heard(3 * written("ogg", Track([(0, tone())], "libopus")))[1].seconds == 3.0


def test_a_gap_of_a_thousand_hours() -> None:
    """It is beyond the limit, takes no time, and no space."""
    out = io.BytesIO()
    data = written("matroska", Track([(0, tone()), (3_600_000, tone())]))
    with pytest.raises(TooLarge) as refusal:
        decode(io.BytesIO(data), out, 3600)
    assert refusal.value.code == "audio_too_long"
    assert len(out.getvalue()) < 3 * 2 * RATE


def test_silence_that_was_not_recorded() -> None:
    """Of a call whose silence is left out, the times stay exact."""
    parts = [(0.41 * number, tone(0.02)) for number in range(100)]
    data = written("matroska", Track([*parts, (41, tone())], "pcm_s16le"))
    assert heard(data)[1].seconds == pytest.approx(42, abs=0.1)


def test_silence_takes_no_disk(tmp_path: Path) -> None:
    """Three hours between two words are a hole in the file."""
    data = written("matroska", Track([(0, tone()), (10_800, tone())]))
    with (tmp_path / "sound").open("wb") as sink:
        decoded = decode(io.BytesIO(data), sink, 36_000)
    stat = (tmp_path / "sound").stat()
    assert decoded.seconds == pytest.approx(10_801, abs=0.1)
    assert stat.st_size == pytest.approx(10_801 * 2 * RATE, rel=0.001)
    assert stat.st_blocks * 512 < 1_000_000


def test_the_copy_has_the_gaps(tmp_path: Path) -> None:
    """What the history keeps is as long as the recording, also where its container has no times."""
    upload, sound, copy = (tmp_path / name for name in ("upload", "sound", "copy"))
    for video in (None, (0.0, 25.0)):  # MP4 begins at 0 all the same
        upload.write_bytes(written("mp4", Track([(2, tone()), (21, tone())]), video=video))
        with upload.open("rb") as source, sound.open("wb") as sink:
            decoded = decode(source, sink, 60)
        assert without_metadata(upload, sound, copy, decoded) == "audio/flac"
        assert heard(copy.read_bytes())[0] == [2.0, 21.0]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (0, 0, 1),
        (0, DEFAULT, 2),
        (DEFAULT, DEFAULT, 1),
        (DEFAULT | COMMENT, DEFAULT, 2),
        (COMMENT, 0, 2),
        (Disposition.visual_impaired, 0, 2),
        (DEFAULT | COMMENT, 0, 1),
    ],
)
def test_the_track_that_players_take(first: int, second: int, expected: int) -> None:
    """The default one; a commentary last. Each one can be chosen."""
    tracks = [
        Track([(at, tone())], disposition=Disposition(kind))
        for at, kind in ((0, first), (3, second))
    ]
    data = written("matroska", *tracks)
    assert heard(data)[1].track == expected
    for number, starts in ((1, [0.0]), (2, [3.0])):
        found, decoded = heard(data, track=number)
        assert (found, decoded.track, decoded.tracks) == (starts, number, 2)


def test_which_tracks_to_try_next() -> None:
    """If nobody speaks in the best one; not too many, and none if one was chosen."""
    kinds = (0, DEFAULT, COMMENT, 0)
    data = written(
        "matroska", *(Track([(0, tone(0.2))], disposition=Disposition(k)) for k in kinds)
    )
    assert (heard(data)[1].track, heard(data)[1].others) == (2, (1, 4, 3))
    assert heard(data, track=4)[1].others == ()
    many = written("matroska", *[Track([(0, tone(0.2))])] * 12)
    assert heard(many)[1].others == (2, 3, 4, 5, 6, 7, 8)


def test_a_track_that_cannot_be_decoded() -> None:
    """Another one is taken; chosen, it is refused."""
    data = written("matroska", Track([(0, tone())], "libopus"), Track([(0, tone())]))
    data = data.replace(b"A_OPUS", b"A_NONE")
    assert heard(data)[1].track == 2
    with pytest.raises(Unusable) as refusal:
        heard(data, track=1)
    assert refusal.value.code == "audio_unreadable"


def test_a_track_that_does_not_exist() -> None:
    """The refusal says how many there are."""
    with pytest.raises(Unusable, match="no audio track 2") as refusal:
        heard(written("mp4", Track([(0, tone())])), track=2)
    assert (refusal.value.code, refusal.value.values["last"]) == ("track_not_found", 1)


def test_a_cover_is_no_video() -> None:
    """A picture in the file has no length."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as file:
        cover = file.add_stream("mjpeg", rate=1, width=64, height=48, pix_fmt="yuvj420p")
        cover.disposition = Disposition.attached_pic
        sound = file.add_stream("aac", rate=MADE, layout="mono")
        picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8)).reformat(
            format="yuvj420p"
        )
        picture.pts, picture.time_base = 0, Fraction(1)
        packets = [*cover.encode(picture), *cover.encode(None)]
        file.mux([*packets, *Track([(5, tone())]).packets(sound)])
    found, decoded = heard(out.getvalue())
    assert found == [5.0]
    assert (decoded.tracks, round(decoded.seconds, 1)) == (1, 6.0)

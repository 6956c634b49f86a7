"""The history: what each call leaves behind, and what is kept of it."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from stored import contents

from api.http import history
from api.storage import File

CLASSIFY = "/api/v1/classify"


def picture(kind: str = "JPEG", colour: str = "navy") -> bytes:
    """A picture with a comment and a place in its EXIF."""
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x010E] = "my secret garden"
    more = {"comment": "my secret garden"} if kind == "JPEG" else {}
    Image.new("RGB", (64, 48), colour).save(out, kind, exif=exif, **more)
    return out.getvalue()


def test_a_call_leaves_an_entry(app: Flask, ada: Any, send: Any, get: Any) -> None:
    """Who, which service, model, language, options, how long, result and file: all is there."""
    answer = send(picture(), "?top_k=2&language=es").get_json()
    entry = get(f"/{answer['id']}").get_json()
    assert entry == {
        "id": answer["id"],
        "service": "classify",
        "model": "everyday_10",
        "language": "es",
        "options": {"top_k": 2, "language": "es"},
        "created_at": answer["created_at"],
        "duration_ms": answer["timing_ms"]["total"],
        "input_type": "image/jpeg",
        "output_type": None,
        "result": {"predictions": answer["predictions"]},
    }
    (summary,) = get().get_json()["items"]
    assert {**summary, "result": entry["result"]} == entry
    assert set(contents(app)) == {f"{ada['id']}/{answer['id']}-input"}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_is_kept_tells_nothing_of_place_or_name(
    app: Flask, send: Any, get: Any, kind: str
) -> None:
    """The stored picture is the sent one without EXIF and comment; its name is ours."""
    sent = picture(kind)
    got = get(f"/{send(sent).get_json()['id']}/input")
    shown = Image.open(io.BytesIO(got.data))
    assert (shown.size, b"secret" in sent, b"secret" in got.data) == ((64, 48), True, False)
    assert dict(shown.getexif()) == {}
    assert not [name for name in contents(app) if "garden" in name]


def test_a_batch_is_kept_as_one_file(client: FlaskClient, ada: Any, get: Any) -> None:
    """A ZIP with the pictures that could be read, named by their places."""
    parts = [picture(), b"bad", picture("PNG")]
    form = {"image": [(io.BytesIO(data), "x.jpg") for data in parts]}
    answer = client.post(f"{CLASSIFY}/batch", data=form, headers=ada["headers"]).get_json()
    got = get(f"/{answer['id']}/input")
    with zipfile.ZipFile(io.BytesIO(got.data)) as archive:
        assert archive.namelist() == ["01.jpg", "03.png"]
        assert Image.open(archive.open("03.png")).size == (64, 48)
    assert got.mimetype == "application/zip"
    assert get(f"/{answer['id']}").get_json()["result"] == {"results": answer["results"]}


def test_a_batch_of_nothing_good(client: FlaskClient, ada: Any, get: Any) -> None:
    """It is an entry without a file."""
    form = {"image": [(io.BytesIO(b"bad"), "x.jpg")]}
    client.post(f"{CLASSIFY}/batch", data=form, headers=ada["headers"])
    (entry,) = get().get_json()["items"]
    assert entry["input_type"] is None


@pytest.mark.parametrize(
    ("data", "query"),
    [(b"bad", ""), (b"", ""), (picture(), "?model=nope"), (picture(), "?top_k=0")],
    ids=["bad", "empty", "model", "option"],
)
def test_a_refusal_leaves_nothing(app: Flask, send: Any, get: Any, data: bytes, query: str) -> None:
    """Neither an entry nor a file."""
    assert send(data, query).status_code == 422
    assert (get().get_json()["items"], contents(app)) == ([], {})


def test_without_files(app: Flask, ada: Any, send: Any, get: Any, remember: Any) -> None:
    """PERCEPT_STORE_INPUTS off: the entry is written, and nothing else."""
    settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = settings.model_copy(update={"store_inputs": False})
    entry = get(f"/{send(picture()).get_json()['id']}").get_json()
    assert (entry["input_type"], bool(entry["result"])) == (None, True)
    remember(output=File(b"x", "audio/wav"))
    assert contents(app) == {}
    assert get(f"/{entry['id']}/input").status_code == 404


def test_without_a_place_it_is_a_bad_setting(app: Flask, tmp_path: Path) -> None:
    """A folder that cannot be made stops the start in words that name the setting."""
    from api.config import BadSetting, Settings

    (tmp_path / "file").write_text("x")
    with pytest.raises(BadSetting, match="PERCEPT_STORAGE_URL"):
        history.init_app(app, Settings(data_dir=tmp_path, storage_url=str(tmp_path / "file/x")))

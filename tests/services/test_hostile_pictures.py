"""Every picture of the odd corpus, over HTTP, against a real server; e2e has the bad ones."""

import io
import json
from pathlib import Path

import httpx
import psutil
import pytest
from PIL import Image
from servers import Server

pytestmark = pytest.mark.slow
REFUSED = {
    "balloon.jpf", "broken_data_stream.png", "broken_png.png", "camera_corrupted.jpg",
    "corrupted.heic", "decompression_bomb.gif", "decompression_bomb.ico", "empty.jpg",
    "heic_200mp.heic", "hopper.ico", "hopper.psd", "html_named.png", "text_named.jpg",
    "truncated.jpg",
}  # fmt: skip
EITHER = {"camera_corrupted.jpg", "png_text_bomb.png"}
TYPES = {".heic": "image/heic", ".tif": "image/tiff", ".tiff": "image/tiff", ".mpo": "image/jpeg"}


def send(
    server: Server, headers: dict[str, str], name: str, data: bytes, kind: str
) -> httpx.Response:
    """A file as a browser would send it; the answer is checked for what holds of all answers."""
    answer = server.post("/api/v1/classify", headers=headers, files={"image": (name, data, kind)})
    body = json.loads(answer.text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    if answer.status_code >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert set(body) >= {"type", "title", "status", "detail", "code", "request_id"}
        assert body["status"] == answer.status_code
    return answer


def workers(server: Server) -> set[int]:
    return {process.pid for process in psutil.Process(server.process.pid).children()}


def test_odd_pictures(server: Server, shared: Path) -> None:
    """Unusual but good pictures are classified; damaged ones and other formats are refused."""
    headers, before = server.bearer("odd@example.com"), workers(server)
    wrong = []
    for file in sorted((shared / "data" / "odd").glob("*.*")):
        if file.suffix == ".md":
            continue
        kind = TYPES.get(file.suffix.lower(), f"image/{file.suffix[1:].lower()}")
        answer = send(server, headers, file.name, file.read_bytes(), kind)
        expected = (413, 415, 422) if file.name in REFUSED else (200,)
        if file.name not in EITHER and answer.status_code not in expected:
            wrong.append((file.name, answer.status_code))
    assert wrong == []
    assert workers(server) == before


def test_orientation_does_not_change_the_class(server: Server, shared: Path) -> None:
    """A photograph that a camera stored in all eight orientations gets one class."""
    headers = server.bearer("turned@example.com")
    found = set()
    for file in sorted((shared / "data" / "odd").glob("exif_landscape_*.jpg")):
        answer = send(server, headers, file.name, file.read_bytes(), "image/jpeg")
        found.add(answer.json()["predictions"][0]["class_id"])
    assert len(found) == 1


def test_orientation_does_not_change_the_probability(server: Server, shared: Path) -> None:
    """The same pixels, turned and marked as turned, are as likely as before."""
    headers = server.bearer("turned@example.com")
    upright = Image.open(shared / "data" / "odd" / "exif_landscape_1.jpg").resize((300, 200))
    found = []
    for mark, undo in ((1, None), (3, 3), (6, 2), (8, 4)):
        turned = upright.transpose(Image.Transpose(undo)) if undo is not None else upright
        exif, out = Image.Exif(), io.BytesIO()
        exif[0x0112] = mark
        turned.save(out, "PNG", exif=exif)
        answer = send(server, headers, "x.png", out.getvalue(), "image/png")
        found.append(answer.json()["predictions"][0]["probability"])
    assert max(found) - min(found) < 0.02

"""POST /classify and /classify/batch, over the test client with the embedded network."""

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

PATH = "/api/v1/classify"


def picture(size: tuple[int, int] = (64, 48), kind: str = "JPEG", colour: str = "navy") -> bytes:
    """A picture of one colour as a file."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


def send(client: FlaskClient, person: dict[str, Any], data: bytes, query: str = "") -> Any:
    """A picture as a multipart field."""
    form = {"image": (io.BytesIO(data), "x.jpg")}
    return client.post(PATH + query, data=form, headers=person["headers"])


def test_answers_the_likeliest_classes_first(client: FlaskClient, ada: dict[str, Any]) -> None:
    """A picture as multipart gets five predictions, ordered, with everything the contract names."""
    answer = send(client, ada, picture()).get_json()
    found = [p["probability"] for p in answer["predictions"]]
    assert len(found) == 5
    assert found == sorted(found, reverse=True)
    assert 0 < sum(found) <= 1.0001
    assert answer["model"] == "everyday_10"
    assert set(answer) == {"id", "model", "created_at", "timing_ms", "predictions"}
    assert set(answer["timing_ms"]) == {"decode", "infer", "total"}


def test_raw_body_and_multipart_agree(client: FlaskClient, ada: dict[str, Any]) -> None:
    """The same picture as the raw body with its media type gets the same predictions."""
    headers = {**ada["headers"], "Content-Type": "image/png"}
    raw = client.post(PATH, data=picture(kind="PNG"), headers=headers)
    both = send(client, ada, picture(kind="PNG"))
    assert raw.get_json()["predictions"] == both.get_json()["predictions"]


@pytest.mark.parametrize(
    ("query", "count"), [("?top_k=1", 1), ("?top_k=10", 10), ("?top_k=20", 10)]
)
def test_top_k(client: FlaskClient, ada: dict[str, Any], query: str, count: int) -> None:
    """`top_k` says how many classes are named, at most all there are."""
    assert len(send(client, ada, picture(), query).get_json()["predictions"]) == count


def test_options_as_form_fields(client: FlaskClient, ada: dict[str, Any]) -> None:
    """Options are form fields or query parameters, equally."""
    form = {"image": (io.BytesIO(picture()), "x.jpg"), "top_k": "2", "language": "es"}
    answer = client.post(PATH, data=form, headers=ada["headers"])
    assert len(answer.get_json()["predictions"]) == 2


def test_labels_in_spanish(client: FlaskClient, ada: dict[str, Any]) -> None:
    """`language=es` gives Spanish labels and leaves the ids as they are."""
    english = send(client, ada, picture(), "?top_k=10").get_json()["predictions"]
    spanish = send(client, ada, picture(), "?top_k=10&language=es").get_json()["predictions"]
    assert [p["class_id"] for p in english] == [p["class_id"] for p in spanish]
    assert {"pájaro", "gato"} <= {p["label"] for p in spanish}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?top_k=0", "top_k"),
        ("?top_k=21", "top_k"),
        ("?top_k=abc", "top_k"),
        ("?top_k=1e1", "top_k"),
        ("?language=xx", "language"),
        ("?language=en&language=es", "language"),
        ("?topk=3", "topk"),
    ],
)
def test_bad_options(client: FlaskClient, ada: dict[str, Any], query: str, field: str) -> None:
    """An option that is wrong, repeated or unknown is refused by its name."""
    answer = send(client, ada, picture(), query)
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("nope", "model_not_found"),
        ("../../etc", "model_not_found"),
        ("mobilenet_v2", "model_not_installed"),
    ],
)
def test_models_that_cannot_answer(
    client: FlaskClient, ada: dict[str, Any], name: str, code: str
) -> None:
    """A model that is unknown or not installed is a 422 that says which."""
    answer = send(client, ada, picture(), f"?model={name}")
    assert (answer.status_code, answer.get_json()["code"]) == (422, code)


@pytest.mark.parametrize(
    "data", [b"", b"not a picture", picture()[:300], b"\xff\xd8", b"<svg xmlns='x'/>", b"%PDF-1.4"]
)
def test_what_is_no_picture(client: FlaskClient, ada: dict[str, Any], data: bytes) -> None:
    """Bytes that do not decode are a 422 problem."""
    answer = send(client, ada, data)
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"


def test_more_pixels_than_allowed(client: FlaskClient, ada: dict[str, Any]) -> None:
    """A picture of 49 megapixels is refused with 413 before it is decoded."""
    answer = send(client, ada, picture((7000, 7000), "PNG"))
    assert (answer.status_code, answer.get_json()["code"]) == (413, "image_too_large")


def test_wrong_media_type(client: FlaskClient, ada: dict[str, Any]) -> None:
    """A body of another type is a 415."""
    headers = {**ada["headers"], "Content-Type": "text/plain"}
    assert client.post(PATH, data=b"hello", headers=headers).status_code == 415


def test_a_batch_keeps_order_and_survives_a_bad_picture(
    client: FlaskClient, ada: dict[str, Any]
) -> None:
    """Each picture gets its own result; one that does not decode gets a problem in its place."""
    files = [(io.BytesIO(data), "x.jpg") for data in (picture(), b"bad", picture(colour="red"))]
    answer = client.post(f"{PATH}/batch", data={"image": files}, headers=ada["headers"])
    first, second, third = answer.get_json()["results"]
    assert first == send(client, ada, picture()).get_json()["predictions"]
    assert third == send(client, ada, picture(colour="red")).get_json()["predictions"]
    assert (second["status"], second["code"]) == (422, "image_unreadable")


def test_a_batch_has_at_most_32(client: FlaskClient, ada: dict[str, Any]) -> None:
    """33 pictures are refused as a whole."""
    files = [(io.BytesIO(picture()), "x.jpg") for _ in range(33)]
    answer = client.post(f"{PATH}/batch", data={"image": files}, headers=ada["headers"])
    assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, "image")


def stages(client: FlaskClient) -> dict[str, float]:
    """How often each stage of the embedded network was timed."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    samples = [
        s for f in families for s in f.samples if s.name == "percept_inference_seconds_count"
    ]
    known = {"service": "classify", "model": "everyday_10", "engine": "litert"}
    return {s.labels["stage"]: s.value for s in samples if known.items() <= s.labels.items()}


def test_stages_are_timed(client: FlaskClient, ada: dict[str, Any]) -> None:
    """By service, model, engine and stage; a refused picture has been read, and no more."""
    send(client, ada, picture())
    before = stages(client)
    send(client, ada, picture())
    send(client, ada, b"bad")
    assert stages(client) == {"decode": before["decode"] + 2, "infer": before["infer"] + 1}


def test_many_at_once(app: Flask, ada: dict[str, Any]) -> None:
    """Each gets the answer to its own picture, though they share a few guests."""
    colours = ["navy", "red", "white", "lime"] * 4

    def ask(colour: str) -> Any:
        return send(app.test_client(), ada, picture(colour=colour)).get_json()["predictions"]

    alone = {colour: ask(colour) for colour in set(colours)}
    with ThreadPoolExecutor(8) as crowd:
        assert list(crowd.map(ask, colours)) == [alone[colour] for colour in colours]


def test_only_for_callers_with_the_scope(client: FlaskClient, ada: dict[str, Any]) -> None:
    """Without a token 401; with a key of another scope 403; with a key of this scope 200."""
    keys = "/api/v1/auth/api-keys"
    made = [
        client.post(keys, json={"name": scope, "scopes": [scope]}, headers=ada["headers"])
        for scope in ("ocr", "classify")
    ]
    with_keys = [{"headers": {"X-API-Key": m.get_json()["key"]}} for m in made]
    people = [{"headers": {}}, *with_keys]
    assert [send(client, p, picture()).status_code for p in people] == [401, 403, 200]

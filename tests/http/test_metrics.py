"""Metrics: text that Prometheus can read, by route and not by path."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from api.app import create_app
from api.config import Settings

Refused = Callable[..., dict[str, Any]]


def families(client: FlaskClient) -> dict[str, Metric]:
    return {f.name: f for f in text_string_to_metric_families(client.get("/metrics").text)}


def requests(client: FlaskClient) -> dict[tuple[str, str, str], float]:
    """How often each route answered each method with each status."""
    return {
        (s.labels["route"], s.labels["method"], s.labels["status"]): s.value
        for s in families(client)["percept_http_requests"].samples
        if s.name.endswith("_total")
    }


def test_text_parses(client: FlaskClient) -> None:
    """Every family of ours starts with percept_; the memory of processes is there."""
    found = families(client)
    assert {
        "percept_http_requests",
        "percept_http_request_seconds",
        "percept_http_in_flight",
        "percept_inference_seconds",
        "percept_model_loads",
        "percept_process_resident_memory_bytes",
    } <= set(found)
    memory = found["percept_process_resident_memory_bytes"].samples
    assert all(sample.value > 1e6 for sample in memory)


def test_requests_are_counted(client: FlaskClient) -> None:
    """One more for each request, under its route, method and status."""
    before = requests(client)
    client.get("/health/live")
    client.get("/nothing")
    after = requests(client)
    for key in (("/health/live", "GET", "200"), ("none", "GET", "404")):
        assert after[key] == before.get(key, 0) + 1


def test_labels_stay_few(client: FlaskClient, ada: dict[str, Any]) -> None:
    """Ids, unknown paths and invented methods make no new series."""
    client.get("/api/v1/users/01890000-0000-7000-8000-000000000000", headers=ada["headers"])
    client.open("/health/live", method="INVENTED")
    before = {key[:2] for key in requests(client)}
    for n in range(20):
        client.get(f"/nothing/{n}")
        client.get(f"/api/v1/users/01890000-0000-7000-8000-{n:012}", headers=ada["headers"])
        client.open("/health/live", method=f"INVENTED{n}")
    after = {key[:2] for key in requests(client)}
    assert after - before <= {("none", "GET")}
    assert ("/api/v1/users/<uuid:user_id>", "GET") in after


def test_in_flight_returns_to_one(client: FlaskClient) -> None:
    """Only the request that asks is in flight, also after refusals."""
    client.get("/nothing")
    client.post("/api/v1/auth/login", data=b"{", content_type="application/json")
    assert families(client)["percept_http_in_flight"].samples[0].value == 1


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (None, 401),
        ("Bearer wrong", 401),
        ("Bearer ", 401),
        ("Bearer ñ", 401),
        ("Basic correct horse", 401),
        ("Bearer correct horse", 200),
    ],
)
def test_token(tmp_path: Path, refused: Refused, sent: str | None, status: int) -> None:
    """Where a token is set, only who knows it sees the metrics."""
    settings = Settings(data_dir=tmp_path, metrics_token="correct horse", log_level="error")
    headers = {"Authorization": sent} if sent else {}
    answer = create_app(settings).test_client().get("/metrics", headers=headers)
    assert answer.status_code == status
    if status == 401:
        refused(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")

"""Alive and ready are two things."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from api.app import create_app
from api.config import Settings

Refused = Callable[..., dict[str, Any]]


def client_for(folder: Path, **more: Any) -> FlaskClient:
    return create_app(Settings(data_dir=folder, log_level="error", **more)).test_client()


def test_live(client: FlaskClient) -> None:
    """Alive as soon as it answers, without a model or a token."""
    answer = client.get("/health/live")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "live"})


def test_ready_without_models_to_load(tmp_path: Path) -> None:
    """A process that offers only accounts is ready at once."""
    answer = client_for(tmp_path, services=("accounts",)).get("/health/ready")
    assert answer.status_code == 200
    assert answer.get_json() == {"status": "ready", "services": ["accounts"]}


def test_not_ready_until_the_model_is_loaded(client: FlaskClient, refused: Refused) -> None:
    """503 with the reason, then 200 once the warm-up is done."""
    answer = client.get("/health/ready")
    reasons = refused(answer, 503, "not_ready")["reasons"]
    services = sorted(client.application.extensions["pools"])
    assert [reason.partition(":")[0] for reason in reasons] == services
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    for pool in client.application.extensions["pools"].values():
        pool.warm()
    assert client.get("/health/ready").status_code == 200


def test_not_ready_without_a_database(tmp_path: Path, refused: Refused) -> None:
    """503 with the reason and nothing of the address; alive all the while."""
    address = f"sqlite:///{tmp_path}/nowhere/canary.db"
    client = client_for(tmp_path, services=("accounts",), database_url=address)
    answer = client.get("/health/ready")
    assert refused(answer, 503, "not_ready")["reasons"] == ["The database does not answer."]
    assert "canary" not in answer.text
    assert client.get("/health/live").status_code == 200

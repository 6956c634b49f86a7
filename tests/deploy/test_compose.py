"""docker-compose.yml, read as YAML: one container, and what must hold between those of `scale`."""

import functools
import os
import re
import subprocess
from typing import Any

import pytest
import yaml

from api.config import ROOT, Settings

SERVERS = {
    "accounts": "accounts,history,jobs",
    "classify": "classify",
    "ocr": "ocr",
    "tts": "tts",
    "stt": "stt",
}
OURS = [*SERVERS, "worker", "migrate", "bucket"]
REQUIRED = ("POSTGRES_PASSWORD", "PERCEPT_SECRET", "AWS_SECRET_ACCESS_KEY", "GRAFANA_PASSWORD")
OTHERS = {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"}


@functools.cache
def document() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def services() -> dict[str, Any]:
    return document()["services"]


def environment(name: str) -> dict[str, str]:
    return services()[name]["environment"]


def test_without_a_profile_there_is_one_container() -> None:
    """Whoever asks for nothing gets one server, and is asked for nothing."""
    assert [n for n, service in services().items() if "profiles" not in service] == ["api"]
    text = (ROOT / "docker-compose.yml").read_text()
    assert not re.findall(r"(?<!\$)\$\{[A-Z_]+(:?\?|\})", text)


def test_one_container_offers_the_api() -> None:
    """The service builds here, keeps its data in a named volume, and listens on loopback."""
    api = services()["api"]
    assert api["build"] == "."
    assert "latest" not in api["image"]
    volume, _, target = api["volumes"][0].partition(":")
    assert volume in document()["volumes"]
    assert target == api["environment"]["PERCEPT_DATA_DIR"]
    assert api["ports"] == ["${HOST:-127.0.0.1}:${PORT:-8000}:8000"]
    assert api["environment"]["DATABASE_URL"] == "${DATABASE_URL:-}"
    assert api["healthcheck"]["test"][0] == "CMD"


def test_it_leaves_time_to_drain() -> None:
    """Docker waits longer for the server to end than gunicorn waits for running requests."""
    grace = int(services()["api"]["stop_grace_period"].removesuffix("s"))
    source = (ROOT / "api" / "server" / "gunicorn_conf.py").read_text()
    assert grace > int(re.search(r"^graceful_timeout = (\d+)", source, re.MULTILINE)[1])


def test_postgres_is_optional() -> None:
    """The database is in a profile, pinned, kept in a volume, and waited for when it is there."""
    postgres = services()["postgres"]
    assert postgres["profiles"] == ["postgres", "scale"]
    assert re.fullmatch(r"postgres:\d+(\.\d+)?-bookworm", postgres["image"])
    assert postgres["volumes"][0].partition(":")[0] in document()["volumes"]
    waits = services()["api"]["depends_on"]["postgres"]
    assert waits == {"condition": "service_healthy", "required": False}
    assert postgres["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]


def test_every_image_has_a_version_and_every_volume_is_there() -> None:
    """No `latest`, and named volumes are declared."""
    for name, service in services().items():
        assert re.search(r":v?\d", service["image"]), name
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source.startswith(("/", "./")) or source in document()["volumes"], name
            if source.startswith("./"):
                assert (ROOT / source).exists(), source


def test_parts_offer_everything_between_them() -> None:
    """Each server its services; the worker all of them."""
    assert {n: environment(n)["PERCEPT_SERVICES"] for n in SERVERS} == SERVERS
    assert "PERCEPT_SERVICES" not in environment("worker")


@pytest.mark.parametrize("name", OURS)
def test_parts_share_what_must_be_shared(name: str) -> None:
    """One database, queue, secret and store; settings that there are; hardened like the others."""
    service, shared = services()[name], document()["x-shared"]
    assert shared.items() <= service["environment"].items()
    known = {field.alias for field in Settings.model_fields.values()}
    assert set(service["environment"]) <= known | OTHERS
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["profiles"] == ["scale"]


@pytest.mark.parametrize("name", [*SERVERS, "worker"])
def test_parts_can_be_run_many_times(name: str) -> None:
    """No name, port or address that only one container could have; the tables come first."""
    service = services()[name]
    assert not {"container_name", "ports", "hostname"} & set(service)
    assert service["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert "healthcheck" in service


def test_only_nginx_and_s3_face_others() -> None:
    """Ports of the host are on loopback unless HOST says otherwise; Prometheus' always are."""
    faces = {n: s["ports"] for n, s in services().items() if "ports" in s}
    assert set(faces) == {"api", "nginx", "s3", "prometheus", "grafana"}
    for ports in faces.values():
        assert ports[0].startswith(("127.0.0.1:", "${HOST:-127.0.0.1}:"))


def test_nothing_waits_for_what_is_not_there() -> None:
    """Whatever a service of the profile waits for is in the profile."""
    for name, service in services().items():
        if "scale" in service.get("profiles", []):
            for other in service.get("depends_on", {}):
                assert "scale" in services()[other]["profiles"], (name, other)


def test_s3_has_one_name_inside_and_outside() -> None:
    """Signed addresses lead to the same server for clients on the host and for the parts."""
    address = document()["x-shared"]["AWS_ENDPOINT_URL"]
    name, port = re.search(r"//([a-z0-9.]+):(\d+)", address).groups()
    s3 = services()["s3"]
    assert name in s3["networks"]["default"]["aliases"]
    assert name.endswith(".localhost")
    assert s3["ports"][0].endswith(f":{port}:{port}")
    assert f":{port}" in s3["command"]


def checked(**given: str) -> subprocess.CompletedProcess[str]:
    """Runs the script of the service `check` as its container would."""
    *command, script = services()["check"]["entrypoint"]
    values = dict.fromkeys(REQUIRED, "set") | given
    return subprocess.run(
        [*command, script.replace("$$", "$")],
        env={"PATH": os.environ["PATH"], **values},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_missing_secret_stops_the_start() -> None:
    """Each is asked for by name; with all of them everything goes on."""
    assert checked().returncode == 0
    for name in REQUIRED:
        refused = checked(**{name: ""})
        assert refused.returncode != 0
        assert f"{name}: needs a value in .env" in refused.stderr
    assert checked(POSTGRES_PASSWORD="a/b@c").returncode != 0
    assert set(environment("check")) == set(REQUIRED)


def test_everything_waits_for_the_check() -> None:
    """Directly or not: what holds a secret does not start without one."""

    def waits(name: str) -> bool:
        before = services()[name].get("depends_on", {})
        return "check" in before or any(waits(other) for other in before)

    without = {"api", "postgres", "check", "redis"}  # PostgreSQL asks for its password itself
    assert {n for n in services() if not waits(n)} == without

"""Settings: a bad value stops the start in one line that names it."""

import stat
import threading
from pathlib import Path

import pytest

from api.config import BadSetting, Settings, load_settings, signing_secret, unknown_settings

BAD = [
    ("PORT", "abc"),
    ("PORT", "70000"),
    ("PORT", "-1"),
    ("PERCEPT_WORKERS", "0"),
    ("PERCEPT_WORKERS", "many"),
    ("PERCEPT_THREADS", "1"),
    ("PERCEPT_CAPACITY", "0"),
    ("PERCEPT_MAX_UPLOAD_MB", "-5"),
    ("PERCEPT_MAX_MEGAPIXELS", "x"),
    ("PERCEPT_CLASSIFY_ENGINE", "caffe"),
    ("PERCEPT_RATE_LIMITS", "perhaps"),
    ("PERCEPT_REGISTRATION", "2"),
    ("PERCEPT_TRUSTED_PROXIES", "11"),
    ("PERCEPT_LOG_LEVEL", "loud"),
    ("PERCEPT_SECRET", "hunter2-hunter2"),
    ("PERCEPT_SECRET", "a" * 64),
    ("DATABASE_URL", "mysql://host/name"),
    ("DATABASE_URL", "not an address"),
    ("REDIS_URL", "http://host"),
    ("REDIS_URL", "redis://"),
    ("REDIS_URL", "redis://host:port"),
    ("PERCEPT_QUEUE", "rq"),  # without REDIS_URL
    ("PERCEPT_QUEUE", "celery"),
    ("PERCEPT_JOB_THREADS", "0"),
    ("PERCEPT_UPLOAD_MAX_MB", "x"),
    ("DATABASE_URL", "postgresql://me:hunter2@host:port/name"),
    ("DATABASE_URL", "postgresql+asyncpg://me:hunter2@host/name"),
    ("PERCEPT_METRICS_TOKEN", "hunter2\n"),
    ("PERCEPT_PUBLIC_URL", "percept.example"),
    ("PERCEPT_PUBLIC_URL", "https://percept.example:port"),
    ("PERCEPT_CORS_ORIGINS", "https://app.example/"),
    ("PERCEPT_CORS_ORIGINS", "https://*.example"),
    ("PERCEPT_CORS_ORIGINS", "app.example"),
    ("PERCEPT_CORS_ORIGINS", "https://good.example, https://["),
    ("PERCEPT_MODELS_MIRROR", "ftp://mirror.example"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_bad_values(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Each bad value is refused in one line that begins with the variable's name."""
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting) as caught:
        load_settings()
    assert str(caught.value).startswith(f"{name}: ")
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert name != "PERCEPT_SECRET" or value not in str(caught.value)


def test_every_bad_value_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever got two wrong reads of both at once."""
    monkeypatch.setenv("PORT", "abc")
    monkeypatch.setenv("PERCEPT_WORKERS", "0")
    with pytest.raises(BadSetting) as caught:
        load_settings()
    names = [line.partition(":")[0] for line in str(caught.value).splitlines()]
    assert sorted(names) == ["PERCEPT_WORKERS", "PORT"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PORT=9001\nthis is no setting\n", "line 2 is not of the form NAME=value"),
        (b"PERCEPT_LOG_LEVEL=caf\xe9\n", "is not UTF-8"),
    ],
)
def test_a_broken_dotenv(content: bytes, said: str) -> None:
    """A .env that cannot be read is refused in one line, too."""
    Path(".env").write_bytes(content)
    with pytest.raises(BadSetting, match=rf"^\.env: .*{said}[^\n]*$"):
        load_settings()


@pytest.mark.parametrize(
    ("value", "on"), [("on", True), ("off", False), ("1", True), ("no", False)]
)
def test_switches(monkeypatch: pytest.MonkeyPatch, value: str, on: bool) -> None:
    """A switch is on or off, in the usual words."""
    monkeypatch.setenv("PERCEPT_RATE_LIMITS", value)
    assert load_settings().rate_limits is on


def test_lists_and_dotenv(tmp_path: Path) -> None:
    """A .env file in the working folder is read; lists are comma-separated."""
    (tmp_path / ".env").write_text(
        "PORT=9001\nPERCEPT_CORS_ORIGINS=https://a.example, https://b.example\n"
    )
    found = load_settings()
    assert found.port == 9001
    assert found.cors_origins == ("https://a.example", "https://b.example")


def test_an_empty_value_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is set to nothing counts as not set."""
    monkeypatch.setenv("PORT", "")
    assert load_settings().port == 8000


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("PERCEPT_MAX_UPLOAD", "PERCEPT_MAX_UPLOAD_MB"),
        ("PERCEPT_MODEL_MIRROR", "PERCEPT_MODELS_MIRROR"),
        ("PERCEPT_DATABASE_URL", "DATABASE_URL"),
        ("PERCEPT_PORT", "PORT"),
        ("PERCEPT_XYZ", ""),
    ],
)
@pytest.mark.parametrize("dotenv", [False, True])
def test_misspelt_settings_are_found(
    monkeypatch: pytest.MonkeyPatch, name: str, meant: str, dotenv: bool
) -> None:
    """PERCEPT_ variables that are no settings are told of, with the one that was meant."""
    Path(".env").write_text(f"{name}=x\n") if dotenv else monkeypatch.setenv(name, "x")
    hint = f"; did you mean {meant}?" if meant else ""
    assert f"{name} is not a setting and is ignored{hint}" in unknown_settings()


def test_other_variables_are_not_settings() -> None:
    """In .env only what looks like a setting is told of; settings may be in small letters."""
    Path(".env").write_text("DATABSE_URL=x\nAWS_REGION=x\nPOSTGRES_PASSWORD=x\npercept_threads=9\n")
    said = " ".join(unknown_settings())
    assert "DATABSE_URL is not a setting and is ignored; did you mean DATABASE_URL?" in said
    assert not any(name in said for name in ("AWS", "POSTGRES", "threads"))


def test_postgres_addresses() -> None:
    """A plain postgresql:// address gets the driver that is installed."""
    found = Settings(database_url="postgresql://me:pw@host/name")
    assert found.database == "postgresql+psycopg://me:pw@host/name"


def test_the_secret_is_made_once(settings: Settings) -> None:
    """Many processes that start at once agree on one secret, which only its owner can read."""
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(signing_secret(settings))) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    file = settings.data_dir / "secret.key"
    assert len(set(found)) == 1
    assert len(found[0]) >= 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [f.name for f in settings.data_dir.iterdir()] == ["secret.key"]


def test_a_spoilt_secret_file(settings: Settings) -> None:
    """A secret file that is too short stops the start instead of signing with it."""
    settings.data_dir.mkdir()
    (settings.data_dir / "secret.key").write_text("short")
    with pytest.raises(BadSetting, match="too short"):
        signing_secret(settings)

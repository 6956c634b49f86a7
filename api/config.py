"""Settings: every environment variable, its type, its default and what it is for.

The one place that reads the environment. A bad value stops the start in one line that
names the variable and never shows the value of a secret.
"""

import os
import secrets
import shutil
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
MINIMUM_SECRET_BYTES = 32
ALLOCATOR = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "1000000",
    "MALLOC_TRIM_THRESHOLD_": "131072",
}
Names = Annotated[tuple[str, ...], NoDecode]


class BadSetting(Exception):
    """A setting that cannot be used; the text is one line that names it."""


class Settings(BaseSettings):
    """All settings. The table in the README is made from this class."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
    )

    host: str = Field("127.0.0.1", alias="HOST", description="Address to listen on.")
    port: int = Field(8000, alias="PORT", ge=0, le=65535, description="Port to listen on.")
    data_dir: Path = Field(
        ROOT / "data",
        alias="PERCEPT_DATA_DIR",
        description="Folder of the database, the secret and the pulled models.",
    )
    database_url: str = Field(
        "",
        alias="DATABASE_URL",
        description="Database; empty means SQLite in the data folder. "
        "PostgreSQL: `postgresql://user:password@host/name`.",
    )
    secret: SecretStr = Field(
        SecretStr(""),
        alias="PERCEPT_SECRET",
        description="Secret that signs tokens, at least 32 bytes; empty means one that is made "
        "on first start and kept in the data folder.",
    )
    services: Names = Field(
        (),
        alias="PERCEPT_SERVICES",
        description="What this process offers, comma-separated (`accounts`, `classify`); "
        "empty means everything.",
    )
    workers: int = Field(2, alias="PERCEPT_WORKERS", ge=1, le=64, description="Worker processes.")
    threads: int = Field(
        256,
        alias="PERCEPT_THREADS",
        ge=2,
        le=1000,
        description="Threads of each worker. They mostly wait for slow clients; how many compute "
        "is limited separately.",
    )
    capacity: int = Field(
        16,
        alias="PERCEPT_CAPACITY",
        ge=1,
        le=1000,
        description="Inference requests that one worker lets in at a time; more get 503.",
    )
    max_upload_mb: int = Field(
        25, alias="PERCEPT_MAX_UPLOAD_MB", ge=1, le=2000, description="Largest request body, MB."
    )
    max_megapixels: int = Field(
        40, alias="PERCEPT_MAX_MEGAPIXELS", ge=1, le=500, description="Largest picture, megapixels."
    )
    classify_engine: Literal["auto", "litert", "tensorflow"] = Field(
        "auto",
        alias="PERCEPT_CLASSIFY_ENGINE",
        description="Engine for image classification: `litert` (CPU), `tensorflow`, or `auto` "
        "(tensorflow where there is a GPU).",
    )
    models_mirror: str = Field(
        "",
        alias="PERCEPT_MODELS_MIRROR",
        description="Folder or URL that stands in for the internet when models are pulled.",
    )
    cors_origins: Names = Field(
        (),
        alias="PERCEPT_CORS_ORIGINS",
        description="Origins whose pages may call this server, comma-separated; `*` for all.",
    )
    rate_limits: bool = Field(
        True, alias="PERCEPT_RATE_LIMITS", description="Rate limits on sign-in routes, `on`/`off`."
    )
    registration: bool = Field(
        True, alias="PERCEPT_REGISTRATION", description="Whether anybody may register, `on`/`off`."
    )
    trusted_proxies: int = Field(
        0,
        alias="PERCEPT_TRUSTED_PROXIES",
        ge=0,
        le=10,
        description="How many proxies stand in front and set X-Forwarded-*; 0 ignores the headers.",
    )
    metrics_token: SecretStr = Field(
        SecretStr(""),
        alias="PERCEPT_METRICS_TOKEN",
        description="Bearer token that `/metrics` asks for; empty leaves it open.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", alias="PERCEPT_LOG_LEVEL", description="Least serious log lines that are written."
    )

    @field_validator("services", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(word.strip() for word in value.split(",") if word.strip())
        return value

    @field_validator("secret")
    @classmethod
    def _strong(cls, value: SecretStr) -> SecretStr:
        plain = value.get_secret_value()
        if plain and (len(plain.encode()) < MINIMUM_SECRET_BYTES or len(set(plain)) < 8):
            raise ValueError(f"needs at least {MINIMUM_SECRET_BYTES} bytes that are hard to guess")
        return value

    @field_validator("database_url")
    @classmethod
    def _driver(cls, value: str) -> str:
        scheme, colon, rest = value.partition("://")
        if value and (
            not colon or scheme.split("+")[0] not in ("sqlite", "postgresql", "postgres")
        ):
            raise ValueError("is not a sqlite:// or postgresql:// address")
        # SQLAlchemy's own default for postgresql:// is psycopg 2, which is not installed.
        return f"postgresql+psycopg://{rest}" if scheme in ("postgresql", "postgres") else value

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the database in use."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'percept.db'}"

    @property
    def models_dir(self) -> Path:
        """Where pulled and added models live."""
        return self.data_dir / "models"

    @property
    def metrics_dir(self) -> Path:
        """Where the workers share their counters."""
        return self.data_dir / "run" / "metrics"


def load_settings() -> Settings:
    """Settings from the environment and `.env`.

    Raises:
        BadSetting: a value cannot be used.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        raise BadSetting(_one_line(error)) from None
    return settings


def unknown_settings() -> list[str]:
    """PERCEPT_ variables that no setting has: most often a misspelling."""
    known = {field.alias for field in Settings.model_fields.values()}
    return sorted(k for k in os.environ if k.startswith("PERCEPT_") and k not in known)


def _one_line(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    name = first["loc"][0] if first["loc"] else "settings"
    return f"{name}: {first['msg'].removeprefix('Value error, ').replace(chr(10), ' ')}"


def signing_secret(settings: Settings) -> str:
    """The secret that signs tokens; made on first use, safe with many processes at once."""
    if given := settings.secret.get_secret_value():
        return given
    file = settings.data_dir / "secret.key"
    if not file.exists():
        _make_secret(file)
    secret = file.read_text().strip()
    if len(secret.encode()) < MINIMUM_SECRET_BYTES:
        raise BadSetting(f"PERCEPT_SECRET: the secret kept in {file} is too short; delete the file")
    return secret


def _make_secret(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".secret-{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(secrets.token_urlsafe(48))
    try:
        os.link(draft, file)
    except FileExistsError:
        pass  # another process was first; its secret is the one
    finally:
        draft.unlink()


def metrics_folder() -> str | None:
    """The folder that prometheus-client shares counters through, when there are many workers."""
    return os.environ.get("PROMETHEUS_MULTIPROC_DIR")


def share_metrics(folder: Path) -> None:
    """Let the workers to come share their counters; must be called before any is made."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def return_memory() -> None:
    """Let the processes to come give memory back once a large picture is done with.

    glibc would keep it, in as many arenas as there are threads. See docs/decisions/015.
    """
    for name, value in ALLOCATOR.items():
        os.environ.setdefault(name, value)


def overrule(values: dict[str, str]) -> None:
    """Let command-line options win over the environment, also in the processes to come."""
    os.environ.update(values)

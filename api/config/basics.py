"""The settings of one machine: each environment variable, its type, default and purpose."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]
MINIMUM_SECRET_BYTES = 32
Names = Annotated[tuple[str, ...], NoDecode]


class BadSetting(Exception):
    """A setting that cannot be used; the text is one line that names it."""


class Basics(BaseSettings):
    """What one process on one machine needs; see `Settings` for the rest."""

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
        description="Folder of the database, the secret, the pulled models and the stored files.",
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
        description="What this process offers, comma-separated (`accounts`, "
        "`history`, `jobs`, `classify`, `ocr`, `stt`, `tts`); empty means everything.",
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
    max_pages: int = Field(
        50,
        alias="PERCEPT_MAX_PAGES",
        ge=1,
        le=2000,
        description="Most pages of a document that is read while its client waits.",
    )
    max_characters: int = Field(
        5000,
        alias="PERCEPT_MAX_CHARACTERS",
        ge=1,
        le=20_000,
        description="Longest text that is spoken while its client waits.",
    )
    max_audio_minutes: int = Field(
        10,
        alias="PERCEPT_MAX_AUDIO_MINUTES",
        ge=1,
        le=600,
        description="Longest recording that is transcribed while its client waits, minutes.",
    )
    classify_engine: Literal["auto", "litert", "tensorflow"] = Field(
        "auto",
        alias="PERCEPT_CLASSIFY_ENGINE",
        description="Engine for image classification: `litert` (CPU), `tensorflow`, or `auto` "
        "(tensorflow where there is a GPU).",
    )
    ocr_engine: Literal["auto", "rapidocr", "tesseract"] = Field(
        "auto",
        alias="PERCEPT_OCR_ENGINE",
        description="Engine for reading pages: `rapidocr`, `tesseract`, or `auto` (the one that "
        "suits the page).",
    )
    guests: int = Field(
        2,
        alias="PERCEPT_GUESTS",
        ge=1,
        le=64,
        description="Child processes of each worker for native code that may hang or crash.",
    )
    guest_memory_mb: int = Field(
        1500,
        alias="PERCEPT_GUEST_MEMORY_MB",
        ge=500,
        le=64_000,
        description="Address space that one of them may use, MB.",
    )
    unload_after_minutes: int = Field(
        0,
        alias="PERCEPT_UNLOAD_AFTER_MINUTES",
        ge=0,
        le=10_000,
        description="A model that nobody used for so long leaves memory; 0 keeps all.",
    )
    store_inputs: bool = Field(
        True,
        alias="PERCEPT_STORE_INPUTS",
        description="Whether the history keeps the files that come in and go out, `on`/`off`.",
    )
    history_days: int = Field(
        0,
        alias="PERCEPT_HISTORY_DAYS",
        ge=0,
        le=36_500,
        description="History older than this is deleted; 0 keeps it until its owner deletes it.",
    )
    storage_url: str = Field(
        "",
        alias="PERCEPT_STORAGE_URL",
        description="Where files are kept: a folder, or `s3://bucket/prefix` with the usual AWS "
        "variables; empty means `files` in the data folder.",
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

    @field_validator("services", "cors_origins", "webhook_hosts", mode="before", check_fields=False)
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

    @field_validator("storage_url")
    @classmethod
    def _folder(cls, value: str) -> str:
        if "://" in value and not value.startswith(("file://", "s3://")):
            raise ValueError("is neither a folder nor a file:// or s3:// address")
        if value.startswith("s3://") and not value.removeprefix("s3://").partition("/")[0]:
            raise ValueError("names no bucket")
        return value

    @property
    def storage(self) -> str:
        """Where the files are."""
        return self.storage_url or str(self.data_dir.resolve() / "files")

    @property
    def models_dir(self) -> Path:
        """Where pulled and added models live."""
        return self.data_dir / "models"

    @property
    def metrics_dir(self) -> Path:
        """Where the workers share their counters."""
        return self.data_dir / "run" / "metrics"

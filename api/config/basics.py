"""The settings of one machine: each environment variable, its type, default and purpose."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from api.config.addresses import has_good_port

ROOT = Path(__file__).resolve().parents[2]
MINIMUM_SECRET_BYTES = 32
DATABASES = ("sqlite", "postgresql", "postgres", "postgresql+psycopg")
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
        description="Folder for the database, the secret, downloaded models and stored files.",
    )
    database_url: str = Field(
        "",
        alias="DATABASE_URL",
        description="Database URL. Empty: SQLite in the data folder. PostgreSQL: "
        "`postgresql://user:password@host/name`.",
    )
    secret: SecretStr = Field(
        SecretStr(""),
        alias="PERCEPT_SECRET",
        description="Secret that signs tokens, at least 32 bytes. Empty: generated on first "
        "start and stored in the data folder.",
    )
    services: Names = Field(
        (),
        alias="PERCEPT_SERVICES",
        description="Services of this process, comma-separated: `accounts`, `history`, `jobs`, "
        "`classify`, `ocr`, `stt`, `tts`. Empty: all.",
    )
    workers: int = Field(2, alias="PERCEPT_WORKERS", ge=1, le=64, description="Worker processes.")
    threads: int = Field(
        256,
        alias="PERCEPT_THREADS",
        ge=2,
        le=1000,
        description="Threads of each worker process. Most of them wait for slow clients; "
        "`PERCEPT_CAPACITY` limits computation.",
    )
    capacity: int = Field(
        16,
        alias="PERCEPT_CAPACITY",
        ge=1,
        le=1000,
        description="Inference requests that one worker process accepts at a time. Others get 503.",
    )
    max_upload_mb: int = Field(
        25, alias="PERCEPT_MAX_UPLOAD_MB", ge=1, le=2000, description="Largest request body, in MB."
    )
    max_megapixels: int = Field(
        40,
        alias="PERCEPT_MAX_MEGAPIXELS",
        ge=1,
        le=500,
        description="Largest image, in megapixels.",
    )
    max_pages: int = Field(
        50,
        alias="PERCEPT_MAX_PAGES",
        ge=1,
        le=2000,
        description="Maximum pages of a document, except in jobs. A document may have 6,000 "
        "characters for each of these pages.",
    )
    max_characters: int = Field(
        5000,
        alias="PERCEPT_MAX_CHARACTERS",
        ge=1,
        le=20_000,
        description="Longest text to speak, in characters, except in jobs.",
    )
    max_audio_minutes: int = Field(
        10,
        alias="PERCEPT_MAX_AUDIO_MINUTES",
        ge=1,
        le=600,
        description="Longest recording to transcribe, in minutes, except in jobs.",
    )
    classify_engine: Literal["auto", "litert", "tensorflow"] = Field(
        "auto",
        alias="PERCEPT_CLASSIFY_ENGINE",
        description="Engine for image classification: `litert` (CPU), `tensorflow`, or `auto` "
        "(`tensorflow` if there is a GPU).",
    )
    ocr_engine: Literal["auto", "rapidocr", "tesseract"] = Field(
        "auto",
        alias="PERCEPT_OCR_ENGINE",
        description="Engine for OCR: `rapidocr`, `tesseract`, or `auto` (selected for each page).",
    )
    guests: int = Field(
        2,
        alias="PERCEPT_GUESTS",
        ge=1,
        le=64,
        description="Sandbox processes of each worker process. They run native code that may "
        "hang or crash.",
    )
    guest_memory_mb: int = Field(
        1500,
        alias="PERCEPT_GUEST_MEMORY_MB",
        ge=500,
        le=64_000,
        description="Maximum address space of a sandbox process, in MB.",
    )
    unload_after_minutes: int = Field(
        0,
        alias="PERCEPT_UNLOAD_AFTER_MINUTES",
        ge=0,
        le=10_000,
        description="Minutes after which an unused model is unloaded from memory. 0: never.",
    )
    store_inputs: bool = Field(
        True,
        alias="PERCEPT_STORE_INPUTS",
        description="`on`: the history stores input and output files. `off`: it stores no files.",
    )
    history_days: int = Field(
        0,
        alias="PERCEPT_HISTORY_DAYS",
        ge=0,
        le=36_500,
        description="Days after which history entries are deleted. 0: never.",
    )
    storage_url: str = Field(
        "",
        alias="PERCEPT_STORAGE_URL",
        description="Storage for files: a folder, or `s3://bucket/prefix` with the usual AWS "
        "variables. Empty: `files` in the data folder.",
    )
    models_mirror: str = Field(
        "",
        alias="PERCEPT_MODELS_MIRROR",
        description="Folder or URL to download models from, instead of the internet.",
    )
    cors_origins: Names = Field(
        (),
        alias="PERCEPT_CORS_ORIGINS",
        description="Origins of web pages that may call this server, comma-separated. `*`: all.",
    )
    rate_limits: bool = Field(
        True,
        alias="PERCEPT_RATE_LIMITS",
        description="Rate limits on sign-in routes, `on` or `off`.",
    )
    registration: bool = Field(
        True,
        alias="PERCEPT_REGISTRATION",
        description="`on`: anybody may register. `off`: only administrators create accounts.",
    )
    trusted_proxies: int = Field(
        0,
        alias="PERCEPT_TRUSTED_PROXIES",
        ge=0,
        le=10,
        description="Number of proxies in front of the server that set `X-Forwarded-*`. 0: these"
        " headers are ignored.",
    )
    metrics_token: SecretStr = Field(
        SecretStr(""),
        alias="PERCEPT_METRICS_TOKEN",
        description="Bearer token that `/metrics` requires. Empty: no token is required.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info",
        alias="PERCEPT_LOG_LEVEL",
        description="Lowest level of log messages: `debug`, `info`, `warning` or `error`.",
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
        if value and not (colon and scheme in DATABASES and has_good_port(value)):
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

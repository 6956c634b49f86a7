"""The secret that signs tokens: the one that is set, or one made on first use."""

import os
import secrets
from pathlib import Path

from api.config.basics import MINIMUM_SECRET_BYTES, BadSetting
from api.config.settings import Settings


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

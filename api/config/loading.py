"""Reads the settings. A bad value stops the start in one line that names the variable.

The line never shows the value, which may be a secret.
"""

import os

from pydantic import ValidationError

from api.config.basics import BadSetting
from api.config.settings import Settings


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

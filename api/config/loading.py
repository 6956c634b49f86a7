"""Reads the settings. Each bad value stops the start with one line that names the variable.

The line never shows the value, which may be a secret.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from dotenv.parser import Binding, parse_stream
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from api.config.basics import BadSetting
from api.config.settings import Settings
from api.similar import did_you_mean, most_similar

PREFIX = "PERCEPT_"
FIELDS = Settings.model_fields.values()


def load_settings() -> Settings:
    """Return the settings from the environment and `.env`.

    Raises:
        BadSetting: values that can't be used, one in each line of the message.
    """
    for line in _dotenv():
        if line.error:
            raise BadSetting(f".env: line {line.original.line} is not of the form NAME=value")
    try:
        return Settings()
    except ValidationError as error:
        lines = {str(one["loc"][:1]): _line(one) for one in error.errors(include_input=False)}
        raise BadSetting("\n".join(lines.values())) from None


def unknown_settings() -> list[str]:
    """Return a sentence for each variable that looks like a setting and is none."""
    known = {str(field.alias).removeprefix(PREFIX): str(field.alias) for field in FIELDS}
    names = {name for name in os.environ if name.startswith(PREFIX)}
    names |= {line.key for line in _dotenv() if line.key and _looks_like_one(line.key, known)}
    return [
        f"{name} is not a setting and is ignored{did_you_mean(known.get(meant, ''))}"
        for name in sorted(names)
        if name.upper() not in known.values()
        for meant in [most_similar(name.removeprefix(PREFIX), known)]
    ]


def _looks_like_one(name: str, known: Iterable[str]) -> bool:
    return name.startswith(PREFIX) or bool(most_similar(name, known, least=0.8))


def _dotenv() -> list[Binding]:
    try:
        with Path(".env").open(encoding="utf-8") as file:
            return list(parse_stream(file))
    except (FileNotFoundError, IsADirectoryError):
        return []
    except OSError as error:
        raise BadSetting(f".env: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadSetting(".env: is not UTF-8 text") from None


def _line(problem: ErrorDetails) -> str:
    name = problem["loc"][0] if problem["loc"] else "settings"
    return f"{name}: {problem['msg'].removeprefix('Value error, ').replace(chr(10), ' ')}"

"""Suggests what was meant when a name is misspelt."""

from collections.abc import Iterable
from difflib import get_close_matches


def most_similar(name: str, known: Iterable[str], least: float = 0.7) -> str:
    """Return the known name that is most like this one; "" if none is like it."""
    names = {one.lower(): one for one in known}
    found = get_close_matches(name.lower(), names, n=1, cutoff=least)
    return names[found[0]] if found else ""


def did_you_mean(name: str) -> str:
    """Return the end of a sentence that suggests this name, or nothing."""
    return f"; did you mean {name}?" if name else ""

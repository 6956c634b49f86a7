"""How far a transcript is from what was said."""

import re
from collections.abc import Sequence


def words(text: str) -> list[str]:
    """The words in lower case without punctuation."""
    return re.sub(r"[^\w\s']", "", text.lower()).split()


def errors(expected: Sequence[object], found: Sequence[object]) -> int:
    """How many are wrong, missing or too many (Levenshtein)."""
    row = list(range(len(found) + 1))
    for n, one in enumerate(expected, 1):
        before, row = row, [n]
        for m, other in enumerate(found, 1):
            row.append(min(before[m] + 1, row[-1] + 1, before[m - 1] + (one != other)))
    return row[-1]

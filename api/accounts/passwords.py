"""Passwords: which ones will do, and argon2id.

They are hashed in Unicode's normal form C (NIST SP 800-63B): a Mac sends an accented letter as two
characters, Windows as one, and both mean the same password.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from api.errors import invalid
from api.http.bodies import composed, is_unstorable

SHORTEST, LONGEST = 12, 128
COMMON = frozenset(FREQUENCY_LISTS["passwords"])
RUNS = (
    "1234567890" * 13,
    "0987654321" * 13,
    "qwertyuiop" * 13,
    "qwertyuiopasdfghjklzxcvbnm",
    "abcdefghijklmnopqrstuvwxyz" * 5,
)
# 19 MiB and three passes: 40-60 ms of one core, within OWASP's recommendations.
HASHER = PasswordHasher(time_cost=3, memory_cost=19456, parallelism=1)
# More at a time would starve the other work of this process.
AT_MOST_TWO = threading.BoundedSemaphore(2)


def normalised(password: str) -> str:
    """Return the password as it is counted and hashed."""
    return composed(password, LONGEST)


def check(password: str, email: str, field: str = "password") -> None:
    """Refuse a new password that will not do: by its length, or because many would try it first.

    Raises:
        Invalid: too short, too long, or too easy to guess.
    """
    text = normalised(password)
    if len(text) < SHORTEST:
        raise invalid(field, "Must have at least %(wanted)s characters.", wanted=SHORTEST)
    if len(text) > LONGEST:
        raise invalid(field, "Must have at most %(wanted)s characters.", wanted=LONGEST)
    if is_unstorable(text):
        raise invalid(field, "Contains a character that cannot be stored.")
    easy = {email.casefold(), email.partition("@")[0].casefold()}
    if text.casefold() in easy or _is_common(text.casefold()):
        raise invalid(field, "This password is too common.")


def _is_common(password: str) -> bool:
    """Whether it is on the list, repeats what is on the list, or runs along the keys."""
    # The shortest piece that, repeated, makes up the whole: where the whole turns into itself.
    piece = password[: (password + password).index(password, 1)]
    return bool({password, piece} & COMMON) or any(password in run for run in RUNS)


@contextmanager
def turn() -> Iterator[None]:
    """Wait for one of the places in which passwords are verified."""
    with AT_MOST_TWO:
        yield


def hashed(password: str) -> str:
    """Return the argon2id hash of a password."""
    with turn():
        return HASHER.hash(normalised(password))


@cache
def _nobody() -> str:
    """Return the hash that is compared where there is no user, so that it takes the same time."""
    return HASHER.hash("the password of nobody")


def verified(stored: str | None, password: str) -> str | None:
    """Return the hash to keep from now on if the password is right, else None; within a `turn`.

    Takes as long where nothing is stored. Hashes from before passwords were normalised are of
    what was sent; such a one is made anew.
    """
    text = normalised(password)
    if _matches(stored, text):
        return stored
    if text != password and _matches(stored, password):
        return HASHER.hash(text)
    return None


def _matches(stored: str | None, text: str) -> bool:
    try:
        HASHER.verify(stored or _nobody(), text[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None and len(text) <= LONGEST

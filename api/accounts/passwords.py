"""Passwords: which ones will do, and argon2id."""

import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from api.errors import invalid

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


def check(password: str, email: str, field: str = "password") -> None:
    """Whether a new password will do: its length, and that nobody would try it first.

    Raises:
        Invalid: too short, too long, or too easy to guess.
    """
    if len(password) < SHORTEST:
        raise invalid(field, "Must have at least %(wanted)s characters.", wanted=SHORTEST)
    if len(password) > LONGEST:
        raise invalid(field, "Must have at most %(wanted)s characters.", wanted=LONGEST)
    easy = {email.casefold(), email.partition("@")[0].casefold()}
    if password.casefold() in easy or _is_common(password.casefold()):
        raise invalid(field, "This password is too common.")


def _is_common(password: str) -> bool:
    """Whether it is on the list, repeats what is on the list, or runs along the keys."""
    # The shortest piece that, repeated, makes up the whole: where the whole turns into itself.
    piece = password[: (password + password).index(password, 1)]
    return bool({password, piece} & COMMON) or any(password in run for run in RUNS)


def hashed(password: str) -> str:
    """The argon2id hash of a password."""
    with AT_MOST_TWO:
        return HASHER.hash(password)


@cache
def _nobody() -> str:
    """Checked where there is no such user, so that both answers take the same time."""
    return HASHER.hash("the password of nobody")


def matches(stored: str | None, password: str) -> bool:
    """Whether the password belongs to the stored hash; takes as long when there is none."""
    with AT_MOST_TWO:
        try:
            HASHER.verify(stored or _nobody(), password[:LONGEST])
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None and len(password) <= LONGEST

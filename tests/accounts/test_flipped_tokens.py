"""Good tokens with one bit changed."""

import random
from typing import Any

import pytest
from flask import Flask

from api.errors import NotSignedIn
from api.http import tokens


def accepted(app: Flask, token: str, tries: int) -> list[str]:
    """Which of the token's copies with one flipped bit are let through."""
    chance, let_through = random.Random(tries), []
    with app.app_context():
        for _ in range(tries):
            place, bit = chance.randrange(len(token)), chance.randrange(7)
            flipped = token[:place] + chr(ord(token[place]) ^ 1 << bit) + token[place + 1 :]
            try:
                tokens.read(flipped, ("access",))
            except NotSignedIn:
                continue
            let_through.append(flipped)
    return let_through


def test_flipped_bits(house: Any) -> None:
    """Of 2,000 copies with one bit flipped, none is good and none is a crash."""
    assert accepted(house.app, house.ada["access_token"], 2000) == []


@pytest.mark.slow
def test_many_flipped_bits(house: Any) -> None:
    """The same with 100,000."""
    assert accepted(house.app, house.ada["access_token"], 100_000) == []

"""Where a token may stand, and how it is written there."""

from typing import Any

import pytest

ME = "/api/v1/users/me"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "not_signed_in"),
        ("", "not_signed_in"),
        ("  ", "not_signed_in"),
        ("Bearer", "token_invalid"),
        ("Bearer ", "token_invalid"),
        ("Basic %s", "token_invalid"),
        ("Token %s", "token_invalid"),
        ("%s", "token_invalid"),
        ("Bearer: %s", "token_invalid"),
        ("Bearer %s %s", "token_invalid"),
        ("Bearer %s, Bearer %s", "token_invalid"),
        ("Bearer %s,%s", "token_invalid"),
        ("Bearer Bearer %s", "token_invalid"),
        ('Bearer "%s"', "token_invalid"),
    ],
)
def test_authorization_headers(house: Any, refused: Any, header: str | None, code: str) -> None:
    """One scheme, one token; the challenge names an error only where something was sent."""
    token = house.ada["access_token"]
    sent = {} if header is None else {"Authorization": header.replace("%s", token)}
    answer = house.client.get(ME, headers=sent)
    refused(answer, 401, code)
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith("Bearer ")
    assert ("error=" in challenge) is (code != "not_signed_in")


def test_two_authorization_headers(house: Any, refused: Any) -> None:
    """Two headers are one too many, even with the same good token."""
    twice = [("Authorization", f"Bearer {house.ada['access_token']}")] * 2
    refused(house.client.get(ME, headers=twice), 401, "token_invalid")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  ", " Bearer"])
def test_the_scheme_in_any_case(house: Any, scheme: str) -> None:
    """The name of the scheme has no case (RFC 9110)."""
    headers = {"Authorization": f"{scheme} {house.ada['access_token']}"}
    assert house.client.get(ME, headers=headers).status_code == 200


@pytest.mark.parametrize("name", ["access_token", "token", "jwt", "bearer", "api_key"])
def test_tokens_elsewhere(house: Any, refused: Any, name: str) -> None:
    """A token in the address, a cookie or the body opens nothing."""
    token = house.ada["access_token"]
    refused(house.client.get(f"{ME}?{name}={token}"), 401, "not_signed_in")
    refused(house.client.patch(ME, json={name: token}), 401, "not_signed_in")
    stranger = house.app.test_client()
    stranger.set_cookie(f"{name}_cookie", token)
    stranger.set_cookie(name, token)
    refused(stranger.get(ME), 401, "not_signed_in")


def test_the_same_in_both_headers(house: Any) -> None:
    """Generated clients send what they have under every scheme: a token or a key, sent twice."""
    made = house.client.post(
        "/api/v1/auth/api-keys",
        json={"name": "mine", "scopes": ["account"]},
        headers={"Authorization": f"Bearer {house.ada['access_token']}"},
    )
    for token in (house.ada["access_token"], made.get_json()["key"]):
        both = {"Authorization": f"Bearer {token}", "X-API-Key": token}
        assert house.client.get(ME, headers=both).status_code == 200


def test_one_in_each_header(house: Any, refused: Any) -> None:
    """Two that differ are not taken for one: the key is what counts."""
    for key in (house.bob["access_token"], "pct_rubbish"):
        both = {"Authorization": f"Bearer {house.ada['access_token']}", "X-API-Key": key}
        refused(house.client.get(ME, headers=both), 401, "api_key_invalid")

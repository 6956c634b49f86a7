"""A request id on everything: the client's own if it is sane."""

from uuid import UUID

from flask.testing import FlaskClient

NAME = "X-Request-Id"
PATHS = ("/health/live", "/nothing", "/api/v1/users/me", "/docs", "/", "/metrics")


def test_sane(client: FlaskClient) -> None:
    """A sane id comes back as it was sent, whoever answers."""
    for path in PATHS:
        for given in ("abc", "0", "a-b_c.d:e", "x" * 64, "01890000-0000-7000"):
            answer = client.get(path, headers={NAME: given})
            assert answer.headers.getlist(NAME) == [given], path


def test_not_sane(client: FlaskClient) -> None:
    """Anything else is replaced by an id of our own, a UUIDv7."""
    odd = ("", " ", "x" * 65, "a b", "<script>", "a\tb", "ñ", "a;b", '"a"', "a\x7f", "{}")
    for given in odd:
        answer = client.get("/health/live", headers={NAME: given})
        assert UUID(answer.headers[NAME]).version == 7, given


def test_each_request_has_its_own(client: FlaskClient) -> None:
    """Ids differ, and refusals repeat theirs in the body."""
    answers = [client.get("/nothing") for _ in range(3)]
    assert len({answer.headers[NAME] for answer in answers}) == 3
    assert all(answer.get_json()["request_id"] == answer.headers[NAME] for answer in answers)

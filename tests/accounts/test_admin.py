"""Administration: who may, what it does at once, and that one administrator always stays."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, update

from api.extensions import db
from api.models import User

USERS, ME = "/api/v1/users", "/api/v1/users/me"
PASSWORD = "ten thousand small lamps"
NEVER = "01890000-0000-7000-8000-000000000000"
# Whoever adds a route that needs no signing in has to say so here.
PUBLIC = {
    ("post", "/auth/login"),
    ("post", "/auth/password/reset"),  # whose token is signed
    ("post", "/auth/register"),
    ("put", "/uploads/{upload_id}/content"),  # whose address is signed
}
METHODS = ("get", "post", "put", "patch", "delete")


def operations(house: Any) -> list[tuple[str, str, dict[str, Any]]]:
    """Every method and path of the published document."""
    document = house.client.get("/openapi.json").get_json()
    return [
        (method, path, item[method])
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]


def is_admins(path: str) -> bool:
    return path.startswith("/users") and path != "/users/me" and not path.startswith("/users/me/")


def ask(house: Any, method: str, path: str, who: dict[str, Any] | None) -> Any:
    url = "/api/v1" + path.replace("{", "").replace("}", "")
    for name in ("user_id", "session_id", "key_id", "entry_id", "job_id", "upload_id"):
        url = url.replace(name, NEVER)
    return getattr(house.client, method)(url, headers=who["headers"] if who else {})


def test_every_route_says_who_may(house: Any) -> None:
    """No route is public by forgetting: each names its security, or is listed above."""
    public = {(m, p) for m, p, operation in operations(house) if not operation.get("security")}
    assert public == PUBLIC
    for method, path, operation in operations(house):
        assert {"401"} <= set(operation["responses"]) or (method, path) in PUBLIC
        assert {"403"} <= set(operation["responses"]) or (method, path) in PUBLIC


def test_anonymous(house: Any, refused: Any, unchanged: Any) -> None:
    """Without signing in every route but the public ones is 401, whatever else is wrong."""
    with unchanged(house.app):
        for method, path, _ in operations(house):
            if (method, path) not in PUBLIC:
                refused(ask(house, method, path, None), 401, "not_signed_in")


def test_users(house: Any, refused: Any, unchanged: Any) -> None:
    """A user who is no administrator gets 403 on every route of theirs."""
    found = [(m, p) for m, p, _ in operations(house) if is_admins(p)]
    assert len(found) >= 5
    with unchanged(house.app):
        for method, path in found:
            refused(ask(house, method, path, house.ada), 403, "role_missing")
            assert ask(house, method, path, house.root).status_code not in (401, 403)


@pytest.mark.parametrize(
    "over", [update(User).values(active=False), delete(User)], ids=["disabled", "deleted"]
)
def test_people_who_are_gone(
    app: Any, client: FlaskClient, admin: Any, refused: Any, unchanged: Any, over: Any
) -> None:
    """A disabled or deleted administrator may do nothing any more, on no route."""
    with app.app_context():
        db.session.execute(over)
        db.session.commit()
    here = SimpleNamespace(app=app, client=client)
    with unchanged(app):
        for method, path, _ in operations(here):
            if (method, path) not in PUBLIC | {("post", "/auth/refresh")}:
                refused(ask(here, method, path, admin), 401, "token_revoked")


@pytest.fixture
def act(client: FlaskClient, admin: Any) -> Callable[..., Any]:
    """Sends a request as the administrator."""

    def send(method: str, who: Any = None, **body: Any) -> Any:
        url = f"{USERS}/{who['id']}" if who else USERS
        more = {"json": body} if method in ("post", "patch") else {}
        return getattr(client, method)(url, headers=admin["headers"], **more)

    return send


def test_making_users(act: Any, sign_in: Any, client: FlaskClient) -> None:
    """With roles, name and language; they can sign in."""
    body = {"email": "new@example.com", "password": PASSWORD, "name": "New", "locale": "es"}
    answer = act("post", roles=["user", "admin"], **body)
    assert answer.status_code == 201
    assert answer.get_json()["roles"] == ["user", "admin"]
    fresh = sign_in("new@example.com")
    assert client.get(USERS, headers=fresh["headers"]).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"roles": ["root"]}, "roles.0"), ({"roles": "admin"}, "roles"), ({"roles": None}, "roles"),
        ({"roles": ["user", "user"]}, "roles"), ({"roles": ["user", "admin", "x"]}, "roles.2"),
        ({"active": "yes"}, "active"), ({"active": 1}, "active"), ({"active": None}, "active"),
        ({"email": "x@example.com"}, "email"), ({"password": PASSWORD}, "password"),
        ({"email_verified": True}, "email_verified"), ({"id": NEVER}, "id"), ({"name": ""}, "name"),
        ({"locale": "xx"}, "locale"), ({"password_hash": "x"}, "password_hash"),
    ],
    ids=str,
)  # fmt: skip
def test_odd_changes(house: Any, refused: Any, unchanged: Any, body: Any, field: str) -> None:
    """Not even an administrator sets what is none of these fields."""
    with unchanged(house.app):
        url = f"{USERS}/{house.ada['id']}"
        answer = house.client.patch(url, json=body, headers=house.root["headers"])
        refused(answer, 422, "validation_failed", field)


def test_roles_count_at_once(act: Any, ada: Any, client: FlaskClient, refused: Any) -> None:
    """A token that was made before has the new rights, and loses them, without a new sign-in."""
    refused(client.get(USERS, headers=ada["headers"]), 403, "role_missing")
    assert act("patch", ada, roles=["user", "admin"]).get_json()["roles"] == ["user", "admin"]
    assert client.get(USERS, headers=ada["headers"]).status_code == 200
    assert act("patch", ada, roles=["user"]).status_code == 200
    refused(client.get(USERS, headers=ada["headers"]), 403, "role_missing")


def test_disabling(
    act: Any, ada: Any, bob: Any, client: FlaskClient, refused: Any, sign_in: Any
) -> None:
    """It ends the sessions for good; enabling again needs a new sign-in."""
    key = client.post("/api/v1/auth/api-keys", json={"name": "x"}, headers=ada["headers"])
    by_key = {"X-API-Key": key.get_json()["key"]}
    assert act("patch", ada, active=False).get_json()["active"] is False
    refused(client.get(ME, headers=ada["headers"]), 401, "token_revoked")
    refused(client.get(ME, headers=by_key), 401, "api_key_invalid")
    assert act("patch", ada, active=True).get_json()["active"] is True
    refused(client.get(ME, headers=ada["headers"]), 401, "token_revoked")
    assert client.get(ME, headers=sign_in(ada["email"])["headers"]).status_code == 200
    assert client.get(ME, headers=bob["headers"]).status_code == 200


def test_reading_and_deleting(
    act: Any, ada: Any, client: FlaskClient, refused: Any, rows: Any, app: Any
) -> None:
    """An administrator sees what the user sees, and deletes with all that hangs on it."""
    mine = client.get(ME, headers=ada["headers"]).get_json()
    assert act("get", ada).get_json() == mine
    assert act("delete", ada).status_code == 204
    for method in ("get", "patch", "delete"):
        refused(act(method, ada), 404, "not_found")
    refused(client.get(ME, headers=ada["headers"]), 401, "token_revoked")
    assert [len(rows(app)[t]) for t in ("users", "sessions")] == [1, 1]


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("patch", {"roles": ["user"]}),
        ("patch", {"roles": []}),
        ("patch", {"active": False}),
        ("patch", {"active": False, "roles": ["user", "admin"], "name": "x"}),
        ("delete", {}),
    ],
    ids=str,
)
def test_the_last_admin_stays(
    house: Any, refused: Any, unchanged: Any, method: str, body: Any
) -> None:
    """Not removed, not demoted, not disabled, also not by himself."""
    url = f"{USERS}/{house.root['id']}"
    with unchanged(house.app):
        more = {"json": body} if body else {}
        answer = getattr(house.client, method)(url, headers=house.root["headers"], **more)
        refused(answer, 409, "last_admin")


def test_a_disabled_admin_is_none(act: Any, ada: Any, admin: Any, refused: Any) -> None:
    """Who is disabled does not count as the one who stays."""
    assert act("patch", ada, roles=["admin"], active=False).status_code == 200
    refused(act("patch", admin, roles=["user"]), 409, "last_admin")
    refused(act("delete", admin), 409, "last_admin")
    assert act("patch", ada, active=True).status_code == 200
    assert act("patch", admin, roles=["user"]).status_code == 200


def test_deleted_while_it_is_changed(
    app: Any, act: Any, ada: Any, meanwhile: Any, refused: Any
) -> None:
    """Two administrators at one account: the later one finds nothing, and no crash."""
    with meanwhile(app, "SELECT users.active", delete(User).where(User.email == ada["email"])):
        refused(act("patch", ada, name="x"), 404, "not_found")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"), ("limit=-1", "limit"), ("limit=101", "limit"), ("limit=1e3", "limit"),
        ("limit=1000000000", "limit"), ("limit=abc", "limit"),
        ("limit=٣", "limit"), ("limit=5&limit=6", "limit"), ("limit=" + "9" * 20, "limit"),
        ("cursor=x", "cursor"), ("cursor=1%20OR%201=1", "cursor"),
        ("cursor=%00", "cursor"), ("sort=email", "sort"), ("order_by=password_hash", "order_by"),
        ("filter=password_hash", "filter"), ("password_hash=x", "password_hash"),
        ("per_page=1000000000", "per_page"), ("page=2", "page"), ("offset=5", "offset"),
    ],
)  # fmt: skip
def test_odd_lists(house: Any, refused: Any, query: str, field: str) -> None:
    """Limits are kept, and there is no sorting or filtering by what is not shown."""
    answer = house.client.get(f"{USERS}?{query}", headers=house.root["headers"])
    refused(answer, 422, "validation_failed", field)


def test_pages(house: Any) -> None:
    """Newest first, a page at a time, by cursor and by Link, each user once."""
    seen, url = [], f"{USERS}?limit=2"
    while url:
        answer = house.client.get(url, headers=house.root["headers"])
        page = answer.get_json()
        seen += page["items"]
        url = answer.headers.get("Link", "")[1:].partition(">")[0]
        assert bool(url) is (page["next_cursor"] is not None)
    newest_first = [person["email"] for person in (house.root, house.bob, house.ada)]
    assert [user["email"] for user in seen] == newest_first
    assert all("password" not in user for user in seen)

"""Who is asking: logins, access tokens, refresh tokens, and what is not one."""

import asyncio
import itertools
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import jwt
import pytest

from foldline.clock import SystemClock
from foldline.errors import MisconfiguredError, UnauthenticatedError
from foldline.settings import Settings
from foldline.web.passwords import Passwords
from foldline.web.tokens import Identity, Tokens, key_of
from tests.conftest import PROFILE_PARAMS, WorldSettings
from tests.services.identity import PASSWORD, Guarded, guarded

KEY = b"k" * 32
_NUMBERS: Iterator[int] = itertools.count()


@pytest.fixture(scope="module", params=PROFILE_PARAMS)
async def at(
    request: pytest.FixtureRequest, module_settings: WorldSettings
) -> AsyncIterator[Guarded]:
    settings = module_settings(request.param, auth="jwt", jwt_secret=KEY.decode(), buckets=4)
    async with guarded(settings) as running:
        yield running


@pytest.fixture
def name() -> str:
    return f"user_{next(_NUMBERS)}"


def claims(user_id: int, **changed: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {
        "iss": "foldline",
        "sub": str(user_id),
        "typ": "access",
        "role": "user",
        "iat": now,
        "exp": now + 900,
    }
    return {key: value for key, value in (good | changed).items() if value is not None}


async def test_a_login_gives_a_token_that_is_good(at: Guarded, name: str) -> None:
    user = await at.join(name)
    reply = await at.login(name.upper())
    assert reply.status == 200
    assert reply.body["user_id"] == str(user)
    assert (reply.body["token_type"], reply.body["expires_in"]) == ("Bearer", 900)
    token = reply.body["access_token"]
    posted = await at.ask("POST", "/api/v1/tweets", token, json={"text": "hello"})
    assert (posted.status, posted.body["user_id"]) == (201, str(user))


async def test_who_just_joined_can_log_in(world_settings: WorldSettings, name: str) -> None:
    slow = world_settings("embedded", auth="jwt", batch_wait_s=0.3, buckets=4)
    async with guarded(slow) as at:
        await at.join(f"{name}_first")  # from here on it is told what it waits for
        body = {"username": name, "password": PASSWORD}
        joined = await at.ask("POST", "/api/v1/users", json=body)
        after = {"Foldline-After": joined.headers["Foldline-Position"]}
        reply = await at.ask("POST", "/api/v1/auth/login", json=body, headers=after)
        assert (reply.status, reply.body.get("user_id")) == (200, joined.body["user_id"])


async def test_a_refresh_that_fails_uses_no_token_up(
    world_settings: WorldSettings, name: str
) -> None:
    settings = world_settings("embedded", auth="jwt", jwt_secret=KEY.decode(), buckets=4)
    async with guarded(settings) as at:
        user = await at.join(name)
        token = (await at.login(name)).body["refresh_token"]
        control = sqlite3.connect(settings.data_dir / "control.sqlite", isolation_level=None)
        control.execute("ALTER TABLE credentials RENAME TO away")
        assert (await at.refresh(token)).status == 503
        control.execute("ALTER TABLE away RENAME TO credentials")
        control.close()
        assert (await at.refresh(token)).body["user_id"] == str(user)


async def test_a_wrong_pair_says_no_more_than_that(at: Guarded, name: str) -> None:
    await at.join(name)
    wrong = await at.login(name, "not the password")
    nobody = await at.login(f"nobody_{name}")
    assert (wrong.status, nobody.status) == (401, 401)
    assert wrong.body["detail"] == nobody.body["detail"]
    assert wrong.headers["WWW-Authenticate"].startswith("Bearer")


async def test_without_a_password_no_one_logs_in(at: Guarded, name: str) -> None:
    reply = await at.ask("POST", "/api/v1/users", json={"username": name})
    at.client.saw(reply)
    await at.client.folded()
    assert (await at.login(name)).status == 401


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": 1},
        {"exp": None},
        {"iss": "another"},
        {"typ": "refresh"},
        {"role": "root"},
        {"role": None},
        {"sub": "0"},
        {"sub": "ada"},
        {"sub": None},
    ],
    ids=str,
)
async def test_a_token_must_say_all_of_it_rightly(
    at: Guarded, name: str, changed: dict[str, Any]
) -> None:
    user = await at.join(name)
    good = jwt.encode(claims(user), KEY, "HS256")
    assert (await at.ask("GET", "/api/v1/timeline", good)).status == 200
    bad = jwt.encode(claims(user, **changed), KEY, "HS256")
    assert (await at.ask("GET", "/api/v1/timeline", bad)).status == 401


async def test_another_key_or_algorithm_is_refused(at: Guarded, name: str) -> None:
    user = await at.join(name)
    forged = [
        jwt.encode(claims(user), b"x" * 32, "HS256"),
        jwt.encode(claims(user), b"k" * 64, "HS512"),
        jwt.encode(claims(user), None, "none"),
        jwt.encode(claims(user), None, "none") + "x",
        jwt.encode(claims(user), KEY, "HS256")[:-2],
        "x" * 5_000,
        "",
    ]
    for token in forged:
        assert (await at.ask("GET", "/api/v1/timeline", token)).status == 401
    basic = {"Authorization": "Basic YTpi"}
    assert (await at.ask("GET", "/api/v1/timeline", headers=basic)).status == 401


async def test_a_header_is_not_trusted_here(at: Guarded, name: str) -> None:
    user = await at.join(name)
    spoofed = {"X-User-ID": str(user), "X-User-Role": "admin"}
    assert (await at.ask("GET", "/api/v1/timeline", headers=spoofed)).status == 401
    suspend = f"{at.admin_url}/admin/v1/users/{user}/suspend"
    assert (await at.client.ask("POST", suspend, headers=spoofed)).status == 401


async def test_a_refresh_token_is_good_once_and_its_reuse_ends_the_family(
    at: Guarded, name: str
) -> None:
    await at.join(name)
    first = (await at.login(name)).body["refresh_token"]
    second = (await at.refresh(first)).body["refresh_token"]
    third = (await at.refresh(second)).body["refresh_token"]
    assert (await at.refresh(first)).status == 401
    assert (await at.refresh(third)).status == 401  # the thief's, or the owner's: nobody knows


async def test_of_concurrent_refreshes_at_most_one_wins(at: Guarded, name: str) -> None:
    await at.join(name)
    token = (await at.login(name)).body["refresh_token"]
    replies = await asyncio.gather(*(at.refresh(token) for _ in range(8)))
    assert sorted(reply.status for reply in replies)[:2] in ([200, 401], [401, 401])


async def test_a_logout_ends_the_login_and_no_other(at: Guarded, name: str) -> None:
    await at.join(name)
    one, other = [(await at.login(name)).body["refresh_token"] for _ in range(2)]
    for _ in range(2):
        out = await at.ask("POST", "/api/v1/auth/logout", json={"refresh_token": one})
        assert out.status == 204
    wrong = other[:-3] + "xyz"
    await at.ask("POST", "/api/v1/auth/logout", json={"refresh_token": wrong})
    assert (await at.refresh(one)).status == 401
    assert (await at.refresh(other)).status == 200


async def test_a_deleted_account_is_out_and_its_name_stays_taken(at: Guarded, name: str) -> None:
    user = await at.join(name)
    tokens = (await at.login(name)).body
    gone = await at.ask("DELETE", f"/api/v1/users/{user}", tokens["access_token"])
    assert gone.status == 204
    at.client.saw(gone)
    await at.client.folded()
    assert (await at.login(name)).status == 401
    assert (await at.refresh(tokens["refresh_token"])).status == 401
    again = await at.ask("POST", "/api/v1/tweets", tokens["access_token"], json={"text": "x"})
    assert again.status == 401
    assert (await at.ask("POST", "/api/v1/users", json={"username": name})).status == 409


async def test_an_administrator_is_made_by_hand_and_acts_on_the_other_port(
    at: Guarded, name: str
) -> None:
    user = await at.join(name)
    url = f"{at.admin_url}/admin/v1/users/{user}/verify"
    plain = {"Authorization": f"Bearer {await at.token(name)}"}
    assert (await at.client.ask("POST", url, headers=plain)).status == 403
    await at.world.profile.control.put_role(user, "admin")
    admin = {"Authorization": f"Bearer {await at.token(name)}"}
    reply = await at.client.ask("POST", url, headers=admin)
    assert (reply.status, reply.body["verified"]) == (200, True)
    public = await at.client.ask(
        "POST", f"{at.client.ingest}/admin/v1/users/{user}/verify", headers=admin
    )
    assert public.status == 404


def test_a_hot_token_expires_all_the_same() -> None:
    class Clock(SystemClock):
        def now_ms(self) -> int:
            return now_ms

    now_ms = 1_800_000_000_000
    tokens = Tokens(KEY, 900, Clock())
    token = tokens.issue(Identity(7))
    assert tokens.verify(token) == tokens.verify(token) == Identity(7)
    now_ms += 900_000
    with pytest.raises(UnauthenticatedError, match="expired"):
        tokens.verify(token)


def test_a_key_is_made_once_and_not_for_others_to_read(world_settings: WorldSettings) -> None:
    settings = world_settings("embedded")
    key = key_of(settings)
    assert key_of(settings) == key
    assert (settings.data_dir / "jwt.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in settings.data_dir.iterdir()] == ["jwt.key"]
    with pytest.raises(MisconfiguredError):
        Tokens(b"short", 900, SystemClock())


def test_all_who_make_the_key_at_once_get_one(tmp_path: Path) -> None:
    together = Barrier(8)

    def key(data_dir: Path) -> bytes:
        together.wait()
        return key_of(Settings(data_dir=data_dir))

    with ThreadPoolExecutor(8) as threads:
        for number in range(100):
            data_dir = tmp_path / str(number)
            data_dir.mkdir()
            assert len(set(threads.map(key, [data_dir] * 8))) == 1


def test_the_secret_is_not_shown() -> None:
    assert "hush" not in repr(Settings(jwt_secret="hush"))  # type: ignore[arg-type]


async def test_checking_a_password_leaves_the_loop_alone() -> None:
    passwords = Passwords()
    kept = await passwords.hash(PASSWORD)
    checks = asyncio.gather(*(passwords.matches(kept, PASSWORD) for _ in range(8)))
    turns = 0
    while not checks.done():
        await asyncio.sleep(0)
        turns += 1
    assert await checks == [True] * 8
    assert turns > 100
    assert not await passwords.matches(None, PASSWORD)

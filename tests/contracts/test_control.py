"""What every control store promises: `foldline.control.port`, sentence by sentence."""

import asyncio
import hashlib
import time
import uuid
from dataclasses import replace

import pytest

from foldline.control.port import Claim, Control, Credential, Family, Reservation
from foldline.core.ids import MAX_ID
from foldline.core.position import Position
from foldline.errors import ControlUnavailableError
from foldline.generation import Generation
from foldline.profiles import PROFILES
from foldline.settings import Settings
from tests.contracts.ids import fresh, several

TTL_S = 600
HASH = hashlib.sha256(b"body").digest()


@pytest.fixture
def racers(settings: Settings) -> int:
    """How many take part in a race. An LWT on a contended row costs seconds, a file's write not."""
    return {"embedded": 100, "distributed": 25}[settings.profile]


def name() -> str:
    return f"u{uuid.uuid4().hex[:20]}"


async def test_the_first_claim_stands_and_all_learn_it(control: Control) -> None:
    username, first, second = name(), fresh(), fresh()
    claim = Claim(first, 5, confirmed=False)
    assert await control.claim_username(username, first, 5) == claim
    assert await control.claim_username(username, second, 6) == claim
    assert await control.claim_username(username, first, 7) == claim
    assert (await control.claim_username(name(), second, 8)).user_id == second


async def test_of_concurrent_claims_one_wins(control: Control, racers: int) -> None:
    username, users = name(), several(racers)
    claims = await asyncio.gather(
        *(control.claim_username(username, user, at) for at, user in enumerate(users))
    )
    assert len(set(claims)) == 1
    assert claims[0].user_id == users[claims[0].claimed_at]
    assert not claims[0].confirmed


async def test_an_unconfirmed_claim_that_is_still_the_same_is_taken_over(control: Control) -> None:
    username, first, second = name(), fresh(), fresh()
    stale = await control.claim_username(username, first, 5)
    for other in (replace(stale, claimed_at=4), replace(stale, user_id=second)):
        assert await control.claim_username(username, second, 9, replacing=other) == stale
    taken = Claim(second, 9, confirmed=False)
    assert await control.claim_username(username, second, 9, replacing=stale) == taken
    assert await control.claim_username(username, first, 10, replacing=stale) == taken


async def test_of_concurrent_takeovers_one_wins(control: Control, racers: int) -> None:
    username, users = name(), several(racers)
    stale = await control.claim_username(username, fresh(), 5)
    claims = await asyncio.gather(
        *(control.claim_username(username, user, 6, replacing=stale) for user in users)
    )
    assert len(set(claims)) == 1
    assert claims[0].user_id in users


async def test_a_takeover_of_a_name_given_back_is_a_claim(control: Control) -> None:
    username, first, second = name(), fresh(), fresh()
    stale = await control.claim_username(username, first, 5)
    await control.release_username(username, first)
    claim = await control.claim_username(username, second, 6, replacing=stale)
    assert claim == Claim(second, 6, confirmed=False)


async def test_a_confirmed_claim_stands_for_ever(control: Control) -> None:
    username, first, second = name(), fresh(), fresh()
    unconfirmed = await control.claim_username(username, first, 5)
    await control.confirm_username(username, second)  # not the holder: nothing
    assert await control.claim_username(username, second, 6) == unconfirmed
    await control.confirm_username(username, first)
    await control.confirm_username(username, first)
    await control.release_username(username, first)
    standing = Claim(first, 5, confirmed=True)
    for replacing in (None, unconfirmed, standing):
        assert await control.claim_username(username, second, 6, replacing=replacing) == standing


async def test_confirming_what_no_one_holds_makes_no_claim(control: Control) -> None:
    username, user = name(), fresh()
    await control.confirm_username(username, fresh())
    assert await control.claim_username(username, user, 5) == Claim(user, 5, confirmed=False)


async def test_a_claim_given_back_is_free(control: Control) -> None:
    username, first, second = name(), fresh(), fresh()
    claim = await control.claim_username(username, first, 5)
    await control.release_username(username, second)  # another's: nothing
    assert await control.claim_username(username, second, 6) == claim
    await control.release_username(username, first)
    await control.release_username(username, first)
    assert (await control.claim_username(username, second, 7)).user_id == second


async def test_the_first_reservation_stands_and_all_learn_it(control: Control) -> None:
    user, tweet = MAX_ID, MAX_ID - fresh()
    first = Reservation(tweet, HASH, None)
    key = f"{tweet} ü/'\""
    assert await control.reserve(user, key, tweet, HASH, TTL_S) == first
    assert await control.reserve(user, key, fresh(), b"\x00" * 32, TTL_S) == first
    other = Reservation(fresh(), b"\xff" * 32, None)
    assert await control.reserve(fresh(), key, other.tweet_id, b"\xff" * 32, TTL_S) == other
    assert await control.reserve(user, f"{key}2", other.tweet_id, b"\xff" * 32, TTL_S) == other


async def test_of_concurrent_reservations_one_stands(control: Control, racers: int) -> None:
    user, tweets = fresh(), several(racers)
    standing = await asyncio.gather(
        *(control.reserve(user, "key", tweet, HASH, TTL_S) for tweet in tweets)
    )
    assert len(set(standing)) == 1
    assert standing[0].tweet_id in tweets


async def test_a_complete_reservation_says_where_its_event_is(control: Control) -> None:
    user, tweet = fresh(), fresh()
    await control.reserve(user, "key", tweet, HASH, TTL_S)
    own = Reservation(tweet, HASH, None)
    for _ in range(2):
        await control.complete(user, "key", own, Position(3, 1 << 39), TTL_S)
    done = Reservation(tweet, HASH, Position(3, 1 << 39))
    assert await control.reserve(user, "key", fresh(), HASH, TTL_S) == done
    zero = await control.reserve(user, "other", tweet, HASH, TTL_S)
    assert zero.position is None
    await control.complete(user, "other", own, Position(0, 0), TTL_S)
    assert (await control.reserve(user, "other", 1, HASH, TTL_S)).position == Position(0, 0)


async def test_completing_what_has_ended_notes_it_all_the_same(control: Control) -> None:
    user, own = fresh(), Reservation(fresh(), HASH, None)
    await control.complete(user, "key", own, Position(0, 1), TTL_S)
    done = Reservation(own.tweet_id, HASH, Position(0, 1))
    assert await control.reserve(user, "key", fresh(), HASH, TTL_S) == done


async def test_completing_changes_no_key_that_stands_for_another_tweet(control: Control) -> None:
    user, late, standing = fresh(), Reservation(fresh(), b"\x00" * 32, None), fresh()
    await control.reserve(user, "key", standing, HASH, TTL_S)
    await control.complete(user, "key", late, Position(0, 1), TTL_S)
    own = Reservation(standing, HASH, None)
    assert await control.reserve(user, "key", fresh(), HASH, TTL_S) == own


async def test_a_reservation_ends_after_its_time_and_not_before(control: Control) -> None:
    user, own = fresh(), Reservation(fresh(), HASH, None)
    began = time.monotonic()
    await control.reserve(user, "short", own.tweet_id, HASH, 2)
    await control.reserve(user, "done", own.tweet_id, HASH, TTL_S)
    await control.complete(user, "done", own, Position(0, 1), 2)
    await control.reserve(user, "kept", own.tweet_id, HASH, 1)
    await control.complete(user, "kept", own, Position(0, 1), TTL_S)
    for key in ("short", "done"):
        while (await control.reserve(user, key, 1, HASH, TTL_S)).tweet_id == own.tweet_id:
            assert time.monotonic() - began < 30
            await asyncio.sleep(0.05)
        assert time.monotonic() - began > 0.9  # stores count in whole seconds
        assert (await control.reserve(user, key, 2, HASH, TTL_S)).position is None
    assert (await control.reserve(user, "kept", 1, HASH, TTL_S)).tweet_id == own.tweet_id


async def test_the_first_generation_is_as_the_settings_say(
    control: Control, settings: Settings
) -> None:
    assert await control.active_generation() == Generation(1, 16, 3)
    bigger = settings.model_copy(update={"buckets": 99, "follower_shards": 9})
    again = await PROFILES[settings.profile].control(bigger)
    assert await again.active_generation() == Generation(1, 16, 3)
    await again.close()


async def test_what_was_claimed_outlives_its_process(control: Control, settings: Settings) -> None:
    username, user = name(), fresh()
    claim = await control.claim_username(username, user, 5)
    again = await PROFILES[settings.profile].control(settings)
    assert await again.claim_username(username, fresh(), 6) == claim
    await again.close()
    await again.close()
    with pytest.raises(ControlUnavailableError):
        await again.claim_username(username, user, 7)


async def test_a_retired_name_is_free_from_its_moment_on(control: Control) -> None:
    old, new, name = fresh(), fresh(), f"r{fresh()}"
    await control.claim_username(name, old, 100)
    await control.confirm_username(name, old)
    await control.retire_username(name, new, 150)  # not the holder
    assert (await control.claim_username(name, new, 200)).free_at is None
    await control.retire_username(name, old, 500)
    standing = await control.claim_username(name, new, 499)
    assert (standing.user_id, standing.free_at) == (old, 500)
    assert await control.claim_username(name, new, 499, replacing=standing) == standing
    taken = await control.claim_username(name, new, 500, replacing=standing)
    assert taken == Claim(new, 500, confirmed=False)
    third = await control.claim_username(name, fresh(), 501, replacing=standing)
    assert third == taken


async def test_credentials_and_roles(control: Control) -> None:
    one, other = fresh(), fresh()
    assert await control.credential(one) is None
    await control.put_password(one, "hash")
    assert await control.credential(one) == Credential("hash", "user")
    await control.put_role(one, "admin")
    await control.put_password(one, "another")
    assert await control.credential(one) == Credential("another", "admin")
    await control.put_role(other, "admin")
    assert await control.credential(other) == Credential(None, "admin")


async def test_of_many_refreshes_of_one_token_one_wins(control: Control) -> None:
    name, user = f"f{fresh()}", fresh()
    await control.open_family(name, user, HASH, TTL_S)
    standing = await control.family(name)
    assert standing == Family(user, HASH)
    others = [bytes([n]) * 32 for n in range(1, 9)]
    won = await asyncio.gather(*(control.rotate(name, standing, h, TTL_S) for h in others))
    assert won.count(True) == 1
    assert await control.family(name) == Family(user, others[won.index(True)])
    for other in others:  # as a store does it that was not sure the first time
        again = await control.rotate(name, standing, other, TTL_S)
        assert again == won[others.index(other)]
    assert not await control.rotate(name, standing, b"\x00" * 32, TTL_S)


async def test_a_closed_family_is_gone(control: Control) -> None:
    name = f"f{fresh()}"
    await control.open_family(name, 7, HASH, TTL_S)
    await control.close_family(name)
    await control.close_family(name)
    assert await control.family(name) is None
    assert not await control.rotate(name, Family(7, HASH), HASH, TTL_S)
    assert await control.family(name) is None


async def test_a_family_ends(control: Control) -> None:
    name = f"f{fresh()}"
    await control.open_family(name, 7, HASH, 1)
    async with asyncio.timeout(10):
        while await control.family(name) is not None:
            await asyncio.sleep(0.1)

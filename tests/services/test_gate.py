"""The gate that requests go through: bounded, fair, and narrower where the store is too slow."""

import asyncio
from random import Random

import pytest

from foldline.gate import Gate

MOST = 16


async def entered(gate: Gate, count: int) -> list[int]:
    return [await asyncio.wait_for(gate.enter(), 1) for _ in range(count)]


async def test_first_come_first_served_and_no_more_than_may() -> None:
    gate, served, out, most = Gate(MOST), list[int](), 0, 0

    async def request(number: int, rng: Random) -> None:
        nonlocal out, most
        at = await gate.enter()
        served.append(number)
        out, most = out + 1, max(most, out + 1)
        await asyncio.sleep(rng.random() / 1000)
        out -= 1
        gate.leave(at)

    rng = Random(7)
    await asyncio.gather(*(request(number, rng) for number in range(200)))
    assert served == list(range(200))
    assert most == MOST


async def test_a_swarm_of_time_outs_halves_it_once() -> None:
    gate = Gate(MOST)
    swarm = await entered(gate, MOST)
    for at in swarm:
        gate.leave(at, timed_out=True)
    assert gate.limit == MOST // 2
    for at in await entered(gate, MOST // 2):
        gate.leave(at, timed_out=True)
    assert gate.limit == MOST // 4
    for _ in range(20):
        gate.leave((await entered(gate, 1))[0], timed_out=True)
    assert gate.limit == 4


async def test_a_round_of_answers_widens_it_by_one() -> None:
    gate = Gate(MOST)
    gate.leave((await entered(gate, 1))[0], timed_out=True)
    for limit in range(MOST // 2, MOST):
        assert gate.limit == limit
        for _ in range(limit + 1):
            gate.leave((await entered(gate, 1))[0])
    for _ in range(3 * MOST):
        gate.leave((await entered(gate, 1))[0])
    assert gate.limit == MOST


async def test_narrowed_it_lets_nobody_in_until_enough_have_left() -> None:
    gate = Gate(MOST)
    first = await entered(gate, MOST)
    waiting = asyncio.ensure_future(gate.enter())
    for at in first[: MOST // 2]:
        gate.leave(at, timed_out=True)
    await asyncio.sleep(0)
    assert not waiting.done()
    gate.leave(first[-1])
    await asyncio.wait_for(waiting, 1)


@pytest.mark.parametrize("served_first", [False, True])
async def test_who_gives_up_takes_no_place(served_first: bool) -> None:
    gate = Gate(1)
    (at,) = await entered(gate, 1)
    gives_up, stays = (asyncio.ensure_future(gate.enter()) for _ in range(2))
    await asyncio.sleep(0)
    if served_first:
        gate.leave(at)
        gives_up.cancel()
    else:
        gives_up.cancel()
        gate.leave(at)
    await asyncio.wait_for(stays, 1)
    gate.leave(stays.result())
    assert await entered(gate, 1)

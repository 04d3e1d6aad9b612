"""What every control store promises of generations: `foldline.control.generations`."""

import asyncio

import msgspec

from foldline.control.port import Control
from foldline.generation import Build, Generation, Stage, Verdict
from tests.contracts.ids import fresh

ENDS = (3, 1, 4, 1)


def build_of(number: int, **others: object) -> Build:
    made = Generation(number, 32, 2, cap=50)
    build = Build(made, Stage.REPLAYING, ENDS, begun_at=1_700_000_000_000)
    return msgspec.structs.replace(build, **others)


async def new_number(control: Control) -> int:
    known = [build.number for build in await control.builds()]
    return max([1, *known]) + 1


async def test_a_build_makes_its_generation_known(control: Control) -> None:
    before = await control.generations()
    build = build_of(await new_number(control))
    assert await control.begin_build(build)
    assert await control.begin_build(build), "a repeat is the same"
    assert await control.builds() == [*await _others(control, build.number), build]
    assert await control.generations() == [*before, build.generation]
    assert (await control.active_generation()).number == 1


async def test_a_begin_that_was_cut_off_is_done_by_its_repeat(control: Control) -> None:
    build = build_of(await new_number(control))
    await control.begin_build(build)
    await control.forget_generation(build.number)  # as if it had not come to that
    slow = msgspec.structs.replace(build, pace=0.5, revision=1)
    assert await control.change_build(build, slow)
    assert not await control.begin_build(build), "it is another by now"
    assert build.generation not in await control.generations()
    assert await control.begin_build(slow)
    assert build.generation in await control.generations()


async def test_a_number_is_never_used_twice(control: Control) -> None:
    build = build_of(await new_number(control))
    assert await control.begin_build(build)
    other = msgspec.structs.replace(build, ends=(9, 9, 9, 9))
    assert not await control.begin_build(other)
    await control.forget_generation(build.number)
    await control.forget_generation(build.number)
    assert build.generation not in await control.generations()
    assert build in await control.builds()
    assert not await control.begin_build(other)


async def test_of_two_changes_of_one_state_one_stands(control: Control) -> None:
    build = build_of(await new_number(control))
    await control.begin_build(build)
    verdict = Verdict(5, ENDS, users=7, everyone=True, differences=1)
    news = [
        msgspec.structs.replace(build, stage=stage, verdict=verdict, revision=1)
        for stage in (Stage.FILLING, Stage.CANCELLED)
    ]
    done = await asyncio.gather(*(control.change_build(build, new) for new in news))
    assert sorted(done) == [False, True]
    stands = news[done.index(True)]
    assert stands in await control.builds()
    assert await control.change_build(build, stands), "a repeat learns that it stands"


async def test_another_generation_is_served_if_the_expected_one_was(control: Control) -> None:
    build = build_of(await new_number(control))
    await control.begin_build(build)
    assert not await control.activate(build.number, instead_of=build.number + 1)
    assert (await control.active_generation()).number == 1
    assert await control.activate(build.number, instead_of=1)
    assert await control.activate(build.number, instead_of=1), "a repeat is the same"
    assert await control.active_generation() == build.generation
    assert not await control.activate(1, instead_of=1)
    assert await control.activate(1, instead_of=build.number)
    assert (await control.active_generation()).number == 1


async def test_a_lease_has_one_holder_until_it_ends(control: Control) -> None:
    name = f"lease-{fresh()}"
    assert await control.hold_lease(name, "one", 1) == "one"
    assert await control.hold_lease(name, "other", 1) == "one"
    assert await control.hold_lease(name, "one", 1) == "one"
    await asyncio.sleep(2.1)
    assert await control.hold_lease(name, "other", 600) == "other"
    await control.give_lease(name, "one")
    assert await control.hold_lease(name, "one", 1) == "other"
    await control.give_lease(name, "other")
    assert await control.hold_lease(name, "one", 1) == "one"


async def _others(control: Control, number: int) -> list[Build]:
    return [build for build in await control.builds() if build.number != number]


async def test_repairs_are_counted(control: Control) -> None:
    number = await new_number(control)
    assert await control.repairs(number) == 0
    await asyncio.gather(*(control.note_repair(number) for _ in range(3)))
    assert await control.repairs(number) == 3
    assert await control.repairs(number + 1) == 0


async def test_the_log_has_one_epoch_after_another(control: Control) -> None:
    epoch = await control.log_epoch()
    assert not await control.begin_epoch(epoch + 2)
    for _ in range(2):
        assert await control.begin_epoch(epoch + 1)
        assert await control.log_epoch() == epoch + 1
    assert await control.begin_epoch(epoch + 2)
    assert not await control.begin_epoch(epoch + 1)
    assert await control.log_epoch() == epoch + 2

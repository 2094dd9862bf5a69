"""Lanes on both databases: order, fairness, leases, and counters that agree with the rows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import sqlalchemy as sa

from routing import lanes, schema, termijn
from routing.klok import Klok
from routing.lanes import LEASE_MS, Einde, Lease, Vervolg
from routing.opslag import ACHTERAAN, Opslag
from routing.partij import Kanaal

Stort = Callable[..., str]


async def neem(opslag: Opslag, aantal: int = 1, koppen: int = 1) -> tuple[Lease, ...]:
    return (await opslag.write_lane(ACHTERAAN, lanes.claim, aantal, koppen)).leases


def lane_rij(conn: sa.Connection, naam: str = "99010001") -> sa.Row:
    return conn.execute(sa.select(schema.lane).where(schema.lane.c.naam == naam)).one()


def openstaand(conn: sa.Connection, naam: str = "99010001") -> int:
    a = schema.aflevering
    return conn.execute(sa.select(sa.func.count()).where(a.c.lane == naam, a.c.open)).scalar_one()


async def test_berichten_of_a_lane_come_in_the_order_of_arrival(opslag: Opslag, stort: Stort):
    ids = [await opslag.write(stort) for _ in range(5)]
    (lease,) = await neem(opslag, koppen=3)
    assert [kop.bericht_id for kop in lease.koppen] == ids[:3]
    for kop in lease.koppen:
        assert await opslag.write_lane(lease.lane, lanes.complete, lease, kop) is Vervolg.DOOR
    await opslag.write_lane(lease.lane, lanes.release, lease)
    (lease,) = await neem(opslag, koppen=3)
    assert [kop.bericht_id for kop in lease.koppen] == ids[3:]


async def test_a_hundred_at_once_get_consecutive_numbers_and_a_right_count(opslag: Opslag, stort: Stort):
    await asyncio.gather(*(opslag.write(stort, f"9901000{n % 3}") for n in range(99)))

    def nummers(conn: sa.Connection) -> dict[str, list[int]]:
        a = schema.aflevering.c
        per: dict[str, list[int]] = {}
        for rij in conn.execute(sa.select(a.lane, a.seq).order_by(a.id)):
            per.setdefault(rij.lane, []).append(rij.seq)
        return per

    for naam, reeks in (await opslag.read(nummers)).items():
        assert reeks == list(range(1, 34))
        rij = await opslag.read(lane_rij, naam)
        assert (rij.pending, rij.tail) == (33, 33)


async def test_a_lane_with_a_backlog_waits_its_turn(opslag: Opslag, stort: Stort):
    for _ in range(20):
        await opslag.write(stort, "99010001")
    await opslag.write(stort, "99010002")
    await opslag.write(stort, "99010003")
    volgorde = []
    for _ in range(6):
        (lease,) = await neem(opslag)
        volgorde.append(lease.lane)
        await opslag.write_lane(lease.lane, lanes.complete, lease, lease.koppen[0])
        await opslag.write_lane(lease.lane, lanes.release, lease)
    assert sorted(volgorde[:3]) == ["99010001", "99010002", "99010003"]
    assert set(volgorde[3:]) == {"99010001"}


async def test_a_leased_lane_is_not_claimed_again(opslag: Opslag, stort: Stort):
    for _ in range(3):
        await opslag.write(stort)
    beurten = await asyncio.gather(*(neem(opslag) for _ in range(10)))
    assert sum(len(beurt) for beurt in beurten) == 1
    await opslag.write(stort)
    assert await neem(opslag) == ()


async def test_a_pull_lane_is_never_claimed(opslag: Opslag, stort: Stort):
    await opslag.write(stort, kanaal=Kanaal.PULL)
    assert await neem(opslag) == ()


async def test_what_a_holder_does_after_losing_his_lease_changes_nothing(opslag: Opslag, stort: Stort, klok: Klok):
    await opslag.write(stort)
    (oud,) = await neem(opslag)
    klok.verschuiving_ms += LEASE_MS + 1
    (nieuw,) = await neem(opslag)
    assert nieuw.koppen[0].crashes == 1
    voor = await opslag.read(lane_rij)
    kop = oud.koppen[0]
    assert await opslag.write_lane(oud.lane, lanes.complete, oud, kop) is Vervolg.VERLOREN
    assert not await opslag.write_lane(oud.lane, lanes.retry, oud, kop, 1, 1000)
    assert await opslag.write_lane(oud.lane, lanes.give_up, oud, kop, geantwoord=True) is Vervolg.VERLOREN
    assert not await opslag.write_lane(oud.lane, lanes.heartbeat, oud)
    assert not await opslag.write_lane(oud.lane, lanes.release, oud)
    assert await opslag.read(lane_rij) == voor
    assert await opslag.read(openstaand) == 1
    assert await opslag.write_lane(nieuw.lane, lanes.complete, nieuw, nieuw.koppen[0]) is Vervolg.DOOR


async def test_an_outcome_counts_after_the_end_of_its_lease_until_another_took_over(
    opslag: Opslag, stort: Stort, klok: Klok
):
    for _ in range(2):
        await opslag.write(stort)
    (lease,) = await neem(opslag, koppen=2)
    klok.verschuiving_ms += LEASE_MS + 1
    assert await opslag.write_lane(lease.lane, lanes.complete, lease, lease.koppen[0]) is Vervolg.DOOR
    assert await neem(opslag) == ()  # it holds the lane again
    klok.verschuiving_ms += LEASE_MS + 1
    assert await opslag.write_lane(lease.lane, lanes.heartbeat, lease)
    assert await neem(opslag) == ()
    klok.verschuiving_ms += LEASE_MS + 1
    (nieuw,) = await neem(opslag)
    assert await opslag.write_lane(lease.lane, lanes.complete, lease, lease.koppen[1]) is Vervolg.VERLOREN
    assert [kop.crashes for kop in nieuw.koppen] == [1]


async def test_a_heartbeat_keeps_the_lease(opslag: Opslag, stort: Stort, klok: Klok):
    await opslag.write(stort)
    (lease,) = await neem(opslag)
    for _ in range(4):
        klok.verschuiving_ms += LEASE_MS // 2
        assert await opslag.write_lane(lease.lane, lanes.heartbeat, lease)
    assert await neem(opslag) == ()
    assert await opslag.write_lane(lease.lane, lanes.complete, lease, lease.koppen[0]) is Vervolg.DOOR


async def test_a_heartbeat_that_comes_just_after_the_end_of_a_turn_changes_nothing(opslag: Opslag, stort: Stort):
    await opslag.write(stort)
    (lease,) = await neem(opslag)
    assert await opslag.write_lane(lease.lane, lanes.release, lease)
    vrij = await opslag.read(lane_rij)
    assert not await opslag.write_lane(lease.lane, lanes.heartbeat, lease)
    assert await opslag.read(lane_rij) == vrij
    assert len(await neem(opslag)) == 1


async def test_the_head_of_a_lane_moves_on_with_what_is_closed(opslag: Opslag, stort: Stort):
    for _ in range(3):
        await opslag.write(stort)
    (lease,) = await neem(opslag, koppen=3)
    for kop in lease.koppen[:2]:
        await opslag.write_lane(lease.lane, lanes.complete, lease, kop)
    await opslag.write_lane(lease.lane, lanes.release, lease)
    assert (await opslag.read(lane_rij)).head == 1
    (verder,) = await neem(opslag, koppen=3)
    assert verder.koppen == lease.koppen[2:]
    assert (await opslag.read(lane_rij)).head == 3


async def test_a_clock_that_is_set_back_does_not_lock_a_lane_for_ever(opslag: Opslag, stort: Stort, klok: Klok):
    await opslag.write(stort)
    klok.verschuiving_ms += 10 * 86_400_000
    (oud,) = await neem(opslag)
    klok.verschuiving_ms = 0
    (nieuw,) = await neem(opslag)
    assert await opslag.write_lane(oud.lane, lanes.complete, oud, oud.koppen[0]) is Vervolg.VERLOREN
    assert await opslag.write_lane(nieuw.lane, lanes.complete, nieuw, nieuw.koppen[0]) is Vervolg.DOOR


async def test_a_clock_that_is_set_back_lets_no_lane_wait_for_what_was_tomorrow(
    opslag: Opslag, stort: Stort, klok: Klok
):
    klok.verschuiving_ms += 86_400_000
    for _ in range(2):
        await opslag.write(stort)
    (lease,) = await neem(opslag)
    await opslag.write_lane(lease.lane, lanes.complete, lease, lease.koppen[0])
    await opslag.write_lane(lease.lane, lanes.release, lease)
    klok.verschuiving_ms -= 86_400_000
    assert len(await neem(opslag)) == 1


async def test_completing_twice_counts_once(opslag: Opslag, stort: Stort):
    await opslag.write(stort)
    await opslag.write(stort)
    (lease,) = await neem(opslag, koppen=2)
    assert await opslag.write_lane(lease.lane, lanes.complete, lease, lease.koppen[0]) is Vervolg.DOOR
    assert await opslag.write_lane(lease.lane, lanes.complete, lease, lease.koppen[0]) is Vervolg.VERLOREN
    assert (await opslag.read(lane_rij)).pending == 1


async def test_a_lane_that_failed_waits_and_keeps_its_head(opslag: Opslag, stort: Stort, klok: Klok):
    eerste = await opslag.write(stort)
    await opslag.write(stort)
    (lease,) = await neem(opslag, koppen=2)
    assert await opslag.write_lane(lease.lane, lanes.retry, lease, lease.koppen[0], 1, 60_000)
    assert await neem(opslag) == ()
    await opslag.write(stort)  # a new bericht does not shorten the wait
    assert await neem(opslag) == ()
    klok.verschuiving_ms += 60_001
    (lease,) = await neem(opslag)
    assert (lease.koppen[0].bericht_id, lease.koppen[0].attempts, lease.failures) == (eerste, 1, 1)
    assert lease.koppen[0].crashes == 0
    await opslag.write_lane(lease.lane, lanes.complete, lease, lease.koppen[0])
    assert (await opslag.read(lane_rij)).failures == 0


async def test_giving_up_lets_the_next_one_follow(opslag: Opslag, stort: Stort):
    await opslag.write(stort)
    tweede = await opslag.write(stort)
    (lease,) = await neem(opslag)
    assert await opslag.write_lane(lease.lane, lanes.give_up, lease, lease.koppen[0], geantwoord=True) is Vervolg.DOOR
    assert await opslag.write_lane(lease.lane, lanes.release, lease)
    (lease,) = await neem(opslag)
    assert lease.koppen[0].bericht_id == tweede


async def test_a_large_bericht_comes_alone(opslag: Opslag, stort: Stort):
    def vergroot(conn: sa.Connection, bericht_id: str) -> None:
        b = schema.bericht
        conn.execute(sa.update(b).where(b.c.id == bericht_id).values(payload_grootte=18 * 1024 * 1024))

    ids = [await opslag.write(stort) for _ in range(3)]
    await opslag.write(vergroot, ids[1])
    for verwacht in ([ids[0]], [ids[1]], [ids[2]]):
        (lease,) = await neem(opslag, koppen=10)
        assert [kop.bericht_id for kop in lease.koppen] == verwacht
        await opslag.write_lane(lease.lane, lanes.complete, lease, lease.koppen[0])
        await opslag.write_lane(lease.lane, lanes.release, lease)


async def test_a_count_that_is_wrong_is_set_right_instead_of_claimed_for_ever(opslag: Opslag, stort: Stort):
    def verzin(conn: sa.Connection) -> None:
        conn.execute(sa.insert(schema.lane).values(naam="99010009", kanaal="push", pending=7))

    await opslag.write(verzin)
    assert await neem(opslag) == ()
    assert (await opslag.read(lane_rij, "99010009")).pending == 0


async def test_expiry_closes_what_waited_too_long_and_leaves_a_leased_lane_alone(
    opslag: Opslag, stort: Stort, klok: Klok
):
    oud = [await opslag.write(stort, ttl_ms=1000) for _ in range(3)]
    nieuw = await opslag.write(stort, ttl_ms=10**9)
    klok.verschuiving_ms += 2000
    (lease,) = await neem(opslag)
    assert await opslag.read(termijn.expired_lanes) == ()
    assert await opslag.write_lane("99010001", termijn.expire, "99010001", 10) == ()
    await opslag.write_lane(lease.lane, lanes.release, lease)
    assert await opslag.read(termijn.expired_lanes) == ("99010001",)
    verlopen = await opslag.write_lane("99010001", termijn.expire, "99010001", 2)
    verlopen += await opslag.write_lane("99010001", termijn.expire, "99010001", 2)
    assert [v.bericht_id for v in verlopen] == oud
    assert (await opslag.read(lane_rij)).pending == 1
    (lease,) = await neem(opslag)
    assert lease.koppen[0].bericht_id == nieuw


async def test_many_workers_on_many_lanes_deliver_each_once_and_in_order(opslag: Opslag, stort: Stort):
    namen = [f"9901{n:04}" for n in range(8)]
    await asyncio.gather(*(opslag.write(stort, naam) for _ in range(12) for naam in namen))
    bezorgd: dict[str, list[int]] = {naam: [] for naam in namen}

    async def werk() -> None:
        while leases := await neem(opslag, aantal=2, koppen=3):
            for lease in leases:
                for kop in lease.koppen:
                    bezorgd[lease.lane].append(kop.aflevering_id)
                    assert await opslag.write_lane(lease.lane, lanes.complete, lease, kop) is Vervolg.DOOR
                    await opslag.write(stort, "88000001", kanaal=Kanaal.PULL)
                assert await opslag.write_lane(lease.lane, lanes.release, lease)

    async def tot_leeg() -> None:
        while any([(await opslag.read(lane_rij, naam)).pending for naam in namen]):
            await werk()

    await asyncio.gather(*(tot_leeg() for _ in range(6)))
    for reeks in bezorgd.values():
        assert reeks == sorted(reeks)
        assert len(set(reeks)) == len(reeks) == 12
    assert (await opslag.read(lane_rij, "88000001")).pending == 96


async def test_outcomes_of_a_wide_lease_that_come_together_are_each_counted_off(opslag: Opslag, stort: Stort):
    for _ in range(5):
        await opslag.write(stort)
    (lease,) = (await opslag.write_lane(ACHTERAAN, lanes.claim, 1, 5, lambda _lane: 3)).leases
    een, twee, drie, vier, _ = lease.koppen
    eindes = [Einde(lease, een), Einde(lease, twee), Einde(lease, drie, geantwoord=False), Einde(lease, een)]
    vervolgen = await opslag.write_lane(lease.lane, lanes.close, [*eindes, Einde(lease, vier)])
    assert vervolgen == [Vervolg.DOOR] * 3 + [Vervolg.VERLOREN, Vervolg.DOOR]
    assert (await opslag.read(lane_rij)).pending == await opslag.read(openstaand) == 1


async def test_a_lane_whose_heads_are_all_set_aside_counts_what_is_left(opslag: Opslag, stort: Stort, klok: Klok):
    for _ in range(2):
        await opslag.write(stort)
    for _ in range(lanes.QUARANTAINE):
        assert await neem(opslag)
        klok.verschuiving_ms += LEASE_MS + 1
    assert await neem(opslag) == ()
    assert (await opslag.read(lane_rij)).pending == await opslag.read(openstaand) == 1

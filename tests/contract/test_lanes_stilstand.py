"""Lanes that stand still on purpose: pause, breaker, width, rate and quarantine, on both databases."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from routing import lanebeheer, lanes, schema, termijn
from routing.klok import Klok, now_ms
from routing.lanebeheer import NietTePauzeren
from routing.lanes import LEASE_MS, Beurten, Lease, Vervolg
from routing.opslag import ACHTERAAN, Opslag

Stort = Callable[..., str]
LANE = "99010001"


async def neem(opslag: Opslag, koppen: int = 5, breedte: int = 1) -> Beurten:
    return await opslag.write_lane(ACHTERAAN, lanes.claim, 1, koppen, lambda _lane: breedte)


async def neem_een(opslag: Opslag, koppen: int = 5, breedte: int = 1) -> Lease:
    (lease,) = (await neem(opslag, koppen, breedte)).leases
    return lease


async def lane(opslag: Opslag) -> sa.Row:
    tabel = schema.lane
    return await opslag.read(lambda conn: conn.execute(sa.select(tabel).where(tabel.c.naam == LANE)).one())


async def crashes(opslag: Opslag) -> list[int]:
    a = schema.aflevering.c
    return list(await opslag.read(lambda conn: conn.execute(sa.select(a.crashes).order_by(a.id)).scalars().all()))


async def gemarkeerd(opslag: Opslag) -> int:
    keuze = sa.select(sa.func.count()).where(schema.aflevering.c.offered)
    return await opslag.read(lambda conn: conn.execute(keuze).scalar_one())


async def test_a_paused_lane_is_not_claimed_until_its_end_date(opslag: Opslag, stort: Stort, klok: Klok):
    await opslag.write(stort)
    nu = await opslag.read(now_ms)
    await opslag.write(lanebeheer.pause, LANE, "an", "onderhoud bij de ontvanger", nu + 60_000)
    await opslag.write(stort)  # berichten keep coming in
    assert (await neem(opslag)).leases == ()
    rij = await lane(opslag)
    assert (rij.paused_by, rij.paused_reason, rij.pending) == ("an", "onderhoud bij de ontvanger", 2)
    klok.verschuiving_ms += 60_001
    assert len((await neem_een(opslag)).koppen) == 2


async def test_a_pause_without_end_lasts_until_someone_resumes(opslag: Opslag, stort: Stort, klok: Klok):
    await opslag.write(stort)
    await opslag.write(lanebeheer.pause, LANE, "an", "storing", None)
    klok.verschuiving_ms += 10**9
    assert (await neem(opslag)).leases == ()
    assert await opslag.write(lanebeheer.resume, LANE)
    assert not await opslag.write(lanebeheer.resume, LANE)
    assert (await neem_een(opslag)).lane == LANE


async def test_a_pause_may_come_before_the_first_bericht_but_not_end_in_the_past(opslag: Opslag, stort: Stort):
    await opslag.write(lanebeheer.pause, LANE, "an", "nog niet klaar", None)
    await opslag.write(stort)
    assert (await neem(opslag)).leases == ()
    with pytest.raises(NietTePauzeren):
        await opslag.write(lanebeheer.pause, LANE, "an", "te laat", 1)


async def test_a_pause_lets_the_running_attempt_end_and_nothing_follow(opslag: Opslag, stort: Stort):
    await opslag.write(stort)
    await opslag.write(stort)
    lease = await neem_een(opslag)
    await opslag.write(lanebeheer.pause, LANE, "an", "storing", None)
    assert await opslag.write_lane(LANE, lanes.complete, lease, lease.koppen[0]) is Vervolg.PAUZE
    assert await opslag.write_lane(LANE, lanes.release, lease)
    assert (await lane(opslag)).pending == 1


async def test_berichten_of_a_paused_lane_expire_in_time(opslag: Opslag, stort: Stort, klok: Klok):
    await opslag.write(stort, ttl_ms=1000)
    await opslag.write(lanebeheer.pause, LANE, "an", "storing", None)
    klok.verschuiving_ms += 2000
    assert len(await opslag.write_lane(LANE, termijn.expire, LANE, 10)) == 1


async def test_an_open_breaker_sends_one_probe_and_closes_on_its_success(opslag: Opslag, stort: Stort, klok: Klok):
    for _ in range(4):
        await opslag.write(stort)
    lease = await neem_een(opslag)
    assert not lease.proef
    assert await opslag.write_lane(LANE, lanes.retry, lease, lease.koppen[0], 1, 1000, breuk="weg")
    rij = await lane(opslag)
    assert (rij.breaker_reason, rij.failures) == ("weg", 1)
    sinds = rij.breaker_since
    klok.verschuiving_ms += 1001
    proef = await neem_een(opslag)
    assert proef.proef
    assert len(proef.koppen) == 1
    await opslag.write_lane(LANE, lanes.retry, proef, proef.koppen[0], 2, 1000)
    rij = await lane(opslag)
    assert (rij.breaker_since, rij.breaker_reason) == (sinds, "weg")  # still that same failure
    klok.verschuiving_ms += 1001
    proef = await neem_een(opslag)
    assert await opslag.write_lane(LANE, lanes.complete, proef, proef.koppen[0]) is Vervolg.DOOR
    rij = await lane(opslag)
    assert (rij.breaker_since, rij.breaker_reason, rij.failures) == (None, None, 0)
    await opslag.write_lane(LANE, lanes.release, proef)
    assert len((await neem_een(opslag)).koppen) == 3


async def test_a_bericht_that_expires_says_nothing_about_the_ontvanger(opslag: Opslag, stort: Stort, klok: Klok):
    await opslag.write(stort)
    lease = await neem_een(opslag)
    await opslag.write_lane(LANE, lanes.retry, lease, lease.koppen[0], 1, 0, breuk="weg")
    lease = await neem_een(opslag)
    assert await opslag.write_lane(LANE, lanes.give_up, lease, lease.koppen[0], geantwoord=False) is Vervolg.DOOR
    rij = await lane(opslag)
    assert (rij.breaker_reason, rij.failures) == ("weg", 1)


async def test_a_wait_is_never_made_shorter_by_another_outcome(opslag: Opslag, stort: Stort):
    await opslag.write(stort)
    lease = await neem_een(opslag)
    await opslag.write_lane(LANE, lanes.retry, lease, lease.koppen[0], 1, 60_000, geef_terug=False)
    voor = (await lane(opslag)).next_due
    await opslag.write_lane(LANE, lanes.release, lease, 1000)
    assert (await lane(opslag)).next_due == voor


async def test_a_crash_of_a_wide_lease_counts_for_what_was_on_its_way(opslag: Opslag, stort: Stort, klok: Klok):
    for _ in range(6):
        await opslag.write(stort)
    lease = await neem_een(opslag, breedte=3)
    assert lease.breedte == 3
    # The first failed and waits, the second arrived and let the fourth go.
    await opslag.write_lane(LANE, lanes.retry, lease, lease.koppen[0], 1, 0, geef_terug=False)
    await opslag.write_lane(LANE, lanes.complete, lease, lease.koppen[1])
    await opslag.write(lanes.mark, lease.koppen[3])
    klok.verschuiving_ms += LEASE_MS + 1
    beurten = await neem(opslag, breedte=3)
    assert [kop.aflevering_id for kop in beurten.gevallen] == [lease.koppen[n].aflevering_id for n in (2, 3)]
    assert await crashes(opslag) == [0, 0, 1, 1, 0, 0]
    # What fell comes alone from now on; what did not, goes on in its own turn.
    assert [kop.bericht_id for kop in beurten.leases[0].koppen] == [lease.koppen[0].bericht_id]


async def test_who_has_a_crash_behind_him_comes_alone(opslag: Opslag, stort: Stort, klok: Klok):
    for _ in range(4):
        await opslag.write(stort)
    await neem_een(opslag, breedte=2)
    klok.verschuiving_ms += LEASE_MS + 1
    for verdacht in (0, 1):
        lease = await neem_een(opslag, breedte=2)
        assert (lease.breedte, len(lease.koppen), lease.koppen[0].crashes) == (1, 1, 1), verdacht
        await opslag.write_lane(LANE, lanes.complete, lease, lease.koppen[0])
        await opslag.write_lane(LANE, lanes.release, lease)
    lease = await neem_een(opslag, breedte=2)
    assert (lease.breedte, len(lease.koppen)) == (2, 2)


async def test_a_crash_when_all_had_ended_counts_for_nobody(opslag: Opslag, stort: Stort, klok: Klok):
    for _ in range(3):
        await opslag.write(stort)
    lease = await neem_een(opslag, koppen=2, breedte=2)
    for kop in lease.koppen:
        await opslag.write_lane(LANE, lanes.complete, lease, kop)
    klok.verschuiving_ms += LEASE_MS + 1
    assert (await neem(opslag)).gevallen == ()
    assert await crashes(opslag) == [0, 0, 0]


async def test_a_wide_lease_that_was_given_back_leaves_no_marks(opslag: Opslag, stort: Stort):
    for _ in range(3):
        await opslag.write(stort)
    lease = await neem_een(opslag, breedte=3)
    assert await gemarkeerd(opslag) == 3
    await opslag.write_lane(LANE, lanes.complete, lease, lease.koppen[0])
    await opslag.write_lane(LANE, lanes.retry, lease, lease.koppen[1], 1, 0, geef_terug=False)
    await opslag.write_lane(LANE, lanes.unmark, lease, lease.koppen[2])
    await opslag.write_lane(LANE, lanes.release, lease)
    assert await gemarkeerd(opslag) == 0


async def test_three_crashes_take_it_out_of_its_lane_and_the_next_goes_on(opslag: Opslag, stort: Stort, klok: Klok):
    for _ in range(2):
        await opslag.write(stort)
    for _ in range(3):
        lease = await neem_een(opslag)
        klok.verschuiving_ms += LEASE_MS + 1
    beurten = await neem(opslag)
    assert [kop.crashes for kop in beurten.gevallen] == [3]
    assert [kop.crashes for kop in beurten.leases[0].koppen] == [0]
    assert beurten.leases[0].koppen[0].aflevering_id != lease.koppen[0].aflevering_id
    assert (await lane(opslag)).pending == 1


async def test_the_last_of_a_lane_in_quarantine_leaves_an_idle_lane(opslag: Opslag, stort: Stort, klok: Klok):
    await opslag.write(stort)
    for _ in range(3):
        await neem_een(opslag)
        klok.verschuiving_ms += LEASE_MS + 1
    assert (await neem(opslag)).leases == ()
    rij = await lane(opslag)
    assert (rij.pending, rij.lease_token) == (0, None)
    await opslag.write(stort)
    assert [kop.crashes for kop in (await neem_een(opslag)).koppen] == [0]


async def test_quarantine_does_not_stop_the_term(opslag: Opslag, stort: Stort, klok: Klok):
    await opslag.write(stort, ttl_ms=10 * LEASE_MS)
    for _ in range(3):
        await neem_een(opslag)
        klok.verschuiving_ms += LEASE_MS + 1
    await neem(opslag)
    assert await opslag.write(termijn.expire_quarantined, 10) == ()
    klok.verschuiving_ms += 10 * LEASE_MS
    assert len(await opslag.write(termijn.expire_quarantined, 10)) == 1
    assert await opslag.write(termijn.expire_quarantined, 10) == ()

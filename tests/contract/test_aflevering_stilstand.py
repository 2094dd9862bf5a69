"""The delivery engine when it holds back: breaker, width, rate, pause, term and quarantine, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import sqlalchemy as sa
from meeteller import in_one_group
from opstelling import BEZORGD, BLIJVEND, DAG_MS, LANE, TIJDELIJK, Opstelling

from routing import bezorging, lanebeheer, quarantaine, schema
from routing.klok import now_ms
from routing.lanes import LEASE_MS, Vervolg
from routing.opslag import ACHTERAAN, Opslag
from routing.partij import Kanaal
from routing.poorten import Zending
from routing.quarantaine import NietInQuarantaine


async def test_a_refused_connection_opens_the_breaker_and_one_probe_closes_it(op: Opstelling):
    ids = [await op.stort() for _ in range(4)]
    op.tegenpartij.antwoorden = [replace(TIJDELIJK, kenmerk="verbinding.geweigerd"), TIJDELIJK]
    await op.tot_status(ids[0], "Aanbieden mislukt")
    lane = await op.lane()
    assert (lane.breaker_reason, lane.failures) == ("Geen verbinding", 1)
    await op.reis()
    await op.tot(lambda: asyncio.sleep(0, len(op.tegenpartij.ontvangen) == 2))
    lane = await op.lane()
    assert (lane.breaker_since is not None, lane.failures) == (True, 2)
    assert [await op.status(i) for i in ids[1:]] == ["Wordt verwerkt"] * 3  # the breaker is no failure of theirs
    assert [(await op.aflevering(i)).attempts for i in ids] == [2, 0, 0, 0]
    await op.reis()
    await op.tot_status(ids[-1], "Bezorgd")
    lane = await op.lane()
    assert (lane.breaker_since, lane.breaker_reason, lane.failures) == (None, None, 0)


async def test_five_failures_in_a_row_open_the_breaker(op: Opstelling):
    await op.stort()
    op.tegenpartij.antwoorden = [TIJDELIJK] * 5
    for keer in range(1, 6):
        await op.reis()
        await op.tot(lambda n=keer: asyncio.sleep(0, len(op.tegenpartij.ontvangen) == n))
        assert ((await op.lane()).breaker_since is not None) == (keer == 5)


async def test_a_refusal_shows_that_the_ontvanger_is_there(op: Opstelling):
    bericht = await op.stort()
    op.tegenpartij.antwoorden = [replace(TIJDELIJK, kenmerk="verbinding.geweigerd"), BLIJVEND]
    await op.tot_status(bericht, "Aanbieden mislukt")
    await op.reis()
    await op.tot_status(bericht, "Bezorging afgebroken")
    assert (await op.lane()).breaker_since is None


async def test_what_expired_is_given_up_without_being_offered(op: Opstelling):
    oud = await op.stort(ttl_ms=1000)
    op.klok.verschuiving_ms += 2000
    nieuw = await op.stort()
    await op.tot_status(nieuw, "Bezorgd")
    assert await op.verhaal(oud) == ["termijn verstreken: Vervallen", "fo01"]
    assert [z.bericht_id for z in op.tegenpartij.ontvangen] == [nieuw]
    assert (await op.aflevering(oud)).attempts == 0


async def test_an_ontvanger_that_asks_for_three_gets_three_at_a_time_and_each_once(op: Opstelling):
    op.sluit_aan(LANE, max_gelijktijdig=3)
    ids = [await op.stort() for _ in range(20)]
    tegelijk: list[int] = []
    nu: set[str] = set()
    vol = asyncio.Event()

    async def tel(zending: Zending) -> None:
        nu.add(zending.bericht_id)
        tegelijk.append(len(nu))
        if len(nu) == 3:
            vol.set()
        await vol.wait()
        await asyncio.sleep(0)
        nu.discard(zending.bericht_id)

    op.tegenpartij.bij = tel
    op.bouw()

    async def klaar() -> bool:
        return (await op.lane()).pending == 0

    await op.tot(klaar)
    assert max(tegelijk) == 3
    assert sorted(z.bericht_id for z in op.tegenpartij.ontvangen) == sorted(ids)
    assert {await op.status(i) for i in ids} == {"Bezorgd"}
    assert (await op.lane()).lease_token is None


async def test_a_failure_among_three_lets_the_others_end_and_the_lane_wait(op: Opstelling):
    op.sluit_aan(LANE, max_gelijktijdig=3)
    ids = [await op.stort() for _ in range(5)]
    gezien = asyncio.Event()
    los = asyncio.Event()

    async def om_en_om(zending: Zending) -> None:
        if len(op.tegenpartij.ontvangen) == 3:
            gezien.set()
        await gezien.wait()
        if zending.bericht_id != ids[0]:
            await los.wait()

    op.tegenpartij.bij = om_en_om
    op.tegenpartij.antwoorden = [TIJDELIJK]

    async def klaar() -> bool:
        if await op.status(ids[0]) == "Aanbieden mislukt":
            los.set()
        return await op.status(ids[2]) == "Bezorgd"

    await op.tot(klaar)
    assert [await op.status(i) for i in ids] == [
        "Aanbieden mislukt", "Bezorgd", "Bezorgd", "Wordt verwerkt", "Wordt verwerkt"
    ]  # fmt: skip
    lane = await op.lane()
    assert (lane.lease_token, lane.pending) == (None, 3)
    assert lane.next_due > await op.opslag.read(now_ms) - 1


async def test_failures_of_three_at_a_time_are_one_rung(op: Opstelling):
    op.sluit_aan(LANE, max_gelijktijdig=3)
    ids = [await op.stort() for _ in range(3)]
    op.tegenpartij.antwoorden = [TIJDELIJK] * 3
    samen = asyncio.Event()

    async def wacht(_zending: Zending) -> None:
        if len(op.tegenpartij.ontvangen) == 3:
            samen.set()
        await samen.wait()

    op.tegenpartij.bij = wacht
    op.bouw()

    async def klaar() -> bool:
        return len(op.tegenpartij.ontvangen) == 3 and (await op.lane()).lease_token is None

    await op.tot(klaar)
    lane = await op.lane()
    assert (lane.failures, lane.breaker_since) == (1, None)
    assert [(await op.aflevering(i)).attempts for i in ids] == [1, 1, 1]
    assert await op.reis() <= 60_000
    await op.tot_status(ids[-1], "Bezorgd")


async def test_stopping_breaks_off_all_three_and_counts_nothing(op: Opstelling):
    op.sluit_aan(LANE, max_gelijktijdig=3)
    ids = [await op.stort() for _ in range(3)]
    await op.stop_midden(3)
    for bericht in ids:
        aflevering = await op.aflevering(bericht)
        assert (aflevering.open, aflevering.attempts, aflevering.crashes, aflevering.offered) == (True, 0, 0, False)
    assert (await op.lane()).lease_token is None
    await op.tot_status(ids[-1], "Bezorgd")


async def test_a_rate_is_kept_over_turns_and_by_the_clock_of_the_database(op: Opstelling):
    op.sluit_aan(LANE, per_minuut=120)  # two at once, and then a second of rest
    ids = [await op.stort() for _ in range(5)]
    op.motor.start()
    for verwacht in (2, 4):
        while len(op.tegenpartij.inhoud) < verwacht or (await op.lane()).lease_token is not None:  # noqa: ASYNC110
            await asyncio.sleep(0)
        lane = await op.lane()
        assert lane.pending == 5 - verwacht
        await op.motor.stop()
        assert lane.next_due <= await op.opslag.read(now_ms) + 1000
        op.klok.verschuiving_ms -= 60_000  # whatever the machine does, it is not due yet
        op.bouw().start()
        assert await op.opslag.write_lane(ACHTERAAN, bezorging.claim, 1, 5) == ()
        op.klok.verschuiving_ms += 61_000
    await op.tot_status(ids[-1], "Bezorgd")
    assert [z.bericht_id for z in op.tegenpartij.ontvangen] == ids


async def test_a_pause_holds_after_a_restart_and_ends_by_itself(op: Opstelling):
    bericht = await op.stort()
    nu = await op.opslag.read(now_ms)
    await op.opslag.write(lanebeheer.pause, LANE, "an", "storing", nu + 3_600_000)
    ander = await op.stort("99010002")
    await op.tot_status(ander, "Bezorgd")
    assert await op.status(bericht) == "Wordt verwerkt"
    op.klok.verschuiving_ms += 3_600_001
    op.bouw()
    await op.tot_status(bericht, "Bezorgd")


async def _apart(op: Opstelling) -> str:
    bericht = await op.stort()
    for _ in range(4):
        await op.opslag.write_lane(ACHTERAAN, bezorging.claim, 1, 5)
        op.klok.verschuiving_ms += LEASE_MS + 1
    assert (await op.aflevering(bericht)).quarantaine_op is not None
    return bericht


async def test_from_quarantine_back_into_the_lane(op: Opstelling):
    bericht = await _apart(op)
    await op.opslag.write(quarantaine.release, bericht, "an")
    await op.tot_status(bericht, "Bezorgd")
    assert (await op.verhaal(bericht))[-3:] == ["uit quarantaine", "aanbieden: Wordt aangeboden", "poging: Bezorgd"]
    with pytest.raises(NietInQuarantaine):
        await op.opslag.write(quarantaine.release, bericht, "an")


async def test_from_quarantine_into_the_box_of_who_collects_nowadays(op: Opstelling):
    bericht = await _apart(op)
    await op.opslag.write(lanebeheer.switch, [LANE], Kanaal.PULL)
    await op.opslag.write(quarantaine.release, bericht, "an")
    assert await op.status(bericht) == "Wordt aangeboden"
    assert (await op.lane()).pending == 1


async def test_given_up_from_quarantine_tells_the_zender(op: Opstelling):
    bericht = await _apart(op)
    await op.opslag.write(quarantaine.give_up, bericht, "an", lambda _zender: "B", op.meld)
    assert await op.status(bericht) == "Bezorging afgebroken"
    assert (await op.verhaal(bericht))[-2:] == ["bezorging gestaakt: Bezorging afgebroken", "fo01"]
    b = schema.bericht.c
    assert await op.opslag.read(lambda conn: conn.execute(sa.select(b.fout_code)).scalar()) == "KNP003"


async def test_what_expires_in_quarantine_goes_back_to_the_zender(op: Opstelling):
    bericht = await _apart(op)
    op.klok.verschuiving_ms += 5 * DAG_MS
    await op.motor.maintain(op.opslag)
    assert await op.status(bericht) == "Vervallen"
    assert (await op.verhaal(bericht))[-2:] == ["termijn verstreken: Vervallen", "fo01"]


@pytest.mark.parametrize("breedte", [1, 2])
async def test_what_expires_after_its_lease_takes_the_crash_along(op: Opstelling, breedte: int):
    op.sluit_aan(LANE, max_gelijktijdig=breedte)
    oud = [await op.stort(ttl_ms=LEASE_MS // 2) for _ in range(breedte)]
    nieuw = [await op.stort() for _ in range(breedte)]
    await op.opslag.write_lane(ACHTERAAN, bezorging.claim, 1, 5, lambda _lane: breedte)
    op.klok.verschuiving_ms += LEASE_MS + 1
    await op.motor.maintain(op.opslag)
    for bericht in oud:
        assert (await op.aflevering(bericht)).crashes == 1
        assert (await op.verhaal(bericht))[-3:] == ["bezorging onderbroken", "termijn verstreken: Vervallen", "fo01"]
    for bericht in nieuw:
        await op.tot_status(bericht, "Bezorgd")
        assert (await op.aflevering(bericht)).crashes == 0
        assert "bezorging onderbroken" not in await op.verhaal(bericht)


async def test_what_expires_behind_the_head_leaves_the_crash_to_the_head(op: Opstelling):
    vooraan, achteraan = await op.stort(), await op.stort(ttl_ms=LEASE_MS // 2)
    await op.opslag.write_lane(ACHTERAAN, bezorging.claim, 1, 5)
    op.klok.verschuiving_ms += LEASE_MS + 1
    await op.motor.maintain(op.opslag)
    assert await op.status(achteraan) == "Vervallen"
    await op.tot_status(vooraan, "Bezorgd")
    assert [(await op.aflevering(bericht)).crashes for bericht in (vooraan, achteraan)] == [1, 0]


async def test_a_pause_goes_before_an_outcome_that_was_handed_in_after_it(op: Opstelling, database_url: str):
    for _ in range(3):
        await op.stort()
    (lease,) = await op.opslag.write_lane(ACHTERAAN, bezorging.claim, 5, 5)
    stap = bezorging.Stap(lease, lease.koppen[0], BEZORGD, lease.koppen[1])
    een_schrijver = Opslag(database_url, exclusief=False, klok=op.klok)

    async def settle() -> Vervolg:
        return await een_schrijver.write_together(op.motor._omgeving.settle, stap, LANE)

    pauze = een_schrijver.write_lane(LANE, lanebeheer.pause, LANE, "beheerder", "storing bij de ontvanger", None)
    _, vervolg = await in_one_group(een_schrijver, (pauze, settle()))
    assert vervolg is Vervolg.PAUZE
    await een_schrijver.close()

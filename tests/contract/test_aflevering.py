"""The delivery engine on both databases, with counterparts that answer as the test wants."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from opstelling import BEZORGD, BLIJVEND, DAG_MS, LANE, TIJDELIJK, Opstelling
from sqlalchemy.exc import InternalError, OperationalError

from routing import aanbieding, bezorging, schema
from routing.aanbieding import Vondst
from routing.databank import OpslagFout
from routing.fouten import Fout
from routing.klok import now_ms
from routing.ladder import Ladder
from routing.lanes import LEASE_MS
from routing.opslag import ACHTERAAN, CommitOnzeker, _Schrijver
from routing.overdracht import Overdracht
from routing.partij import Aansluiting, Kanaal, Partij, Partijsoort, Protocol
from routing.poorten import Zending
from routing.register import Register


async def test_delivers_the_very_bytes_and_tells_the_story(op: Opstelling):
    inhoud = bytes(range(256)) * 3000
    bericht = await op.stort(inhoud=inhoud)
    await op.tot_status(bericht, "Bezorgd")
    assert op.tegenpartij.inhoud == [inhoud]
    zending = op.tegenpartij.ontvangen[0]
    assert (zending.mogelijk_aangekomen, zending.payload.size, zending.bericht_id) == (False, len(inhoud), bericht)
    assert await op.verhaal(bericht) == ["aanbieden: Wordt aangeboden", "poging: Bezorgd"]
    aflevering = await op.aflevering(bericht)
    assert (aflevering.open, aflevering.attempts, aflevering.crashes) == (False, 1, 0)
    assert (await op.lane()).lease_token is None


async def test_order_holds_through_failures(op: Opstelling):
    ids = [await op.stort() for _ in range(6)]
    op.tegenpartij.antwoorden = [BEZORGD, TIJDELIJK, TIJDELIJK, BEZORGD, BLIJVEND]

    async def klaar() -> bool:
        await op.reis()
        return await op.status(ids[-1]) == "Bezorgd"

    await op.tot(klaar)
    assert [z.bericht_id for z in op.tegenpartij.ontvangen] == [
        ids[0], ids[1], ids[1], ids[1], ids[2], ids[3], ids[4], ids[5]
    ]  # fmt: skip
    assert await op.pogingen(ids[1]) == [1, 2, 3]
    assert await op.pogingen(ids[2]) == [1]
    assert await op.status(ids[2]) == "Bezorging afgebroken"
    assert await op.verhaal(ids[1]) == [
        "aanbieden: Wordt aangeboden",
        "poging: Aanbieden mislukt",
        "aanbieden: Wordt aangeboden",
        "poging: Aanbieden mislukt",
        "aanbieden: Wordt aangeboden",
        "poging: Bezorgd",
    ]
    assert (await op.lane()).pending == 0


async def test_a_permanent_refusal_goes_to_the_zender_as_the_other_side_said_it(op: Opstelling):
    bericht = await op.stort()
    op.tegenpartij.antwoorden = [BLIJVEND]
    await op.tot_status(bericht, "Bezorging afgebroken")
    assert await op.verhaal(bericht) == ["aanbieden: Wordt aangeboden", "poging: Bezorging afgebroken", "fo01"]
    b = schema.bericht.c
    rij = await op.opslag.read(
        lambda conn: conn.execute(sa.select(b.fout_code, b.fout_melder, b.fout_omschrijving)).one()
    )
    assert tuple(rij) == ("StUF055", LANE, "body niet goed")


async def test_a_refusal_without_a_fault_gets_ours(op: Opstelling):
    bericht = await op.stort()
    op.tegenpartij.antwoorden = [replace(BLIJVEND, fout=None)]
    await op.tot_status(bericht, "Bezorging afgebroken")
    b = schema.bericht.c
    assert await op.opslag.read(lambda conn: conn.execute(sa.select(b.fout_code)).scalar()) == "KNP002"


async def test_the_zender_is_told_in_the_same_transaction(op: Opstelling, monkeypatch: pytest.MonkeyPatch):
    bericht = await op.stort()
    op.tegenpartij.antwoorden = [BLIJVEND, BLIJVEND]
    mislukt = asyncio.Event()
    loop = asyncio.get_running_loop()

    def weigert(conn: sa.Connection, bericht_id: str, fout: Fout) -> None:
        loop.call_soon_threadsafe(mislukt.set)
        raise RuntimeError("Fo01 cannot be made")

    op.meld = weigert  # type: ignore[method-assign]  # the fault of this test
    op.bouw()
    await op.tot(lambda: asyncio.sleep(0, mislukt.is_set()))
    assert await op.status(bericht) == "Wordt aangeboden"
    assert (await op.aflevering(bericht)).open


async def test_after_five_days_it_is_given_up_and_the_next_follows(op: Opstelling):
    oud = await op.stort()
    op.tegenpartij.antwoorden = [TIJDELIJK]
    await op.tot_status(oud, "Aanbieden mislukt")
    op.klok.verschuiving_ms += 5 * DAG_MS - 60_000
    nieuw = await op.stort()
    op.klok.verschuiving_ms += 60_001
    op.bouw(poll_s=3600)
    await op.motor.maintain(op.opslag)
    assert await op.status(oud) == "Vervallen"
    assert await op.verhaal(oud) == [
        "aanbieden: Wordt aangeboden",
        "poging: Aanbieden mislukt",
        "termijn verstreken: Vervallen",
        "fo01",
    ]
    b = schema.bericht.c
    code = await op.opslag.read(lambda conn: conn.execute(sa.select(b.fout_code).where(b.id == oud)).scalar())
    assert code == "KNP001"
    op.bouw(poll_s=0.02)
    await op.tot_status(nieuw, "Bezorgd")
    assert [z.bericht_id for z in op.tegenpartij.ontvangen] == [oud, nieuw]


async def test_pull_lanes_expire_too_more_than_one_batch(op: Opstelling):
    ids = [await op.stort(kanaal=Kanaal.PULL, ttl_ms=1000) for _ in range(120)]
    op.sluit_aan(LANE, kanaal=Kanaal.PULL)
    op.klok.verschuiving_ms += 2000
    await op.motor.maintain(op.opslag)
    assert {await op.status(i) for i in ids} == {"Vervallen"}
    assert (await op.lane()).pending == 0


async def test_the_whole_ladder_in_a_moment(op: Opstelling):
    """Attempts of one bericht at a receiver that is down for five days: each wait stays under its rung."""
    bericht = await op.stort()
    op.tegenpartij.antwoorden = [TIJDELIJK] * 1000
    for mislukt in range(1, 13):
        await op.tot(lambda n=mislukt: asyncio.sleep(0, len(op.tegenpartij.ontvangen) == n))
        assert await op.reis() <= Ladder(60, 3600).bound_s(mislukt) * 1000
    assert (await op.aflevering(bericht)).attempts == 12
    assert (await op.lane()).failures == 12


async def test_retry_after_is_honoured(op: Opstelling):
    bericht = await op.stort()
    op.tegenpartij.antwoorden = [replace(TIJDELIJK, opnieuw_na=1800.0)]
    voor = op.klok.verschuiving_ms
    await op.tot_status(bericht, "Aanbieden mislukt")
    assert voor == op.klok.verschuiving_ms
    op.klok.verschuiving_ms += 1_700_000
    assert await op.opslag.write_lane(ACHTERAAN, bezorging.claim, 1, 1) == ()


async def test_a_bug_in_an_adapter_is_retried_and_its_text_is_not_logged(op: Opstelling, capsys: pytest.CaptureFixture):
    bericht = await op.stort()
    op.tegenpartij.antwoorden = [ValueError("bsn 999900006")]
    await op.tot_status(bericht, "Aanbieden mislukt")
    uit = capsys.readouterr()
    assert "999900006" not in uit.out + uit.err
    assert (await op.aflevering(bericht)).attempts == 1


async def test_a_payload_that_was_tampered_with_is_not_sent(op: Opstelling):
    een, twee = await op.stort("99010001"), await op.stort("99010002")

    def wissel(conn: sa.Connection) -> None:
        p = schema.payload
        rijen = {rij.bericht_id: rij for rij in conn.execute(sa.select(p))}
        for naar, van in ((een, twee), (twee, een)):
            bron = rijen[van]
            conn.execute(
                sa.update(p)
                .where(p.c.bericht_id == naar)
                .values(sleutel_id=bron.sleutel_id, datasleutel=bron.datasleutel, inhoud=bron.inhoud)
            )

    await op.opslag.write(wissel)
    await op.tot_status(een, "Aanbieden mislukt")
    assert op.tegenpartij.inhoud == []


async def test_nobody_connected_any_more_is_retryable(op: Opstelling):
    bericht = await op.stort("99010099")
    await op.tot_status(bericht, "Aanbieden mislukt")
    assert op.tegenpartij.ontvangen == []


async def test_waiting_berichten_follow_a_partij_to_pull_and_back(op: Opstelling):
    bericht = await op.stort()
    op.sluit_aan(LANE, kanaal=Kanaal.PULL)
    op.bouw(poll_s=3600)
    await op.motor.maintain(op.opslag)
    assert (await op.lane()).kanaal == "pull"
    assert await op.opslag.write_lane(ACHTERAAN, bezorging.claim, 1, 1) == ()
    op.sluit_aan(LANE)
    await op.motor.maintain(op.opslag)
    op.bouw(poll_s=0.02)
    await op.tot_status(bericht, "Bezorgd")


async def test_three_crashes_set_a_bericht_aside(op: Opstelling):
    gif, goed = await op.stort(), await op.stort()
    for keer in range(1, 4):
        (lease,) = await op.opslag.write_lane(ACHTERAAN, bezorging.claim, 1, 5)
        assert lease.koppen[0].crashes == keer - 1
        op.klok.verschuiving_ms += LEASE_MS + 1
    await op.tot_status(goed, "Bezorgd")
    assert [z.bericht_id for z in op.tegenpartij.ontvangen] == [goed]
    assert await op.status(gif) == "Aanbieden mislukt"
    assert (await op.verhaal(gif))[-2:] == ["bezorging onderbroken", "in quarantaine: Aanbieden mislukt"]
    aflevering = await op.aflevering(gif)
    assert (aflevering.open, aflevering.done_at, aflevering.attempts, aflevering.crashes) == (False, None, 0, 3)
    assert aflevering.quarantaine_op is not None
    assert (await op.lane()).pending == 0


async def test_after_a_crash_it_is_offered_again(op: Opstelling):
    bericht = await op.stort()
    await op.opslag.write_lane(ACHTERAAN, bezorging.claim, 1, 5)
    op.klok.verschuiving_ms += LEASE_MS + 1
    await op.tot_status(bericht, "Bezorgd")
    assert op.tegenpartij.ontvangen[0].mogelijk_aangekomen
    assert await op.pogingen(bericht) == [2]
    assert "bezorging onderbroken" in await op.verhaal(bericht)


async def test_a_worker_that_lost_its_lease_records_nothing(op: Opstelling):
    bericht = await op.stort()

    async def ingehaald(_zending: Zending) -> None:
        op.klok.verschuiving_ms += LEASE_MS + 1
        op.tegenpartij.bij = None
        leases = await op.opslag.write_lane(ACHTERAAN, bezorging.claim, 1, 1)
        assert len(leases) == 1

    op.tegenpartij.bij = ingehaald
    op.bouw(gelijktijdig=1)  # or this engine itself takes over
    await op.tot(lambda: asyncio.sleep(0, bool(op.tegenpartij.inhoud)))
    assert await op.status(bericht) == "Wordt aangeboden"
    aflevering = await op.aflevering(bericht)
    assert (aflevering.open, aflevering.attempts, aflevering.crashes) == (True, 0, 1)


async def test_long_attempts_keep_their_lease_by_heartbeats(op: Opstelling):
    bericht = await op.stort()
    begonnen = asyncio.Event()

    async def traag(_zending: Zending) -> None:
        begonnen.set()
        for _ in range(4):
            op.klok.verschuiving_ms += LEASE_MS // 2
            gereisd = await op.opslag.read(now_ms)
            while (await op.lane()).leased_until < gereisd + LEASE_MS:  # noqa: ASYNC110 - it is in the database
                await asyncio.sleep(0)

    op.tegenpartij.bij = traag
    op.bouw(hartslag_s=0.01)
    await op.tot_status(bericht, "Bezorgd")
    assert (await op.aflevering(bericht)).crashes == 0
    assert len(op.tegenpartij.ontvangen) == 1


async def test_stopping_lets_a_running_attempt_finish_and_offers_no_next(op: Opstelling):
    eerste, tweede = await op.stort(), await op.stort()
    bezig, verder = asyncio.Event(), asyncio.Event()

    async def wacht(_zending: Zending) -> None:
        bezig.set()
        await verder.wait()

    op.tegenpartij.bij = wacht
    op.motor.start()
    await bezig.wait()
    stoppen = asyncio.ensure_future(op.motor.stop())
    await asyncio.sleep(0)
    verder.set()
    await stoppen
    assert (await op.status(eerste), await op.status(tweede)) == ("Bezorgd", "Wordt verwerkt")
    lane = await op.lane()
    assert (lane.lease_token, lane.pending) == (None, 1)


async def test_stopping_breaks_off_what_takes_too_long_without_counting_it(op: Opstelling):
    bericht = await op.stort()
    await op.stop_midden()
    aflevering = await op.aflevering(bericht)
    assert (aflevering.open, aflevering.attempts, aflevering.crashes) == (True, 0, 0)
    assert (await op.lane()).lease_token is None
    assert (await op.verhaal(bericht))[-1] == "bezorging onderbroken"
    await op.tot_status(bericht, "Bezorgd")


async def test_an_attempt_without_end_is_broken_off(op: Opstelling):
    bericht = await op.stort()

    async def eeuwig(_zending: Zending) -> None:
        await asyncio.Event().wait()

    op.tegenpartij.bij = eeuwig
    op.bouw(verzending_s=0.01)
    await op.tot_status(bericht, "Aanbieden mislukt")


@pytest.mark.parametrize("breedte", [1, 2])
async def test_no_more_attempts_at_once_than_was_asked_whatever_their_outcome(op: Opstelling, breedte: int):
    op.sluit_aan(*(f"9901000{n}" for n in range(5)), max_gelijktijdig=breedte)
    berichten = [await op.stort(f"9901000{n % 5}") for n in range(15)]
    bezig = hoogste = 0

    async def tel(_zending: Zending) -> None:
        nonlocal bezig, hoogste
        bezig += 1
        hoogste = max(hoogste, bezig)
        await asyncio.sleep(0)
        bezig -= 1

    op.tegenpartij.bij = tel
    op.tegenpartij.antwoorden = [BEZORGD, BLIJVEND, ValueError("kapot"), BEZORGD, BLIJVEND, TIJDELIJK]

    async def klaar() -> bool:
        return all([await op.status(i) in {"Bezorgd", "Bezorging afgebroken"} for i in berichten])

    op.bouw(gelijktijdig=2, per_beurt=2, ladder=Ladder(0.01, 0.02))
    await op.tot(klaar)
    assert hoogste <= 2 * breedte


async def test_outcomes_that_cannot_be_written_make_room_for_as_many_turns_at_most(
    op: Opstelling, monkeypatch: pytest.MonkeyPatch
):
    berichten = [await op.stort(f"9901000{n}") for n in range(5)]
    echt, gezien = bezorging.settle, 0

    def settle(*args: Any, **kwargs: Any) -> Any:
        if gezien < 50:
            raise OpslagFout("Weg.")
        return echt(*args, **kwargs)

    monkeypatch.setattr(bezorging, "settle", settle)
    op.bouw(gelijktijdig=1)

    async def klaar() -> bool:
        nonlocal gezien
        bezet = sa.select(sa.func.count()).where(schema.lane.c.lease_token.is_not(None))
        aantal = await op.opslag.read(lambda conn: conn.execute(bezet).scalar_one())
        assert aantal <= 2
        gezien += aantal == 2
        return all([await op.status(i) == "Bezorgd" for i in berichten])

    await op.tot(klaar)
    assert [z.bericht_id for z in op.tegenpartij.ontvangen] == berichten


async def test_a_slow_partij_does_not_hold_up_the_others(op: Opstelling):
    vast = await op.stort("99010000")
    vrij = [await op.stort(f"9901000{n}") for n in range(1, 5)]
    los = asyncio.Event()

    async def traag(zending: Zending) -> None:
        if zending.bericht_id == vast:
            await los.wait()

    op.tegenpartij.bij = traag

    async def klaar() -> bool:
        if all([await op.status(i) == "Bezorgd" for i in vrij]):
            los.set()
        return await op.status(vast) == "Bezorgd"

    await op.tot(klaar)


async def test_two_engines_share_the_work_without_doing_it_twice(op: Opstelling):
    ids = [await op.stort(f"9901000{n % 5}") for n in range(60)]
    een, twee = op.bouw(gelijktijdig=2, per_beurt=3), op.bouw(gelijktijdig=2, per_beurt=3)
    een.start()
    twee.start()
    while any([await op.status(i) != "Bezorgd" for i in ids[-5:]]):  # noqa: ASYNC110 - what is awaited is in the database
        await asyncio.sleep(0)
    await een.stop()
    await twee.stop()
    assert sorted(z.bericht_id for z in op.tegenpartij.ontvangen) == sorted(ids)
    for lane in range(5):
        eigen = [z.bericht_id for z in op.tegenpartij.ontvangen if z.aansluiting.partij == f"9901000{lane}"]
        assert eigen == ids[lane::5]


async def test_a_claim_that_is_in_the_row_when_the_hub_stops_takes_nothing(op: Opstelling):
    """Once it did: the bericht was then left behind as offered, by a hub that had stopped."""
    los = threading.Event()
    blokken = []
    for _ in op.opslag._schrijvers:
        begonnen = threading.Event()

        def houd_op(_conn: sa.Connection, begonnen: threading.Event = begonnen) -> None:
            begonnen.set()
            los.wait(60)

        blokken.append(asyncio.ensure_future(op.opslag.write(houd_op)))
        await asyncio.sleep(0)
        await asyncio.to_thread(begonnen.wait, 60)
    opgeslagen = asyncio.ensure_future(op.stort())  # stands in the row before the claim
    await asyncio.sleep(0)
    op.motor.start()
    await asyncio.sleep(0)
    stoppen = asyncio.ensure_future(op.motor.stop())
    await asyncio.sleep(0)
    los.set()
    await asyncio.gather(stoppen, *blokken)
    bericht = await opgeslagen
    assert await op.status(bericht) == "Wordt verwerkt"
    lane = await op.lane()
    assert (lane.lease_token, lane.pending) == (None, 1)


async def test_a_row_that_cannot_be_read_is_no_matter_of_the_others(op: Opstelling, monkeypatch: pytest.MonkeyPatch):
    ids = [await op.stort(f"9901000{n}") for n in range(5)]
    echt = aanbieding._load

    def load(conn: sa.Connection, bericht_ids: Sequence[str]) -> dict[str, aanbieding.Inhoud]:
        if ids[0] in bericht_ids:
            raise sa.exc.InternalError("SELECT", {}, Exception("missing chunk"))
        return echt(conn, bericht_ids)

    monkeypatch.setattr(aanbieding, "_load", load)

    async def klaar() -> bool:
        return [await op.status(i) for i in ids[1:]] == ["Bezorgd"] * 4

    await op.tot(klaar)
    assert (await op.aflevering(ids[0])).open
    assert [(await op.aflevering(i)).crashes for i in ids[1:]] == [0] * 4


async def test_a_turn_holds_its_own_berichten_and_no_others(op: Opstelling):
    ids = [await op.stort(f"9901000{n}") for n in range(5) for _ in range(3)]
    beurten = await op.opslag.write_lane(ACHTERAAN, bezorging.claim, 5, 3)
    vondst = Vondst(op.opslag, Overdracht(), [kop for lease in beurten for kop in lease.koppen])
    gegeven = [await vondst.give(lease.koppen) for lease in beurten]
    assert [set(deel) for deel in gegeven] == [{kop.bericht_id for kop in lease.koppen} for lease in beurten]
    assert {i for deel in gegeven for i in deel} == set(ids)


async def test_an_outcome_of_which_is_unknown_whether_it_was_written_frees_the_lane(
    op: Opstelling, monkeypatch: pytest.MonkeyPatch
):
    ids = [await op.stort() for _ in range(3)]
    echt, fouten = _Schrijver._transact, [CommitOnzeker("verbinding weg")]

    def transact(self: _Schrijver, groep: list[Any], **hoe: Any) -> None:
        echt(self, groep, **hoe)
        if fouten and any(isinstance(b.args[0], bezorging.Stap) for b in groep if b.args):
            raise fouten.pop()

    monkeypatch.setattr(_Schrijver, "_transact", transact)
    await op.tot_status(ids[-1], "Bezorgd")  # without waiting for the lease to end
    assert fouten == []
    assert [z.bericht_id for z in op.tegenpartij.ontvangen] == ids
    assert [(await op.aflevering(i)).crashes for i in ids] == [0, 0, 0]


async def test_who_moves_in_the_middle_of_a_turn_gets_the_rest_at_the_new_address(op: Opstelling):
    ids = [await op.stort() for _ in range(3)]

    async def verhuis(_zending: Zending) -> None:
        partij = Partij(LANE, Partijsoort.ZORGAANBIEDER, LANE)
        nieuw = Aansluiting(LANE, (), Kanaal.PUSH, Protocol.STUF, "https://nieuw.example/")
        op.bron._register = Register.of([partij], [nieuw], [])

    op.tegenpartij.bij = verhuis
    await op.tot_status(ids[-1], "Bezorgd")
    adressen = [z.aansluiting.url for z in op.tegenpartij.ontvangen]
    assert adressen == ["https://127.0.0.1/", "https://nieuw.example/", "https://nieuw.example/"]


async def test_an_outcome_that_comes_after_the_lease_counts_when_nobody_took_over(op: Opstelling):
    bericht = await op.stort()

    async def blijf_weg(_zending: Zending) -> None:
        op.klok.verschuiving_ms += LEASE_MS + 1

    op.tegenpartij.bij = blijf_weg
    op.bouw(poll_s=60)  # it claims when woken only, so not before that outcome
    await op.tot_status(bericht, "Bezorgd")
    assert len(op.tegenpartij.ontvangen) == 1
    assert (await op.aflevering(bericht)).crashes == 0


async def test_an_outcome_that_comes_when_another_took_over_leaves_the_crash_to_be_counted(op: Opstelling):
    bericht = await op.stort()
    eerste, weg = op.motor, asyncio.Event()

    async def blijf_weg(_zending: Zending) -> None:
        op.tegenpartij.bij = None
        op.klok.verschuiving_ms += LEASE_MS + 1
        weg.set()
        while (await op.aflevering(bericht)).crashes == 0:  # noqa: ASYNC110 - another takes the lane
            await asyncio.sleep(0)

    op.tegenpartij.bij = blijf_weg
    eerste.start()
    await weg.wait()
    op.bouw()
    await op.tot_status(bericht, "Bezorgd")
    await eerste.stop()
    assert len(op.tegenpartij.ontvangen) == 2
    assert (await op.aflevering(bericht)).crashes == 1


@pytest.mark.parametrize("breedte", [1, 3])
async def test_what_cannot_be_read_is_set_aside_and_holds_up_no_other(
    op: Opstelling, monkeypatch: pytest.MonkeyPatch, breedte: int
):
    op.sluit_aan(LANE, max_gelijktijdig=breedte)
    ids = [await op.stort() for _ in range(6)]
    echt, stuk = aanbieding._load, []

    def load(conn: sa.Connection, welke: Any) -> Any:
        if ids[2] in welke:
            stuk.append(welke)
            raise InternalError("x", {}, Exception("missing chunk number 0 for toast value"))
        return echt(conn, welke)

    monkeypatch.setattr(aanbieding, "_load", load)

    async def klaar() -> bool:
        if stuk and not op.motor._lopend:  # its turn broke off, and nobody gives the lane back
            stuk.clear()
            op.klok.verschuiving_ms += LEASE_MS + 1
        return (await op.lane()).pending == 0

    await op.tot(klaar)
    assert (await op.aflevering(ids[2])).quarantaine_op is not None
    assert [await op.status(i) for i in ids[:2] + ids[3:]] == ["Bezorgd"] * 5
    assert len(op.tegenpartij.ontvangen) == 5
    assert sum([len(await op.verhaal(i)) for i in ids]) < 60


async def test_of_a_wide_lease_that_broke_only_what_was_on_its_way_is_counted(op: Opstelling):
    op.sluit_aan(LANE, max_gelijktijdig=3)
    ids = [await op.stort() for _ in range(3)]
    op.tegenpartij.antwoorden = [BLIJVEND, BEZORGD, BEZORGD]

    def meld(_conn: sa.Connection, _bericht_id: str, _fout: Fout) -> None:
        raise ValueError("a Fo01 cannot be made")

    op.meld = meld
    op.bouw()

    async def bezorgd() -> bool:
        return len(op.tegenpartij.inhoud) == 3 and not op.motor._lopend

    await op.tot(bezorgd)
    assert len(op.tegenpartij.ontvangen) == 3
    assert (await op.lane()).lease_token is not None
    op.klok.verschuiving_ms += LEASE_MS + 1
    (lease,) = await op.opslag.write_lane(ACHTERAAN, bezorging.claim, 1, 5)
    assert [kop.crashes for kop in lease.koppen] == [1]
    assert sorted([(await op.aflevering(i)).crashes for i in ids]) == [0, 0, 1]


@pytest.mark.parametrize("breedte", [1, 3])
async def test_a_lane_whose_berichten_cannot_be_read_now_waits(
    op: Opstelling, monkeypatch: pytest.MonkeyPatch, breedte: int
):
    op.sluit_aan(LANE, max_gelijktijdig=breedte)
    bericht = await op.stort()
    await op.stort()
    echt, gelezen = op.opslag.read, 0

    async def read(fn: Any, *args: Any) -> Any:
        nonlocal gelezen
        if fn is aanbieding._load:
            gelezen += 1
            raise OpslagFout("De database is niet te lezen.")
        return await echt(fn, *args)

    monkeypatch.setattr(op.opslag, "read", read)
    monkeypatch.setattr(Ladder, "wait_ms", lambda _ladder, mislukt: 60_000 * mislukt)

    async def teruggegeven() -> bool:
        return gelezen > 0 and (await op.lane()).lease_token is None

    await op.tot(teruggegeven)
    lane = await op.lane()
    assert (lane.failures, lane.next_due > await op.opslag.read(now_ms)) == (0, True)
    assert await op.opslag.write_lane(ACHTERAAN, bezorging.claim, 1, 5) == ()
    monkeypatch.undo()
    await op.reis()
    await op.tot_status(bericht, "Bezorgd")
    assert (await op.aflevering(bericht)).crashes == 0


async def test_an_outcome_that_the_database_cannot_take_is_written_when_it_can(
    op: Opstelling, monkeypatch: pytest.MonkeyPatch
):
    bericht = await op.stort()
    echt, keren = bezorging.settle, 0

    def settle(*args: Any, **hoe: Any) -> Any:
        nonlocal keren
        keren += 1
        if keren <= 2:  # once for the group, once by itself
            raise OperationalError("x", {}, sqlite3.OperationalError("database or disk is full"))
        return echt(*args, **hoe)

    monkeypatch.setattr(bezorging, "settle", settle)
    op.bouw()
    await op.tot_status(bericht, "Bezorgd")
    assert keren >= 3
    assert len(op.tegenpartij.ontvangen) == 1
    assert (await op.aflevering(bericht)).crashes == 0

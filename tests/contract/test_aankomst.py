"""Whether an earlier attempt may have reached the ontvanger: only then does "not unique" mean that it did.

Taken too narrowly the zender gets a Fo01 about what the ontvanger has; too widely, what he refused is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import sqlalchemy as sa
from opstelling import BLIJVEND, LANE, TIJDELIJK, Opstelling

from adapters.stufggk.antwoord_lezen import Antwoord, Antwoordsoort
from adapters.stufggk.uitkomst import classify
from routing import aanbieding, bezorging, herzending, lanes, quarantaine, schema
from routing.bericht import Foutinhoud
from routing.databank import OpslagFout
from routing.lanes import LEASE_MS, Lease
from routing.opslag import ACHTERAAN, Opslag
from routing.poorten import Uitkomst, Zending
from routing.register import Register
from routing.vastlegging import Termijnen

Stort = Callable[..., str]
ONBEKEND = replace(TIJDELIJK, mogelijk_aangekomen=True)
TERMIJNEN = Termijnen(60_000, 60_000)
NIET_UNIEK = Antwoord(500, Antwoordsoort.STUF_FOUT, fout=Foutinhoud("StUF016", "client", "niet uniek"))


def gehoord(op: Opstelling) -> list[bool]:
    """What each attempt was told about those before it."""
    return [zending.mogelijk_aangekomen for zending in op.tegenpartij.ontvangen]


async def claim(op: Opstelling, koppen: int = 1, breedte: int = 1) -> Lease:
    (lease,) = await op.opslag.write_lane(ACHTERAAN, bezorging.claim, 1, koppen, lambda _lane: breedte)
    return lease


async def until_status(op: Opstelling, bericht: str, status: str) -> None:
    """Let the engine work until a bericht has a status, and travel when its lane waits."""

    async def klaar() -> bool:
        await op.reis()
        return await op.status(bericht) == status

    await op.tot(klaar)


@pytest.mark.parametrize(
    ("uitkomsten", "verwacht"),
    [
        ([TIJDELIJK, TIJDELIJK], [False, False, False]),
        ([ONBEKEND], [False, True]),
        ([TIJDELIJK, ONBEKEND, TIJDELIJK], [False, False, True, True]),
        ([ValueError("kapot")], [False, True]),
    ],
    ids=["alleen nee", "geen antwoord", "geen antwoord en dan nee", "fout in de adapter"],
)
async def test_only_an_attempt_that_was_not_clearly_turned_away_may_have_arrived(
    op: Opstelling, uitkomsten: list[Uitkomst | Exception], verwacht: list[bool]
):
    bericht = await op.stort()
    op.tegenpartij.antwoorden = list(uitkomsten)
    await until_status(op, bericht, "Bezorgd")
    assert gehoord(op) == verwacht


async def test_an_attempt_that_took_too_long_may_have_arrived(op: Opstelling):
    bericht = await op.stort()

    async def eeuwig(_zending: Zending) -> None:
        op.tegenpartij.bij = None
        await asyncio.Event().wait()

    op.tegenpartij.bij = eeuwig
    op.bouw(verzending_s=0.5)
    await until_status(op, bericht, "Bezorgd")
    assert gehoord(op) == [False, True]


@pytest.mark.parametrize("breedte", [1, 3])
async def test_what_a_stop_broke_off_may_have_arrived(op: Opstelling, breedte: int):
    op.sluit_aan(LANE, max_gelijktijdig=breedte)
    berichten = [await op.stort() for _ in range(breedte + 1)]
    await op.stop_midden(breedte)
    for bericht in berichten:
        await op.tot_status(bericht, "Bezorgd")
    assert gehoord(op) == [False] * breedte + [True] * breedte + [False]


@pytest.mark.parametrize("breedte", [1, 3])
async def test_what_was_handed_back_unread_has_not_been_on_its_way(
    op: Opstelling, monkeypatch: pytest.MonkeyPatch, breedte: int
):
    op.sluit_aan(LANE, max_gelijktijdig=breedte)
    berichten = [await op.stort() for _ in range(breedte)]
    echt, fouten = aanbieding._load, [OpslagFout("weg")]

    def load(conn: sa.Connection, bericht_ids: Sequence[str]) -> dict[str, aanbieding.Inhoud]:
        if fouten:
            raise fouten.pop()
        return echt(conn, bericht_ids)

    monkeypatch.setattr(aanbieding, "_load", load)

    async def teruggegeven() -> bool:
        return not fouten and (await op.lane()).lease_token is None

    await op.tot(teruggegeven)
    await op.reis()
    for bericht in berichten:
        await op.tot_status(bericht, "Bezorgd")
    assert "bezorging onderbroken" in await op.verhaal(berichten[0])
    assert gehoord(op) == [False] * breedte


@pytest.mark.parametrize("breedte", [1, 3])
async def test_what_was_on_its_way_at_a_crash_may_have_arrived(op: Opstelling, breedte: int):
    op.sluit_aan(LANE, max_gelijktijdig=breedte)
    berichten = [await op.stort() for _ in range(breedte + 1)]
    await claim(op, breedte + 1, breedte)
    op.klok.verschuiving_ms += LEASE_MS + 1
    for bericht in berichten:
        await op.tot_status(bericht, "Bezorgd")
    assert sorted(gehoord(op)) == [False] + [True] * breedte


async def test_what_comes_back_from_quarantine_may_have_arrived(op: Opstelling):
    bericht = await op.stort()
    for _ in range(4):
        await op.opslag.write_lane(ACHTERAAN, bezorging.claim, 1, 5)
        op.klok.verschuiving_ms += LEASE_MS + 1
    await op.opslag.write(quarantaine.release, bericht, "an")
    await op.tot_status(bericht, "Bezorgd")
    assert gehoord(op) == [True]


@pytest.mark.parametrize(
    ("uitkomsten", "verwacht"),
    [([BLIJVEND], False), ([ONBEKEND, BLIJVEND], True), ([replace(BLIJVEND, mogelijk_aangekomen=True)], True)],
    ids=["geweigerd", "geen antwoord en dan geweigerd", "geweigerd door een kapotte server"],
)
async def test_who_resends_remembers_what_may_have_arrived(
    op: Opstelling, uitkomsten: list[Uitkomst | Exception], *, verwacht: bool
):
    bericht = await op.stort()
    op.tegenpartij.antwoorden = list(uitkomsten)
    await until_status(op, bericht, "Bezorging afgebroken")
    for _ in range(2):
        op.tegenpartij.antwoorden = [BLIJVEND]
        await op.opslag.write(
            lambda conn: herzending.resend(conn, bericht, TERMIJNEN, "an", register=op.bron.current())
        )
        await until_status(op, bericht, "Bezorging afgebroken")
    assert gehoord(op)[-2:] == [verwacht, verwacht]


async def test_another_ontvanger_never_had_it(op: Opstelling):
    bericht = await op.stort()
    op.tegenpartij.antwoorden = [ONBEKEND, BLIJVEND]
    await until_status(op, bericht, "Bezorging afgebroken")
    elders = replace(op.bron.current().reach(LANE), partij="99010003")  # type: ignore[type-var]  # it is connected

    class Omgeleid(Register):
        def reach(self, code: str) -> object:  # type: ignore[override]
            return elders if code == LANE else super().reach(code)

    await op.opslag.write(
        lambda conn: herzending.resend(conn, bericht, TERMIJNEN, "an", register=Omgeleid.of([], [], []))
    )
    await until_status(op, bericht, "Bezorgd")
    assert gehoord(op) == [False, True, False]


async def test_nothing_was_sent_to_who_was_not_connected(op: Opstelling):
    bericht = await op.stort()
    op.bron._register = Register.of([], [], [])
    await op.tot_status(bericht, "Aanbieden mislukt")
    op.sluit_aan(LANE)
    await until_status(op, bericht, "Bezorgd")
    assert gehoord(op) == [False]


class NietUniek:
    """An ontvanger who answers StUF016 to everything."""

    async def deliver(self, zending: Zending) -> Uitkomst:
        return classify(NIET_UNIEK, "", mogelijk_aangekomen=zending.mogelijk_aangekomen)

    async def close(self) -> None:
        """Nothing to release."""


async def test_an_ontvanger_that_refuses_every_repetition_of_what_we_broke_off_has_it(op: Opstelling):
    bericht = await op.stort()
    await op.stop_midden()
    op.tegenpartij = NietUniek()  # type: ignore[assignment]
    op.bouw()
    await op.tot_status(bericht, "Bezorgd")
    assert "fo01" not in await op.verhaal(bericht)


async def test_an_ontvanger_that_refuses_the_first_thing_that_is_sent_does_not_have_it(op: Opstelling):
    bericht = await op.stort()
    op.bron._register = Register.of([], [], [])
    await op.tot_status(bericht, "Aanbieden mislukt")
    op.sluit_aan(LANE)
    op.tegenpartij = NietUniek()  # type: ignore[assignment]
    op.bouw()
    await until_status(op, bericht, "Bezorging afgebroken")
    assert (await op.verhaal(bericht))[-1] == "fo01"


@pytest.mark.parametrize(
    ("geteld", "verwacht"), [({"attempts": 1}, True), ({"crashes": 1}, True), ({}, False)], ids=str
)
async def test_of_what_an_older_release_attempted_each_may_have_arrived(
    op: Opstelling, geteld: dict[str, int], *, verwacht: bool
):
    """It counts attempts and crashes and knows nothing else, also while it runs beside this one."""
    bericht = await op.stort()
    a = schema.aflevering
    await op.opslag.write(lambda conn: conn.execute(sa.update(a).values(offered=False, **geteld)) and None)
    await op.tot_status(bericht, "Bezorgd")
    assert gehoord(op) == [verwacht]


async def test_what_an_older_release_broke_off_is_resent_as_it_did(op: Opstelling):
    bericht = await op.stort()
    op.tegenpartij.antwoorden = [BLIJVEND]
    await op.tot_status(bericht, "Bezorging afgebroken")
    a = schema.aflevering
    await op.opslag.write(lambda conn: conn.execute(sa.update(a).values(mogelijk_aangekomen=None)) and None)
    await op.opslag.write(lambda conn: herzending.resend(conn, bericht, TERMIJNEN, "an", register=op.bron.current()))
    await op.tot_status(bericht, "Bezorgd")
    assert gehoord(op) == [False, False]


async def test_a_mark_that_was_left_behind_says_that_an_attempt_did_not_end(opslag: Opslag, stort: Stort):
    for _ in range(3):
        await opslag.write(stort)
    (lease,) = (await opslag.write_lane(ACHTERAAN, lanes.claim, 1, 3, lambda _lane: 2)).leases
    van_wie = schema.lane.c.lease_token == lease.token
    los = sa.update(schema.lane).where(van_wie).values(lease_token=None, leased_until=0)
    await opslag.write(lambda conn: conn.execute(los).rowcount)  # as an older release gave it back
    (opnieuw,) = (await opslag.write_lane(ACHTERAAN, lanes.claim, 1, 3, lambda _lane: 2)).leases
    assert opnieuw.koppen[0].mogelijk_aangekomen

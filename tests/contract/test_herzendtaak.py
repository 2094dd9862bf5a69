"""Resending in bulk on both databases: exactly what was previewed, at the rate that was asked, never twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from routing import herzendtaak, schema
from routing.herzender import Herzender
from routing.herzending import resend
from routing.herzendtaak import NietToegestaan, Selectie, Toestand
from routing.klok import Klok
from routing.onderhoud import Onderhoud, Taak
from routing.opslag import Opslag
from routing.partij import Aansluiting, Kanaal, Partij, Partijsoort, Protocol
from routing.register import Register, RegisterBron
from routing.vastlegging import Termijnen

Stort = Callable[..., str]
A, B = "99010001", "99010002"
TERMIJNEN = Termijnen(86_400_000, 86_400_000)
WIE = "opdrachtregel (test)"
REGISTER = Register.of(
    [Partij(code, Partijsoort.ZORGAANBIEDER, code) for code in (A, B)],
    [Aansluiting(code, (), Kanaal.PUSH, Protocol.STUF, "https://127.0.0.1/") for code in (A, B)],
    [],
)


def break_off(conn: sa.Connection, bericht_id: str, status: str = "Bezorging afgebroken", code: str = "KNP002") -> None:
    a, b = schema.aflevering, schema.bericht
    conn.execute(sa.update(a).where(a.c.bericht_id == bericht_id).values(open=False, done_at=1))
    conn.execute(sa.update(b).where(b.c.id == bericht_id).values(status=status, fout_code=code))


@pytest.fixture
async def afgebroken(opslag: Opslag, stort: Stort) -> list[str]:
    """Six for A, of which one expired, four for B; three others that are not to be touched."""
    ids = [await opslag.write(stort, lane) for lane in (A,) * 6 + (B,) * 4]
    for nummer, bericht_id in enumerate(ids):
        if nummer:
            await opslag.write(break_off, bericht_id)
        else:
            await opslag.write(break_off, bericht_id, "Vervallen", "KNP001")
    for _ in range(3):
        await opslag.write(stort, A)
    return ids


async def prepare(opslag: Opslag, **filters: object) -> int:
    return await opslag.write(herzendtaak.prepare, Selectie(**filters), WIE)


async def finish(opslag: Opslag, klok: Klok, nummer: int) -> None:
    """Let a job end by travelling to each moment at which it may go on."""
    while nummer in await opslag.read(herzendtaak.running):
        await opslag.write(herzendtaak.advance, nummer, TERMIJNEN, REGISTER)
        klok.verschuiving_ms += 60_000


async def afleveringen(opslag: Opslag) -> Counter[str]:
    a = schema.aflevering.c
    return Counter(await opslag.read(lambda conn: conn.execute(sa.select(a.bericht_id)).scalars().all()))


async def stand(opslag: Opslag, nummer: int) -> herzendtaak.Stand:
    (gevonden,) = await opslag.read(herzendtaak.read_stand, nummer)
    return gevonden


@pytest.mark.parametrize(
    ("filters", "verwacht"),
    [
        ({}, {A: 6, B: 4}),
        ({"ontvanger": B}, {B: 4}),
        ({"status": "Vervallen"}, {A: 1}),
        ({"foutcode": "KNP002"}, {A: 5, B: 4}),
        ({"zender": "0344", "ontvanger": A, "tot": 9_000_000_000_000}, {A: 6}),
    ],
)
async def test_a_preview_counts_per_ontvanger_and_offers_nothing(
    opslag: Opslag, afgebroken: list[str], filters: dict[str, object], verwacht: dict[str, int]
):
    nummer = await prepare(opslag, **filters)
    delen = await opslag.read(herzendtaak.preview, nummer)
    assert {deel.ontvanger: deel.aantal for deel in delen} == verwacht
    assert all(deel.oudste <= deel.nieuwste for deel in delen)
    assert set((await afleveringen(opslag)).values()) == {1}
    assert (await stand(opslag, nummer)).toestand is Toestand.VOORBEREID


async def test_a_selection_of_nothing_makes_no_job(opslag: Opslag, afgebroken: list[str]):
    with pytest.raises(NietToegestaan, match="Geen enkel bericht"):
        await prepare(opslag, foutcode="X")
    with pytest.raises(NietToegestaan, match="Geen enkel bericht"):
        await prepare(opslag, vanaf=9_000_000_000_000)
    assert await opslag.read(herzendtaak.read_stand) == ()


async def test_a_job_offers_each_once_in_order_and_ends(opslag: Opslag, klok: Klok, afgebroken: list[str]):
    nummer = await prepare(opslag)
    await opslag.write(herzendtaak.start, nummer, 240, WIE)
    await finish(opslag, klok, nummer)
    klaar = await stand(opslag, nummer)
    assert (klaar.toestand, klaar.aangeboden, klaar.overgeslagen, klaar.wachtend) == (Toestand.KLAAR, 10, 0, 0)
    assert {bericht_id: (await afleveringen(opslag))[bericht_id] for bericht_id in afgebroken} == dict.fromkeys(
        afgebroken, 2
    )
    a = schema.aflevering.c
    volgorde = sa.select(a.bericht_id).where(a.open, a.lane == A, a.bericht_id.in_(afgebroken)).order_by(a.seq)
    assert await opslag.read(lambda conn: conn.execute(volgorde).scalars().all()) == afgebroken[:6]
    with pytest.raises(NietToegestaan, match="is klaar"):
        await opslag.write(herzendtaak.start, nummer, 240, WIE)
    with pytest.raises(NietToegestaan, match="bestaat niet"):
        await opslag.write(herzendtaak.stop, nummer + 1, WIE)


async def test_the_rate_holds_also_when_many_ask(opslag: Opslag, klok: Klok, afgebroken: list[str]):
    nummer = await prepare(opslag)
    await opslag.write(herzendtaak.start, nummer, 120, WIE)
    for _ in range(5):
        await opslag.write(herzendtaak.advance, nummer, TERMIJNEN, REGISTER)
    assert (await stand(opslag, nummer)).aangeboden == 2
    klok.verschuiving_ms += 1_001
    for _ in range(5):
        await opslag.write(herzendtaak.advance, nummer, TERMIJNEN, REGISTER)
    assert (await stand(opslag, nummer)).aangeboden == 4


async def test_a_stopped_job_waits_and_goes_on_where_it_was(opslag: Opslag, klok: Klok, afgebroken: list[str]):
    nummer = await prepare(opslag)
    await opslag.write(herzendtaak.start, nummer, 180, WIE)
    await opslag.write(herzendtaak.advance, nummer, TERMIJNEN, REGISTER)
    await opslag.write(herzendtaak.stop, nummer, WIE)
    klok.verschuiving_ms += 60_000
    assert await opslag.write(herzendtaak.advance, nummer, TERMIJNEN, REGISTER) == ()
    assert (await stand(opslag, nummer)).aangeboden == 3
    await opslag.write(herzendtaak.start, nummer, 600, WIE)
    await finish(opslag, klok, nummer)
    assert (await stand(opslag, nummer)).aangeboden == 10
    assert max((await afleveringen(opslag)).values()) == 2


async def test_two_jobs_and_a_single_resend_offer_a_bericht_once(opslag: Opslag, klok: Klok, afgebroken: list[str]):
    een, twee = await prepare(opslag), await prepare(opslag, ontvanger=A)
    await opslag.write(resend, afgebroken[0], TERMIJNEN, WIE, register=REGISTER)
    for nummer in (een, twee):
        await opslag.write(herzendtaak.start, nummer, 600, WIE)
    await opslag.write(herzendtaak.advance, een, TERMIJNEN, REGISTER)
    for bericht_id in afgebroken[:6]:  # they fail again: for the second job that is a new story
        await opslag.write(break_off, bericht_id)
    for nummer in (een, twee):
        await finish(opslag, klok, nummer)
    assert (await stand(opslag, een)).overgeslagen == 1
    tweede = await stand(opslag, twee)
    assert (tweede.aangeboden, tweede.overgeslagen) == (0, 6)
    assert tweede.redenen == {"Dit bericht is intussen al opnieuw aangeboden.": 6}
    assert max((await afleveringen(opslag)).values()) == 2


async def test_nodes_that_work_at_once_offer_each_once(
    database_url: str, opslag: Opslag, stort: Stort, afgebroken: list[str]
):
    for _ in range(40):
        afgebroken.append(await opslag.write(stort, B))
        await opslag.write(break_off, afgebroken[-1])
    nummer = await prepare(opslag)
    anderen = [Opslag(database_url, exclusief=False) for _ in range(3)]
    await opslag.write(herzendtaak.start, nummer, herzendtaak.HOOGSTENS, WIE)

    async def work(waar: Opslag) -> None:
        while nummer in await waar.read(herzendtaak.running):
            await waar.write(herzendtaak.advance, nummer, TERMIJNEN, REGISTER)

    try:
        await asyncio.gather(*(work(waar) for waar in (opslag, *anderen)))
    finally:
        for ander in anderen:
            await ander.close()
    assert (await stand(opslag, nummer)).aangeboden == 50
    assert max((await afleveringen(opslag)).values()) == 2


async def test_a_batch_that_breaks_off_leaves_nothing_behind(
    opslag: Opslag, klok: Klok, afgebroken: list[str], monkeypatch: pytest.MonkeyPatch
):
    nummer = await prepare(opslag)
    await opslag.write(herzendtaak.start, nummer, 600, WIE)

    def advance_and_die(conn: sa.Connection) -> None:
        herzendtaak.advance(conn, nummer, TERMIJNEN, REGISTER)
        raise RuntimeError("stroom weg")

    with pytest.raises(RuntimeError):
        await opslag.write(advance_and_die)
    assert set((await afleveringen(opslag)).values()) == {1}
    await finish(opslag, klok, nummer)
    assert (await stand(opslag, nummer)).aangeboden == 10


async def test_what_cannot_be_offered_is_left_alone_with_a_reason(opslag: Opslag, klok: Klok, afgebroken: list[str]):
    nummer = await prepare(opslag)
    await opslag.write(herzendtaak.start, nummer, 600, WIE)
    alleen_a = Register.of([Partij(A, Partijsoort.ZORGAANBIEDER, A)], [REGISTER.aansluitingen[A]], [])
    await opslag.write(herzendtaak.advance, nummer, TERMIJNEN, alleen_a)
    uitslag = await stand(opslag, nummer)
    assert (uitslag.aangeboden, uitslag.overgeslagen) == (6, 4)
    assert uitslag.redenen == {f"Ontvanger {B} heeft geen aansluiting meer.": 4}


async def test_the_node_that_leads_works_on_it_and_wakes_the_lanes(opslag: Opslag, afgebroken: list[str]):
    nummer = await prepare(opslag)
    await opslag.write(herzendtaak.start, nummer, herzendtaak.HOOGSTENS, WIE)
    gewekt: list[str] = []
    herzender = Herzender(opslag, RegisterBron(REGISTER), TERMIJNEN, gewekt.append)
    assert await Onderhoud(opslag, ()).run(Taak("herzending", 1.0, herzender.turn))
    assert (await stand(opslag, nummer)).toestand is Toestand.KLAAR
    assert gewekt == [A, B]

"""Retention on both databases: only what arrived or was refused, in small transactions, with all that belongs to it."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from routing import bewaring, incident, lanes, logboek, schema
from routing.bewaring import BEGIN, Bewaartermijnen, Opgeschoond, Stap, clean, content_until
from routing.incident import Incidentboek
from routing.klok import Klok, now_ms
from routing.onderhoud import Beurt, Onderhoud, Taak
from routing.opslag import ACHTERAAN, Opslag
from routing.status import Status

Stort = Callable[..., str]
DAG_MS = 86_400_000
TERMIJNEN = Bewaartermijnen(inhoud=30 * DAG_MS, dossier=100 * DAG_MS, gegevens=1000 * DAG_MS, beheer=365 * DAG_MS)
LANG = 10_000 * DAG_MS


async def bewaar_bezorgd(opslag: Opslag, stort: Stort, aantal: int = 1) -> list[str]:
    """Deliver berichten; the aflevering exists only when the transaction has ended, so this takes two."""
    ids = [await opslag.write(stort, ttl_ms=LANG) for _ in range(aantal)]

    def sluit(conn: sa.Connection) -> None:
        a, lane = schema.aflevering, schema.lane
        for bericht_id in ids:
            logboek.set_status(conn, bericht_id, Status.WORDT_AANGEBODEN)
            logboek.set_status(conn, bericht_id, Status.BEZORGD)
        conn.execute(sa.update(a).where(a.c.bericht_id.in_(ids)).values(open=False, done_at=1))
        conn.execute(sa.update(lane).values(pending=lane.c.pending - aantal))

    await opslag.write(sluit)
    return ids


async def ruim_op(opslag: Opslag) -> Opgeschoond:
    uit: list[Opgeschoond] = []

    async def doe(beurt: Beurt) -> None:
        uit.append(await clean(beurt, TERMIJNEN))

    assert await Onderhoud(opslag, ()).run(Taak("proef", 0, doe))
    return uit[0]


async def over(opslag: Opslag, tabel: sa.Table) -> int:
    return await opslag.read(lambda conn: conn.execute(sa.select(sa.func.count()).select_from(tabel)).scalar_one())


async def test_a_delivered_payload_goes_after_its_term_and_the_rest_stays(opslag: Opslag, stort: Stort, klok: Klok):
    (bericht,) = await bewaar_bezorgd(opslag, stort)
    tot = await opslag.read(content_until, bericht, TERMIJNEN)
    assert tot is not None
    klok.verschuiving_ms += 30 * DAG_MS - 60_000
    assert await ruim_op(opslag) == Opgeschoond(0, 0)
    klok.verschuiving_ms += 61_000
    assert await ruim_op(opslag) == Opgeschoond(1, 0)
    assert await over(opslag, schema.payload) == 0
    assert (await over(opslag, schema.bericht), await over(opslag, schema.aflevering)) == (1, 1)
    klok.verschuiving_ms += 970 * DAG_MS
    assert await ruim_op(opslag) == Opgeschoond(0, 1)
    for tabel in (schema.bericht, schema.aflevering, schema.gebeurtenis):
        assert await over(opslag, tabel) == 0


async def test_what_was_not_delivered_is_never_removed(opslag: Opslag, stort: Stort, klok: Klok):
    wachtend = await opslag.write(stort, ttl_ms=LANG)
    ids = [await opslag.write(stort, "99010002", ttl_ms=LANG) for _ in range(3)]

    def breek_af(conn: sa.Connection) -> None:
        logboek.set_status(conn, ids[0], Status.VERVALLEN)
        logboek.set_status(conn, ids[1], Status.BEZORGING_AFGEBROKEN)

    await opslag.write(breek_af)
    klok.verschuiving_ms += 5000 * DAG_MS
    assert await ruim_op(opslag) == Opgeschoond(0, 0)
    assert await over(opslag, schema.payload) == 4
    for bericht in (wachtend, *ids):
        assert await opslag.read(content_until, bericht, TERMIJNEN) is None


async def test_nothing_goes_while_an_aflevering_is_open_or_in_quarantine(opslag: Opslag, stort: Stort, klok: Klok):
    open_, apart = [await opslag.write(stort, ttl_ms=LANG) for _ in range(2)]

    def verzin(conn: sa.Connection) -> None:
        for bericht_id in (open_, apart):  # a bericht that was offered again after it had arrived
            logboek.set_status(conn, bericht_id, Status.WORDT_AANGEBODEN)
            logboek.set_status(conn, bericht_id, Status.BEZORGD)
        a = schema.aflevering
        conn.execute(sa.update(a).where(a.c.bericht_id == apart).values(open=False, quarantaine_op=1))

    await opslag.write(verzin)
    klok.verschuiving_ms += 5000 * DAG_MS
    assert await ruim_op(opslag) == Opgeschoond(0, 0)
    assert await over(opslag, schema.payload) == 2


async def test_a_payload_in_the_dossier_stays_as_long_as_rules_need_it_and_goes_with_its_lines(
    opslag: Opslag, stort: Stort, klok: Klok
):
    (bericht,) = await bewaar_bezorgd(opslag, stort)
    regel = {"bericht_id": bericht, "sleutel_id": "s", "soort": "toewijzing", "kenmerk": b"k" * 16}
    await opslag.write(lambda conn: conn.execute(sa.insert(schema.dossier), [regel, regel]).rowcount)
    klok.verschuiving_ms += 99 * DAG_MS
    assert await ruim_op(opslag) == Opgeschoond(0, 0)
    klok.verschuiving_ms += 2 * DAG_MS
    assert await ruim_op(opslag) == Opgeschoond(1, 0)
    assert (await over(opslag, schema.dossier), await over(opslag, schema.bericht)) == (0, 1)


async def test_more_than_a_page_goes_in_small_transactions_past_what_stays(opslag: Opslag, stort: Stort, klok: Klok):
    blijft = await opslag.write(stort, "99010009", ttl_ms=LANG)
    await bewaar_bezorgd(opslag, stort, 250)
    klok.verschuiving_ms += 5000 * DAG_MS
    stap = await opslag.write(bewaring.remove_contents, TERMIJNEN, BEGIN)
    assert stap.verwijderd <= 100
    assert stap.verder is not None
    assert await ruim_op(opslag) == Opgeschoond(250 - stap.verwijderd, 250)
    assert await over(opslag, schema.bericht) == await over(opslag, schema.payload) == 1
    assert await opslag.read(content_until, blijft, TERMIJNEN) is None


async def test_a_bericht_with_a_long_history_is_a_transaction_of_its_own(opslag: Opslag, stort: Stort, klok: Klok):
    ids = await bewaar_bezorgd(opslag, stort, 3)
    for bericht in ids:
        await opslag.write(lambda conn, b=bericht: [logboek.record(conn, b, "poging", None, {}) for _ in range(400)])
    klok.verschuiving_ms += 5000 * DAG_MS
    stappen: list[Stap] = []
    plek = BEGIN
    while True:
        stappen.append(await opslag.write(bewaring.remove_berichten, TERMIJNEN, plek))
        if stappen[-1].verder is None:
            break
        plek = stappen[-1].verder
    assert [stap.verwijderd for stap in stappen] == [1, 1, 1]
    assert await over(opslag, schema.gebeurtenis) == 0


async def test_delivery_goes_on_beside_it(opslag: Opslag, stort: Stort, klok: Klok):
    await bewaar_bezorgd(opslag, stort, 3)
    klok.verschuiving_ms += 5000 * DAG_MS
    nieuw = await opslag.write(stort)
    await ruim_op(opslag)
    beurten = await opslag.write_lane(ACHTERAAN, lanes.claim, 5, 5)
    assert [kop.bericht_id for lease in beurten.leases for kop in lease.koppen] == [nieuw]


async def test_what_is_over_for_the_operator_goes_a_year_later_and_what_is_not_stays(
    opslag: Opslag, stort: Stort, klok: Klok
):
    ids = [await opslag.write(stort, ttl_ms=LANG) for _ in range(700)]
    boek = Incidentboek()

    def verzin(conn: sa.Connection) -> None:
        for onderwerp in ("a", "b"):
            boek.open(conn, "ontvanger_onbereikbaar", onderwerp, {})
        boek.close(conn, incident.find(conn)[0].nummer, "proef")
        for nummer, toestand in enumerate(("klaar", "loopt", "gestopt"), 1):
            wie = {"gemaakt_op": 1, "gemaakt_door": "x", "gewijzigd_op": now_ms(conn), "gewijzigd_door": "x"}
            conn.execute(sa.insert(schema.herzending).values(id=nummer, selectie="{}", toestand=toestand, **wie))
            regels = [
                {"herzending_id": nummer, "volgnummer": n, "bericht_id": bericht, "aflevering_id": n}
                for n, bericht in enumerate(ids if nummer == 1 else ids[:1])
            ]
            conn.execute(sa.insert(schema.herzending_bericht), regels)

    await opslag.write(verzin)
    klok.verschuiving_ms += 364 * DAG_MS
    assert await ruim_op(opslag) == Opgeschoond(0, 0, 0)
    klok.verschuiving_ms += 2 * DAG_MS
    assert await ruim_op(opslag) == Opgeschoond(0, 0, 1 + 700 + 1 + 1 + 1)
    assert [i.gesloten_op for i in await opslag.read(incident.find)] == [None]
    h, hb = schema.herzending, schema.herzending_bericht
    assert await opslag.read(lambda conn: conn.execute(sa.select(h.c.toestand)).scalars().all()) == ["loopt"]
    assert (await over(opslag, hb), await over(opslag, schema.bericht)) == (1, 700)

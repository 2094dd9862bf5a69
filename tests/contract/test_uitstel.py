"""What operations of one group keep back for each other, and what each of them finds, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from meeteller import in_one_group
from sqlalchemy import Connection, select

from istandaarden.releases import Openstelling, Stand, Stroom, Uitgave
from istandaarden.schakels import Rol, Schakel, Schakelsoort
from routing import schema, uitstel
from routing.aanhouding import Wacht, who_must_wait
from routing.bericht import Berichtcode, Envelop, Stuurgegevens, Systeem
from routing.invoeging import Invoeging
from routing.ketenbewaking.ketenboek import Ketenboek
from routing.klok import Klok
from routing.kluis import Kluis
from routing.opslag import Opslag

_LANE = Invoeging(schema.lane, "naam", "kanaal", "pending", "tail")
_ENVELOP = Envelop(
    Stuurgegevens(Berichtcode.DI01, Systeem("0363"), Systeem("90000001"), "ref", "20260105120000", functie="WMO301")
)


def _keep(conn: Connection, naam: str) -> list[str]:
    uitstel.insert_later(conn, _LANE, (naam, "push", 0, 0))
    return _names(conn)


def _names(conn: Connection) -> list[str]:
    return list(conn.execute(select(schema.lane.c.naam).order_by(schema.lane.c.naam)).scalars())


async def test_an_operation_of_another_kind_finds_what_was_kept_back(database_url: str, opslag: Opslag) -> None:
    een_schrijver = Opslag(database_url, exclusief=False, schrijvers=1)
    try:
        uitkomsten = await in_one_group(
            een_schrijver,
            [een_schrijver.write(_keep, "a"), een_schrijver.write(_keep, "b"), een_schrijver.write(_names)],
        )
    finally:
        await een_schrijver.close()
    assert uitkomsten == [[], [], ["a", "b"]]
    assert await opslag.read(_names) == ["a", "b"]


@pytest.mark.parametrize(("volgorde", "open_"), [((Rol.RETOUR, Rol.VRAAG), True), ((Rol.VRAAG, Rol.RETOUR), False)])
async def test_an_answer_ends_what_was_asked_before_it_in_its_group(
    opslag: Opslag, kluis: Kluis, stort: Callable[..., str], volgorde: tuple[Rol, Rol], *, open_: bool
) -> None:
    boek = Ketenboek(kluis)

    def store(conn: Connection) -> bool:
        for rol in volgorde:
            schakels = boek.mark([Schakel(Schakelsoort.UITWISSELING, ("0363", "90000001", "301", "1"), rol)])
            boek.store(conn, stort(conn), _ENVELOP, schakels, None)
        uitstel.settle(conn)
        s = schema.ketenschakel.c
        return conn.execute(select(s.open).where(s.rol == Rol.VRAAG.value)).scalar_one()

    assert await opslag.write(store) is open_


async def test_who_comes_behind_a_held_bericht_of_its_group_waits_too(opslag: Opslag) -> None:
    opening = datetime.now(UTC) + timedelta(hours=1)
    heen, retour = (Uitgave("iwmo", "3.2", stroom, "iWmo") for stroom in (Stroom.HEEN, Stroom.RETOUR))
    dicht = Openstelling(Stand.NOG_DICHT, heen.stroom, opening, None, "nog niet open")
    vragen = [("0363", heen, None), ("0363", heen, dicht), ("0363", retour, None), ("0344", heen, None)]
    vrij, gehouden, erachter, ander = await opslag.write(who_must_wait, vragen)
    assert (vrij, ander) == (None, None)
    assert gehouden == Wacht("0363", heen, "nog niet open", opening)
    assert erachter is not None
    assert (erachter.partij, erachter.tot) == ("0363", None)


async def test_the_clock_of_the_database_is_asked_once_and_counted_on(opslag: Opslag, klok: Klok) -> None:
    eerste = await opslag.moment()
    momenten = await asyncio.gather(*(opslag.moment() for _ in range(5)))
    assert momenten == sorted(momenten)
    assert eerste <= momenten[0]
    klok.verschuiving_ms = 3_600_000
    assert await opslag.moment() - eerste >= timedelta(hours=1)

"""The transition table: closed, and the only way."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import pytest
import sqlalchemy as sa
from sjabloon import make_tables

from routing import logboek, schema
from routing.databank import make_engine, parse_url
from routing.opslag import Opslag
from routing.status import OVERGANGEN, OngeldigeOvergang, Status, check_transition, predecessors


def test_every_status_has_its_row():
    assert set(OVERGANGEN) == set(Status)


def test_ends_are_ends_and_every_status_can_be_reached():
    einde = {van for van, naar in OVERGANGEN.items() if not naar}
    assert einde == {Status.AFGEKEURD, Status.BEZORGD}  # what was not delivered may be offered again
    bereikt, rand = set(), {Status.ONTVANGEN}
    while rand:
        bereikt |= rand
        rand = set().union(*(OVERGANGEN[s] for s in rand)) - bereikt
    assert bereikt == set(Status)


@pytest.mark.parametrize(("van", "naar"), list(itertools.product(Status, Status)))
def test_the_log_follows_the_table(tmp_path_factory: pytest.TempPathFactory, van: Status, naar: Status):
    engine = make_engine(parse_url(f"sqlite:///{tmp_path_factory.mktemp('s')}/x.db"), schrijft=True)
    b = schema.bericht
    with engine.connect() as conn:
        schema.metadata.create_all(conn, tables=[b, schema.gebeurtenis])
        waarden = {kolom.name: "" for kolom in b.c if not kolom.nullable}
        conn.execute(b.insert().values(waarden | {"id": "b1", "status": van.value, "geldend": True, "status_op": 0}))
        if naar in OVERGANGEN[van]:
            check_transition(van, naar)
            assert van in predecessors(naar)
            logboek.set_status(conn, "b1", naar, "proef", {"a": 1})
            rij = conn.execute(sa.select(schema.gebeurtenis)).one()
            assert (rij.soort, rij.status, rij.toelichting) == ("proef", naar.value, '{"a": 1}')
        else:
            with pytest.raises(OngeldigeOvergang, match=f"{van.value!r} kan niet"):
                logboek.set_status(conn, "b1", naar)
            with pytest.raises(OngeldigeOvergang):
                check_transition(van, naar)
            assert conn.execute(sa.select(b.c.status)).scalar() == van.value
        with pytest.raises(LookupError):
            logboek.set_status(conn, "onbekend", naar)
    engine.dispose()


async def test_inside_opslag_a_wrong_change_fails_only_its_own_operation(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/x.db"
    make_tables(url)
    opslag = Opslag(url)
    b, g = schema.bericht, schema.gebeurtenis
    waarden = {kolom.name: "" for kolom in b.c if not kolom.nullable} | {"geldend": True, "status_op": 0}
    waarden |= {"ontvangen_op": 0, "payload_grootte": 0}

    def vul(conn: sa.Connection) -> None:
        conn.execute(
            b.insert(), [waarden | {"id": str(n), "referentienummer": str(n), "status": "Ontvangen"} for n in range(6)]
        )

    def loop(conn: sa.Connection, bericht_id: str, *statussen: Status) -> None:
        for status in statussen:
            logboek.set_status_at_end(conn, bericht_id, status, "proef", {})

    await opslag.write(vul)
    goed = (Status.WORDT_AANGEBODEN, Status.AANBIEDEN_MISLUKT, Status.WORDT_AANGEBODEN, Status.BEZORGD)
    uitkomsten = await asyncio.gather(
        *(opslag.write(loop, str(n), *goed) for n in range(4)),
        opslag.write(loop, "4", Status.BEZORGD),
        opslag.write(loop, "onbekend", Status.BEZORGD),
        opslag.write(loop, "5", *goed[:2]),
        return_exceptions=True,
    )
    assert [type(u) for u in uitkomsten if u is not None] == [OngeldigeOvergang, LookupError]
    statussen = await opslag.read(lambda conn: conn.execute(sa.select(b.c.status).order_by(b.c.id)).scalars().all())
    assert statussen == ["Bezorgd"] * 4 + ["Ontvangen", "Aanbieden mislukt"]
    verhaal = sa.select(g.c.status).where(g.c.bericht_id == "2").order_by(g.c.id)
    assert await opslag.read(lambda conn: conn.execute(verhaal).scalars().all()) == [s.value for s in goed]
    with pytest.raises(OngeldigeOvergang):  # at once, for who wants to know inside his operation
        await opslag.write(logboek.set_status, "2", Status.BEZORGD)
    await opslag.close()

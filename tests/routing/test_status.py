"""The transition table: closed, and the only way."""

from __future__ import annotations

import itertools

import pytest
import sqlalchemy as sa

from routing import logboek, schema
from routing.databank import make_engine, parse_url
from routing.status import OVERGANGEN, OngeldigeOvergang, Status, check_transition, predecessors


def test_every_status_has_its_row():
    assert set(OVERGANGEN) == set(Status)


def test_ends_are_ends_and_every_status_can_be_reached():
    einde = {van for van, naar in OVERGANGEN.items() if not naar}
    assert einde == {Status.AFGEKEURD, Status.BEZORGD, Status.BEZORGING_AFGEBROKEN, Status.VERVALLEN}
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

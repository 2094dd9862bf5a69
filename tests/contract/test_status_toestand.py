"""The transition table under any order of changes: what it does not allow does not happen, alone or in a group."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from routing import lanemutaties, logboek, schema
from routing.databank import make_engine, parse_url
from routing.klok import Klok, attach
from routing.status import OVERGANGEN, OngeldigeOvergang, Status

_STATUSSEN = st.sampled_from(list(Status))


class Statussen(RuleBasedStateMachine):
    """Three berichten whose status is changed at once, or together at the end of a transaction."""

    def __init__(self, engine: sa.Engine, stort: Callable[..., str]) -> None:
        super().__init__()
        self.engine, self._stort = engine, stort
        self.verhaal: dict[str, list[Status]] = {}

    @initialize(beginstand=st.lists(_STATUSSEN, min_size=3, max_size=3))
    def begin(self, beginstand: list[Status]) -> None:
        with self.engine.begin() as conn:
            attach(conn, Klok())
            for status in beginstand:
                self.verhaal[self._stort(conn, status=status.value)] = [status]

    def mag(self, bericht: str, naar: Status) -> bool:
        return naar in OVERGANGEN[self.verhaal[bericht][-1]]

    @rule(welk=st.integers(0, 2), naar=_STATUSSEN)
    def verander(self, welk: int, naar: Status) -> None:
        bericht = list(self.verhaal)[welk]
        if self.mag(bericht, naar):
            with self.engine.begin() as conn:
                logboek.set_status(conn, bericht, naar)
            self.verhaal[bericht].append(naar)
        else:
            with pytest.raises(OngeldigeOvergang), self.engine.begin() as conn:
                logboek.set_status(conn, bericht, naar)

    @rule(stappen=st.lists(st.tuples(st.integers(0, 2), _STATUSSEN), min_size=1, max_size=5))
    def verander_samen(self, stappen: list[tuple[int, Status]]) -> None:
        voor = {bericht: list(verhaal) for bericht, verhaal in self.verhaal.items()}
        goed = True
        for welk, naar in stappen:
            bericht = list(self.verhaal)[welk]
            goed = goed and self.mag(bericht, naar)
            self.verhaal[bericht].append(naar)
        if goed:
            self.voer_uit(stappen)
        else:
            self.verhaal = voor  # one that may not, and none of them happens
            with pytest.raises(OngeldigeOvergang):
                self.voer_uit(stappen)

    def voer_uit(self, stappen: list[tuple[int, Status]]) -> None:
        with self.engine.begin() as conn:
            attach(conn, Klok())
            lanemutaties.collect(conn)
            logboek.collect(conn)
            for welk, naar in stappen:
                logboek.set_status_at_end(conn, list(self.verhaal)[welk], naar, "proef", {})
            logboek.settle(conn)

    @invariant()
    def status_en_verhaal_kloppen(self) -> None:
        b, g = schema.bericht.c, schema.gebeurtenis.c
        with self.engine.begin() as conn:
            for bericht, verhaal in self.verhaal.items():
                assert conn.execute(sa.select(b.status).where(b.id == bericht)).scalar_one() == verhaal[-1]
                gang = conn.execute(sa.select(g.status).where(g.bericht_id == bericht).order_by(g.id)).scalars()
                assert list(gang) == verhaal[1:]


def test_statuses_agree_with_the_table(database_url: str, stort: Callable[..., str]):
    engine = make_engine(parse_url(database_url), schrijft=True)
    run_state_machine_as_test(
        lambda: Statussen(engine, stort),
        settings=settings(
            max_examples=30 if engine.dialect.name == "sqlite" else 6,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
    engine.dispose()

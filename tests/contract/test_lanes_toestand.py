"""Lanes under any order of events, against a model in memory: no loss, order per lane, one holder, right counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test

from routing import lanes, schema
from routing.databank import make_engine, parse_url
from routing.klok import Klok, attach
from routing.lanes import LEASE_MS, Lease
from routing.opslag import upgrade

NAMEN = ("99010001", "99010002", "99010003")


class Lanes(RuleBasedStateMachine):
    """Workers that claim, finish, fail, die and come back late, in any order."""

    leases = Bundle("leases")

    def __init__(self, engine: sa.Engine, stort: Callable[..., str]) -> None:
        super().__init__()
        self.engine, self._stort, self.klok = engine, stort, Klok()
        self.wachtend: dict[str, list[str]] = {naam: [] for naam in NAMEN}
        self.houder: dict[str, tuple[str, int]] = {}  # lane -> token, end
        self.wacht_tot: dict[str, int] = dict.fromkeys(NAMEN, 0)
        with self.transactie() as conn:
            for tabel in (schema.aflevering, schema.lane, schema.gebeurtenis, schema.payload, schema.bericht):
                conn.execute(tabel.delete())

    @contextmanager
    def transactie(self) -> Iterator[sa.Connection]:
        with self.engine.begin() as conn:
            attach(conn, self.klok)
            conn.info["knooppunt.klok"].ms = self.nu  # the model knows the time exactly
            yield conn

    @property
    def nu(self) -> int:
        return 1_000_000_000_000 + self.klok.verschuiving_ms

    def houdt(self, lease: Lease) -> bool:
        token, einde = self.houder.get(lease.lane, ("", 0))
        return token == lease.token and einde > self.nu

    @rule(naam=st.sampled_from(NAMEN), aantal=st.integers(1, 3))
    def erbij(self, naam: str, aantal: int) -> None:
        with self.transactie() as conn:
            self.wachtend[naam] += [self._stort(conn, naam) for _ in range(aantal)]

    @rule(ms=st.sampled_from([1, 1000, LEASE_MS // 2, LEASE_MS + 1, 600_000]))
    def later(self, ms: int) -> None:
        self.klok.verschuiving_ms += ms

    @rule(target=leases, aantal=st.integers(1, 4), koppen=st.integers(1, 3))
    def claim(self, aantal: int, koppen: int) -> object:
        with self.transactie() as conn:
            genomen = lanes.claim(conn, aantal, koppen)
        gereed = {
            naam
            for naam in NAMEN
            if self.wachtend[naam] and self.wacht_tot[naam] <= self.nu and self.houder.get(naam, ("", 0))[1] <= self.nu
        }
        assert {z.lane for z in genomen} <= gereed
        assert len(genomen) == min(aantal, len(gereed))
        for lease in genomen:
            assert lease.gevallen == (lease.lane in self.houder)
            assert [kop.bericht_id for kop in lease.koppen] == self.wachtend[lease.lane][:koppen]
            self.houder[lease.lane] = (lease.token, self.nu + LEASE_MS)
        return multiple(*genomen)

    @rule(lease=leases, welke=st.integers(0, 2), geantwoord=st.none() | st.booleans())
    def sluit(self, *, lease: Lease, welke: int, geantwoord: bool | None) -> None:
        kop = lease.koppen[min(welke, len(lease.koppen) - 1)]
        mag = self.houdt(lease) and kop.bericht_id in self.wachtend[lease.lane]
        with self.transactie() as conn:
            if geantwoord is None:
                assert lanes.complete(conn, lease, kop) is mag
            else:
                assert lanes.give_up(conn, lease, kop, geantwoord=geantwoord) is mag
        if mag:
            self.wachtend[lease.lane].remove(kop.bericht_id)
            self.houder[lease.lane] = (lease.token, self.nu + LEASE_MS)

    @rule(lease=leases, wachten=st.sampled_from([0, 1000, 3_600_000]))
    def mislukt(self, lease: Lease, wachten: int) -> None:
        kop = lease.koppen[0]
        mag = self.houdt(lease) and kop.bericht_id in self.wachtend[lease.lane]
        with self.transactie() as conn:
            assert lanes.retry(conn, lease, kop, 1, wachten) is mag
        if mag:
            self.wacht_tot[lease.lane] = self.nu + wachten
            del self.houder[lease.lane]

    @rule(lease=leases)
    def hartslag(self, lease: Lease) -> None:
        with self.transactie() as conn:
            assert lanes.heartbeat(conn, lease) is self.houdt(lease)
        if self.houdt(lease):
            self.houder[lease.lane] = (lease.token, self.nu + LEASE_MS)

    @rule(lease=leases)
    def geef_terug(self, lease: Lease) -> None:
        mag = self.houder.get(lease.lane, ("", 0))[0] == lease.token
        with self.transactie() as conn:
            assert lanes.release(conn, lease) is mag
        if mag:
            del self.houder[lease.lane]

    @invariant()
    def rijen_en_tellers_kloppen(self) -> None:
        a, lane = schema.aflevering.c, schema.lane.c
        with self.transactie() as conn:
            open_ = conn.execute(sa.select(a.lane, a.bericht_id).where(a.open).order_by(a.lane, a.seq)).all()
            tellers = dict(conn.execute(sa.select(lane.naam, lane.pending)).all())
        assert [tuple(rij) for rij in open_] == [(naam, i) for naam in NAMEN for i in self.wachtend[naam]]
        assert {naam: n for naam, n in tellers.items() if n} == {n: len(w) for n, w in self.wachtend.items() if w}


def test_lanes_agree_with_the_model(database_url: str, stort: Callable[..., str]):
    upgrade(database_url)
    engine = make_engine(parse_url(database_url), schrijft=True)
    snel = engine.dialect.name == "sqlite"
    run_state_machine_as_test(
        lambda: Lanes(engine, stort),
        settings=settings(
            max_examples=30 if snel else 8,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
    engine.dispose()

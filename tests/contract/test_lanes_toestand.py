"""Lanes under any order of events, against a model in memory: no loss, order per lane, one holder, right counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test
from leeglog import empty_log

from routing import lanebeheer, lanes, quarantaine, schema, termijn
from routing.databank import make_engine, parse_url
from routing.klok import Klok, attach
from routing.lanes import LEASE_MS, QUARANTAINE, Lease, Vervolg

NAMEN = ("99010001", "99010002", "99010003")
LANG_MS = 400_000_000


@dataclass
class Rij:
    """What the model knows of a lane."""

    wachtend: list[str] = field(default_factory=list)
    apart: list[str] = field(default_factory=list)
    onderweg: set[str] = field(default_factory=set)
    """Marked; only a wide lease marks."""
    token: str | None = None
    einde: int = 0
    breed: bool = False
    wacht_tot: int = 0
    mislukt: int = 0
    onderbroken: bool = False
    gepauzeerd: bool = False
    pauze_tot: int | None = None


class Lanes(RuleBasedStateMachine):
    """Workers that claim, finish, fail, die and come back late, and operators that interfere, in any order."""

    leases = Bundle("leases")

    def __init__(self, engine: sa.Engine, stort: Callable[..., str]) -> None:
        super().__init__()
        self.engine, self._stort, self.klok = engine, stort, Klok()
        self.rij = {naam: Rij() for naam in NAMEN}
        self.crashes: dict[str, int] = {}
        self.verloopt: dict[str, int] = {}
        with self.transactie() as conn:
            empty_log(conn)

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
        return self.rij[lease.lane].token == lease.token

    def staat_stil(self, rij: Rij) -> bool:
        return rij.gepauzeerd and (rij.pauze_tot is None or rij.pauze_tot > self.nu)

    def vervolg(self, rij: Rij) -> Vervolg:
        return Vervolg.PAUZE if self.staat_stil(rij) else Vervolg.DOOR

    @rule(naam=st.sampled_from(NAMEN), aantal=st.integers(1, 3), ttl=st.sampled_from([300_000, LANG_MS]))
    def erbij(self, naam: str, aantal: int, ttl: int) -> None:
        with self.transactie() as conn:
            nieuw = [self._stort(conn, naam, ttl_ms=ttl) for _ in range(aantal)]
        self.rij[naam].wachtend += nieuw
        self.crashes.update(dict.fromkeys(nieuw, 0))
        self.verloopt.update(dict.fromkeys(nieuw, self.nu + ttl))

    @rule(ms=st.sampled_from([1, 1000, LEASE_MS // 2, LEASE_MS + 1, LEASE_MS + 1, 600_000]))
    def later(self, ms: int) -> None:
        self.klok.verschuiving_ms += ms

    @rule(target=leases, aantal=st.integers(1, 4), koppen=st.integers(1, 4), breedte=st.integers(1, 3))
    def claim(self, aantal: int, koppen: int, breedte: int) -> object:
        gereed = {
            naam
            for naam, rij in self.rij.items()
            if rij.wachtend and rij.wacht_tot <= self.nu and rij.einde <= self.nu and not self.staat_stil(rij)
        }
        with self.transactie() as conn:
            beurten = lanes.claim(conn, aantal, koppen, lambda _lane: breedte)
        waar = {bericht: naam for naam, rij in self.rij.items() for bericht in rij.wachtend}
        per_lane = {lease.lane: lease for lease in beurten.leases}
        gezien = set(per_lane) | {waar[kop.bericht_id] for kop in beurten.gevallen}
        assert gezien <= gereed
        assert len(gezien) == min(aantal, len(gereed))
        gevallen = {kop.bericht_id for kop in beurten.gevallen}
        assert gevallen == {bericht for naam in gezien for bericht in self.neem(naam, koppen, breedte, per_lane)}
        return multiple(*beurten.leases)

    def neem(self, naam: str, koppen: int, breedte: int, leases: dict[str, Lease]) -> list[str]:
        """Do in the model what a claim does to one lane; return what had fallen."""
        rij = self.rij[naam]
        vooraan = rij.wachtend[:koppen]
        gevallen: list[str] = []
        if rij.token is not None:
            gevallen = [b for b in vooraan if b in rij.onderweg] if rij.breed else vooraan[:1]
        for bericht in gevallen:
            self.crashes[bericht] += 1
            rij.onderweg.discard(bericht)
            if self.crashes[bericht] >= QUARANTAINE:
                rij.wachtend.remove(bericht)
                rij.apart.append(bericht)
        heel = [b for b in vooraan if b not in rij.apart]
        if not heel:
            assert naam not in leases
            rij.token, rij.einde = None, 0
            return gevallen
        samen = heel[:1]
        if not rij.onderbroken and not self.crashes[heel[0]]:
            samen = list(takewhile(lambda b: not self.crashes[b], heel))
        lease = leases[naam]
        breed = min(breedte, len(samen))
        assert [kop.bericht_id for kop in lease.koppen] == samen
        assert (lease.breedte, lease.proef, lease.failures) == (breed, rij.onderbroken, rij.mislukt)
        assert [kop.vervallen for kop in lease.koppen] == [self.verloopt[b] <= self.nu for b in samen]
        rij.token, rij.einde, rij.breed = lease.token, self.nu + LEASE_MS, breed > 1
        rij.onderweg |= set(samen[:breed]) if breed > 1 else set()
        return gevallen

    @rule(lease=leases, welke=st.integers(0, 3), hoe=st.sampled_from(["bezorgd", "geweigerd", "vervallen"]))
    def sluit(self, *, lease: Lease, welke: int, hoe: str) -> None:
        kop, rij = lease.koppen[min(welke, len(lease.koppen) - 1)], self.rij[lease.lane]
        mag = self.houdt(lease) and kop.bericht_id in rij.wachtend
        verwacht = self.vervolg(rij) if mag else Vervolg.VERLOREN
        with self.transactie() as conn:
            if hoe == "bezorgd":
                assert lanes.complete(conn, lease, kop) is verwacht
            else:
                assert lanes.give_up(conn, lease, kop, geantwoord=hoe == "geweigerd") is verwacht
        if mag:
            rij.wachtend.remove(kop.bericht_id)
            rij.onderweg.discard(kop.bericht_id)
            rij.einde = self.nu + LEASE_MS
            if hoe != "vervallen":
                rij.mislukt, rij.onderbroken = 0, False

    @rule(
        lease=leases,
        welke=st.integers(0, 3),
        wachten=st.sampled_from([0, 1000, 3_600_000]),
        breuk=st.sampled_from([None, "weg"]),
        geef_terug=st.booleans(),
    )
    def mislukt(self, *, lease: Lease, welke: int, wachten: int, breuk: str | None, geef_terug: bool) -> None:
        kop, rij = lease.koppen[min(welke, len(lease.koppen) - 1)], self.rij[lease.lane]
        mag = self.houdt(lease) and kop.bericht_id in rij.wachtend
        with self.transactie() as conn:
            keer = rij.mislukt + 1
            assert lanes.retry(conn, lease, kop, keer, wachten, breuk=breuk, geef_terug=geef_terug) is mag
        if mag:
            rij.wacht_tot = max(rij.wacht_tot, self.nu + wachten)
            rij.mislukt, rij.onderbroken = keer, rij.onderbroken or breuk is not None
            rij.onderweg.discard(kop.bericht_id)
            rij.einde = self.nu + LEASE_MS
            if geef_terug:
                rij.token, rij.einde = None, 0

    @rule(lease=leases, welke=st.integers(0, 3))
    def volgende_onderweg(self, lease: Lease, welke: int) -> None:
        kop, rij = lease.koppen[min(welke, len(lease.koppen) - 1)], self.rij[lease.lane]
        if lease.breedte > 1 and self.houdt(lease) and kop.bericht_id in rij.wachtend:  # else nobody asks it
            with self.transactie() as conn:
                lanes.mark(conn, kop)
            rij.onderweg.add(kop.bericht_id)

    @rule(lease=leases, welke=st.integers(0, 3))
    def toch_niet_onderweg(self, lease: Lease, welke: int) -> None:
        kop, rij = lease.koppen[min(welke, len(lease.koppen) - 1)], self.rij[lease.lane]
        with self.transactie() as conn:
            assert lanes.unmark(conn, lease, kop) is self.houdt(lease)
        if self.houdt(lease):
            rij.onderweg.discard(kop.bericht_id)
            rij.einde = self.nu + LEASE_MS

    @rule(lease=leases)
    def hartslag(self, lease: Lease) -> None:
        with self.transactie() as conn:
            assert lanes.heartbeat(conn, lease) is self.houdt(lease)
        if self.houdt(lease):
            self.rij[lease.lane].einde = self.nu + LEASE_MS

    @rule(lease=leases, wachten=st.sampled_from([0, 0, 1000]))
    def geef_terug(self, lease: Lease, wachten: int) -> None:
        rij = self.rij[lease.lane]
        nog = {kop.bericht_id for kop in lease.koppen} & rij.onderweg & set(rij.wachtend)
        mag = self.houdt(lease) and not (lease.breedte > 1 and nog)
        with self.transactie() as conn:
            assert lanes.release(conn, lease, wachten) is mag
        if mag:
            rij.token, rij.einde, rij.wacht_tot = None, 0, max(rij.wacht_tot, self.nu + wachten)

    @rule(naam=st.sampled_from(NAMEN), duur=st.sampled_from([None, 1000, 600_000]))
    def pauzeer(self, naam: str, duur: int | None) -> None:
        tot = None if duur is None else self.nu + duur
        with self.transactie() as conn:
            lanebeheer.pause(conn, naam, "an", "storing", tot)
        self.rij[naam].gepauzeerd, self.rij[naam].pauze_tot = True, tot

    @rule(naam=st.sampled_from(NAMEN))
    def hervat(self, naam: str) -> None:
        with self.transactie() as conn:
            assert lanebeheer.resume(conn, naam) is self.rij[naam].gepauzeerd
        self.rij[naam].gepauzeerd = False

    @rule(naam=st.sampled_from(NAMEN))
    def geef_vrij_uit_quarantaine(self, naam: str) -> None:
        rij = self.rij[naam]
        if rij.apart:
            bericht = rij.apart.pop(0)
            with self.transactie() as conn:
                quarantaine.release(conn, bericht, "an")
            rij.wachtend.append(bericht)
            self.crashes[bericht] = 0

    @rule(naam=st.sampled_from(NAMEN))
    def verval(self, naam: str) -> None:
        rij = self.rij[naam]
        weg = [b for b in rij.wachtend if self.verloopt[b] <= self.nu] if rij.einde <= self.nu else []
        with self.transactie() as conn:
            assert [v.bericht_id for v in termijn.expire(conn, naam, 100)] == weg
        if rij.token is not None and not rij.breed and rij.wachtend[:1] and rij.wachtend[0] in weg:
            rij.token, rij.einde = None, 0  # who was on his way takes the crash along
        rij.wachtend = [b for b in rij.wachtend if b not in weg]
        rij.onderweg -= set(weg)

    @rule()
    def verval_apart(self) -> None:
        weg = {b for rij in self.rij.values() for b in rij.apart if self.verloopt[b] <= self.nu}
        with self.transactie() as conn:
            assert {v.bericht_id for v in termijn.expire_quarantined(conn, 100)} == weg
        for rij in self.rij.values():
            rij.apart = [b for b in rij.apart if b not in weg]

    @invariant()
    def rijen_en_tellers_kloppen(self) -> None:
        a, lane = schema.aflevering.c, schema.lane.c
        with self.transactie() as conn:
            keuze = sa.select(a.lane, a.bericht_id, a.crashes, a.offered).where(a.open).order_by(a.lane, a.seq)
            open_ = [tuple(rij) for rij in conn.execute(keuze)]
            apart = sa.select(a.lane, a.bericht_id).where(a.quarantaine_op.is_not(None), ~a.open)
            gevallen = {tuple(rij) for rij in conn.execute(apart)}
            standen = sa.select(lane.naam, lane.pending, lane.failures, lane.breaker_since.is_not(None))
            tellers = {rij[0]: tuple(rij)[1:] for rij in conn.execute(standen)}
        assert open_ == [
            (naam, b, self.crashes[b], b in rij.onderweg) for naam, rij in self.rij.items() for b in rij.wachtend
        ]
        assert gevallen == {(naam, b) for naam, rij in self.rij.items() for b in rij.apart}
        for naam, stand in tellers.items():
            rij = self.rij[naam]
            assert stand == (len(rij.wachtend), rij.mislukt, rij.onderbroken)


def test_lanes_agree_with_the_model(database_url: str, stort: Callable[..., str]):
    engine = make_engine(parse_url(database_url), schrijft=True)
    snel = engine.dialect.name == "sqlite"
    run_state_machine_as_test(
        lambda: Lanes(engine, stort),
        settings=settings(
            max_examples=30 if snel else 6,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
    engine.dispose()

"""A bericht under any order of events, against a model in memory: duplicates, delivery, terms and resends.

The model knows what the intake must answer and which status follows; the history of each bericht must be a walk over
the transition table. Lanes have a machine of their own in `test_lanes_toestand.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from leeglog import empty_log
from veldproef import bericht

from knooppunt.simulatie.opstellen import compose_envelop
from routing import afhaal, bezorging, herzending, lanes, registerimport, schema
from routing.bericht import Aanlevering, Envelop, Identiteit
from routing.bezorging import Stap
from routing.foutbericht import Foutmelder
from routing.fouten import make_fout
from routing.intake import Intake
from routing.klok import Klok
from routing.kluis import Kluis
from routing.lanes import Lease, Vervolg
from routing.opslag import ACHTERAAN, Opslag
from routing.payload import Payload
from routing.poorten import Ontvangst, Ontvangstsoort, Uitkomst, Uitkomstsoort
from routing.register import RegisterBron
from routing.status import OVERGANGEN, Status
from routing.toetsing import Toetser
from routing.vastlegging import Termijnen

_GEMEENTE, _PUSH, _PULL = "0363", "90000001", "90000002"
_CERT = Identiteit("1" * 20, "aa" * 32)
_TERMIJN_MS = 3_600_000
_REGISTER = f"""
[[partij]]
code = "{_GEMEENTE}"
kanaal = "pull"
protocol = "vsp"
identiteiten = ["oin:{_CERT.oin}"]
mag_zenden = ["WMO*"]
mag_ontvangen = ["WMO*"]
[[partij]]
code = "{_PUSH}"
naam = "Push"
url = "https://127.0.0.1:1/"
identiteiten = ["oin:{"2" * 20}"]
mag_ontvangen = ["WMO*"]
[[partij]]
code = "{_PULL}"
naam = "Pull"
kanaal = "pull"
protocol = "vsp"
identiteiten = ["oin:{"3" * 20}"]
mag_ontvangen = ["WMO*"]
"""
_BEGIN = {_PUSH: Status.WORDT_VERWERKT, _PULL: Status.WORDT_AANGEBODEN}
_TERMIJNEN = Termijnen(push=_TERMIJN_MS, pull=_TERMIJN_MS)
INHOUD = {
    naar: {"een": bericht(1, naar), "twee": bericht(2, naar), "kapot": b"<kapot", "ook kapot": b"<ook kapot"}
    for naar in (_PUSH, _PULL)
}


@dataclass
class Model:
    """What should be known of one referentienummer."""

    envelop: Envelop
    naar: str
    inhoud: str
    status: Status
    bon: Ontvangst
    verloopt: int = 0


class Berichten(RuleBasedStateMachine):
    """A sender that repeats itself, workers, a pull partij, time and an operator."""

    def __init__(self, url: str, kluis: Kluis) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.klok = Klok()
        self.opslag = Opslag(url, klok=self.klok)
        bron = RegisterBron()
        self.melder = Foutmelder(kluis, bron, _TERMIJNEN)
        self.intake = Intake(self.opslag, self.melder, Toetser(), lambda _lane: None)
        self.model: dict[str, Model] = {}
        self.leases: list[Lease] = []
        self.do(self.opslag.write(empty_log))
        self.do(self.opslag.write(registerimport.store, registerimport.parse_toml(_REGISTER)))
        self.do(bron.refresh(self.opslag))

    def do(self, wat: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(wat)

    def teardown(self) -> None:
        self.do(self.opslag.close())
        self.runner.close()

    def accept(self, envelop: Envelop, naar: str, inhoud: str) -> Ontvangst:
        return self.do(self.intake.accept(Aanlevering(envelop, Payload(INHOUD[naar][inhoud]), _CERT, "stuf")))

    def after_intake(self, inhoud: str, naar: str) -> Status:
        return Status.AFGEKEURD if "kapot" in inhoud else _BEGIN[naar]

    @rule(naar=st.sampled_from([_PUSH, _PULL]), inhoud=st.sampled_from(sorted(INHOUD[_PUSH])))
    def new(self, naar: str, inhoud: str) -> None:
        envelop = compose_envelop(van=_GEMEENTE, naar=naar, functie="WMO319")
        bon = self.accept(envelop, naar, inhoud)
        assert bon.soort is Ontvangstsoort.AANGENOMEN
        ref = envelop.stuurgegevens.referentienummer
        self.model[ref] = Model(envelop, naar, inhoud, self.after_intake(inhoud, naar), bon)
        self.model[ref].verloopt = self.klok.verschuiving_ms + _TERMIJN_MS

    @precondition(lambda self: self.model)
    @rule(data=st.data(), inhoud=st.sampled_from(sorted(INHOUD[_PUSH])))
    def again(self, data: st.DataObject, inhoud: str) -> None:
        m = self.model[data.draw(st.sampled_from(sorted(self.model)))]
        bon = self.accept(m.envelop, m.naar, inhoud)
        if m.inhoud == inhoud:
            assert (bon.soort, bon.referentienummer, bon.bericht_id) == (
                Ontvangstsoort.HERHAALD,
                m.bon.referentienummer,
                m.bon.bericht_id,
            )
        elif m.status is Status.AFGEKEURD:
            assert bon.soort is Ontvangstsoort.AANGENOMEN
            m.inhoud, m.status, m.bon = inhoud, self.after_intake(inhoud, m.naar), bon
            m.verloopt = self.klok.verschuiving_ms + _TERMIJN_MS
        else:
            assert bon.soort is Ontvangstsoort.GEWEIGERD

    @rule()
    def claim(self) -> None:
        for lease in self.do(self.opslag.write_lane(ACHTERAAN, bezorging.claim, 4, 4)):
            self.leases.append(lease)
            if lease.koppen[0].crashes < bezorging.QUARANTAINE:
                self._of(lease.koppen[0].bericht_id).status = Status.WORDT_AANGEBODEN

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), soort=st.sampled_from(list(Uitkomstsoort)))
    def settle(self, data: st.DataObject, soort: Uitkomstsoort) -> None:
        lease = self.leases.pop(data.draw(st.integers(0, len(self.leases) - 1)))
        kop = lease.koppen[0]
        uitkomst = Uitkomst(soort, "proef")
        fout = make_fout("geweigerd_door_ontvanger", "B", "proef") if soort is Uitkomstsoort.BLIJVEND else None
        stap = Stap(lease, kop, uitkomst, None, mislukt=1, fout=fout)
        (vervolg,) = self.do(self.opslag.write_lane(lease.lane, bezorging.settle, [stap], self.melder.report_failure))
        if vervolg is not Vervolg.VERLOREN:
            self._of(kop.bericht_id).status = {
                Uitkomstsoort.BEZORGD: Status.BEZORGD,
                Uitkomstsoort.TIJDELIJK: Status.AANBIEDEN_MISLUKT,
                Uitkomstsoort.BLIJVEND: Status.BEZORGING_AFGEBROKEN,
                Uitkomstsoort.VERVALLEN: Status.VERVALLEN,
            }[soort]

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def collect(self, data: st.DataObject) -> None:
        ref = data.draw(st.sampled_from(sorted(self.model)))
        m = self.model[ref]
        wacht = m.naar == _PULL and m.status is Status.WORDT_AANGEBODEN
        assert self.do(self.opslag.write(afhaal._confirm, {_PULL}, ref)) is wacht
        if wacht:
            m.status = Status.BEZORGD

    @rule(ms=st.sampled_from([1000, lanes.LEASE_MS + 1, _TERMIJN_MS // 2]))
    def later(self, ms: int) -> None:
        self.klok.verschuiving_ms += ms

    @rule()
    def expire(self) -> None:
        for lane in (_PUSH, _PULL):
            for m in self._expired(lane):
                m.status = Status.VERVALLEN

    def _expired(self, lane: str) -> list[Model]:
        """Let maintenance pass over a lane; returns those whose term had passed, if nobody held the lane."""
        aantal = self.do(
            self.opslag.write_lane(lane, bezorging.expire, lane, 100, lambda _zender: "B", self.melder.report_failure)
        )
        open_ = {Status.WORDT_VERWERKT, Status.WORDT_AANGEBODEN, Status.AANBIEDEN_MISLUKT}
        vervallen = [
            m
            for m in self.model.values()
            if m.naar == lane and m.status in open_ and self._status(m) is Status.VERVALLEN
        ]
        assert aantal == len(vervallen)
        assert all(m.verloopt <= self.klok.verschuiving_ms + 60_000 for m in vervallen)
        return vervallen

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def resend(self, data: st.DataObject) -> None:
        m = self.model[data.draw(st.sampled_from(sorted(self.model)))]
        mag = m.status in {Status.BEZORGING_AFGEBROKEN, Status.VERVALLEN}
        wie = (m.bon.bericht_id, _TERMIJNEN, "proef")
        if mag:
            m.status = self.do(self.opslag.write(herzending.resend, *wie))
            m.verloopt = self.klok.verschuiving_ms + _TERMIJN_MS
        else:
            with pytest.raises(herzending.NietMogelijk):
                self.do(self.opslag.write(herzending.resend, *wie))

    def _of(self, bericht_id: str) -> Model:
        return next(m for m in self.model.values() if m.bon.bericht_id == bericht_id)

    def _status(self, m: Model) -> Status:
        b = schema.bericht.c
        keuze = sa.select(b.status).where(b.id == m.bon.bericht_id)
        return Status(self.do(self.opslag.read(lambda conn: conn.execute(keuze).scalar_one())))

    @invariant()
    def log_agrees_with_model(self) -> None:
        b, a = schema.bericht.c, schema.aflevering.c

        def look(conn: sa.Connection) -> tuple[dict[str, str], list[tuple[str, int]]]:
            geldend = conn.execute(sa.select(b.referentienummer, b.status).where(b.geldend, b.zender == _GEMEENTE))
            open_ = conn.execute(sa.select(a.bericht_id, sa.func.count()).where(a.open).group_by(a.bericht_id))
            return {r.referentienummer: r.status for r in geldend}, [tuple(r) for r in open_]

        statussen, open_ = self.do(self.opslag.read(look))
        assert statussen == {ref: m.status.value for ref, m in self.model.items()}
        assert all(aantal == 1 for _, aantal in open_)  # never two deliveries of one bericht at once
        eigen = {m.bon.bericht_id: m for m in self.model.values()}
        klaar = {Status.AFGEKEURD, Status.BEZORGD, Status.BEZORGING_AFGEBROKEN, Status.VERVALLEN}
        met_aflevering = {bericht_id for bericht_id, _ in open_ if bericht_id in eigen}
        assert met_aflevering == {bericht_id for bericht_id, m in eigen.items() if m.status not in klaar}

    @invariant()
    def history_walks_over_the_table(self) -> None:
        g = schema.gebeurtenis.c
        keuze = sa.select(g.bericht_id, g.status).where(g.status.is_not(None)).order_by(g.id)
        laatste: dict[str, Status] = {}
        for bericht_id, status in self.do(self.opslag.read(lambda conn: conn.execute(keuze).all())):
            naar, van = Status(status), laatste.get(bericht_id)
            assert van is None or naar in OVERGANGEN[van], f"{van} -> {naar}"
            laatste[bericht_id] = naar


@pytest.mark.timeout(240)
def test_a_bericht_agrees_with_the_model(database_url: str, tmp_path: Path):
    kluis = Kluis.create(tmp_path / "sleutels")
    run_state_machine_as_test(
        lambda: Berichten(database_url, kluis),
        settings=settings(
            max_examples=15 if database_url.startswith("sqlite") else 5,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            derandomize=True,  # the same walks each time; the seed may be varied to look for others
        ),
    )
